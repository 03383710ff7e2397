"""What may be wrong with a door unit, found before somebody stands before it: `onelook doctor`.

Nothing here moves the lock or takes a line away from the door that runs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from edge.config import Config
from edge.contract.errors import OnelookError


class State(StrEnum):
    """unknown: this machine does not tell, or not to this user."""

    OK = "ok"
    PROBLEM = "problem"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Finding:
    """What a check found. fix: what to do, in one line; empty if there is nothing to do."""

    name: str
    state: State
    said: str
    fix: str = ""


Check = Callable[[Config], Finding]


def examine(config: Config) -> Iterator[Finding]:
    """One finding per check, in the order in which an owner would mend them."""
    from edge.doctor import inputs, machine, unit

    for check in (*machine.CHECKS, *unit.CHECKS, *inputs.CHECKS):
        try:
            yield check(config)
        except OnelookError as e:
            yield Finding(_name(check), State.PROBLEM, e.what, e.remedy)
        except OSError as e:
            where = f"{e.filename}: " if e.filename else ""
            yield Finding(_name(check), State.UNKNOWN, f"{where}{e.strerror}", "Try again as root.")


def _name(check: Check) -> str:
    return check.__name__.replace("_", " ")
