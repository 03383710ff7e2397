"""What the owner may tell a door that runs, and what it answers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from edge import journal
from edge.clock import boottime
from edge.contract.errors import UsageError
from edge.core import machine
from edge.core.machine import Phase
from edge.door.press import row_of
from edge.store.events import Counter, EventStore

MODES = ("normal", "closed", "shadow")
LONGEST_S = 10.0  # whatever opens the lock, opens it for no longer


class Door(Protocol):
    """What a command needs of the loop."""

    events: EventStore
    state: machine.State

    def feed(self, event: machine.Event) -> None: ...
    def set_mode(self, mode: str | None) -> str: ...
    def described(self) -> dict[str, Any]: ...


def obey(door: Door, request: Mapping[str, Any]) -> dict[str, Any]:
    """Do what the request says.

    Raises:
        OnelookError: it cannot be done. ValueError, KeyError, TypeError: it is no request.
    """
    said = {"who": str(request.get("who", "")), "because": str(request.get("because", ""))}
    now = boottime()
    match request["do"]:
        case "status":
            return door.described()
        case "unlock":
            seconds = float(request["seconds"])
            if not 0.2 <= seconds <= LONGEST_S:
                raise UsageError(f"{seconds:g} s is no pulse.", remedy="Give 200ms to 10s.")
            door.feed(machine.Unlock(now, seconds, **said))
            return {"seconds": seconds, "opened": _opens(door.state, now + seconds)}
        case "lock":
            door.feed(machine.Lock(now, **said))
            return {}
        case "mode":
            return {"mode": _mode(door, request.get("mode"), said, now)}
        case "clear-lockout":
            return {"failures": _clear(door, said, now)}
    raise ValueError(f"no command {request['do']!r}")


def _opens(state: machine.State, until: float) -> bool:
    """Whether the pulse was given: a disk or a line that fails shuts the lock at once."""
    return state.phase is Phase.VERIFYING or (state.phase, state.until) == (Phase.UNLOCKED, until)


def _mode(door: Door, mode: object, said: Mapping[str, str], now: float) -> str:
    if mode is not None and mode not in MODES:
        raise UsageError(f"no mode {mode!r}.", remedy=f"There are {', '.join(MODES)}.")
    chosen = None if mode is None else str(mode)
    row = {**row_of("system", "mode_changed", now), **said, "to": chosen or "as configured"}
    seq = door.events.set_mode(chosen, row)
    effective = door.set_mode(chosen)
    journal.write("mode_changed", priority=journal.NOTICE, seq=seq, to=effective)
    return effective


def _clear(door: Door, said: Mapping[str, str], now: float) -> int:
    before = door.events.counter()
    row = {**row_of("system", "lockout_cleared", now), **said, "failures": before.failures}
    seq = door.events.record(row, counter=Counter(0, before.boot_id, now))
    journal.write("lockout_cleared", priority=journal.NOTICE, seq=seq, failures=before.failures)
    return before.failures
