"""What a board really does, measured: `onelook pi-selftest`.

Everywhere else the project can only project what a Raspberry Pi will do. Every measurement has a
row on every machine; what cannot be taken on this one says why, and how to get it.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from edge.contract.errors import OnelookError

# (what is done, how much of it is done, how much there is): from time to time, for who waits.
Tell = Callable[[str, int, int], None]


class State(StrEnum):
    """problem: measured, and not as the door needs it. unknown: this machine does not tell.

    not measured: the owner did not ask for it, because it opens the lock.
    """

    MEASURED = "measured"
    PROBLEM = "problem"
    UNKNOWN = "unknown"
    NOT_MEASURED = "not measured"


@dataclass(frozen=True)
class Spread:
    """Of n values: the least, the one that 95 % do not exceed, the most."""

    least: float
    p95: float
    most: float
    n: int


@dataclass(frozen=True)
class Measurement:
    """One row. value: of a spread the median. said: a remark. fix: what to do, in one line."""

    group: str
    name: str
    state: State
    value: float | int | str | None = None
    unit: str = ""
    spread: Spread | None = None
    said: str = ""
    fix: str = ""


@dataclass(frozen=True)
class Part:
    """Measurements that are taken together, as `take` yields them.

    names: of all its rows, in order; what `take` leaves out is unknown.
    """

    group: str
    names: tuple[str, ...]
    take: Callable[[], Iterator[Measurement]]


def measured(
    group: str, name: str, value: float | str, unit: str = "", said: str = ""
) -> Measurement:
    """A row of one value."""
    return Measurement(group, name, State.MEASURED, value, unit, said=said)


def spread(
    group: str, name: str, values: Sequence[float], unit: str, said: str = ""
) -> Measurement:
    """A row of at least one value, by nearest rank: its 95 % is one of the values."""
    ranked = sorted(values)
    p95 = ranked[math.ceil(0.95 * len(ranked)) - 1]
    of = Spread(ranked[0], p95, ranked[-1], len(ranked))
    return Measurement(group, name, State.MEASURED, statistics.median(ranked), unit, of, said)


def unknown(group: str, name: str, why: str, fix: str) -> Measurement:
    """A row that this machine leaves empty."""
    return Measurement(group, name, State.UNKNOWN, said=why, fix=fix)


def carried_out(part: Part) -> Iterator[Measurement]:
    """A row for each of the part's names, in their order, whatever fails in between."""
    rows = {}
    why, fix = "this machine does not tell", "Run it on a Raspberry Pi."
    try:
        for row in part.take():
            rows[row.name] = row
    except OnelookError as e:
        why, fix = " ".join(filter(None, (e.what, e.why))), e.remedy
    except OSError as e:
        where = f"{e.filename}: " if e.filename else ""
        why, fix = f"{where}{e.strerror or e}", "Try again as root."
    for name in part.names:
        yield rows.get(name) or unknown(part.group, name, why, fix)
