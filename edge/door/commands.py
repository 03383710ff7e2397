"""What the owner may tell a door that runs, and what it answers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from edge import journal
from edge.clock import boottime
from edge.contract.errors import UnavailableError, UsageError
from edge.core import machine, moves
from edge.core.machine import Phase
from edge.door.door import Door
from edge.door.press import row_of
from edge.door.sitting import LONGEST_S, MOST_FRAMES, Later
from edge.store.events import Counter

MODES = ("normal", "closed", "shadow")
LONGEST_PULSE_S = 10.0  # whatever opens the lock, opens it for no longer

_Request = Mapping[str, Any]
_Said = Mapping[str, str]  # who, because


def obey(door: Door, request: _Request) -> Mapping[str, Any] | Later:
    """Do what the request says.

    Raises:
        OnelookError: it cannot be done. ValueError, KeyError, TypeError: it is no request.
    """
    return _COMMANDS[request["do"]](door, request, said_by(request))


def said_by(request: _Request) -> dict[str, str]:
    """Who said it, and why: for the record."""
    return {key: str(request.get(key, "")) for key in ("who", "because")}


def record(
    door: Door, word: str, fields: Mapping[str, object], counter: Counter | None = None
) -> None:
    """That the owner said so. Raises: StorageError: it is not in the log."""
    seq = door.events.record({**row_of("system", word, boottime()), **fields}, counter=counter)
    told = {key: value for key, value in fields.items() if isinstance(value, int)}
    journal.write(word, priority=journal.NOTICE, seq=seq, **told)


def _status(door: Door, _request: _Request, _said: _Said) -> dict[str, Any]:
    return door.described()


def _unlock(door: Door, request: _Request, said: _Said) -> dict[str, Any]:
    seconds, now = float(request["seconds"]), boottime()
    if not 0.2 <= seconds <= LONGEST_PULSE_S:
        raise UsageError(f"{seconds:g} s is no pulse.", remedy="Give 200ms to 10s.")
    door.feed(moves.Unlock(now, seconds, **said))
    return {"seconds": seconds, "opened": _opens(door.state, now + seconds)}


def _opens(state: machine.State, until: float) -> bool:
    """Whether the pulse was given: a disk or a line that fails shuts the lock at once."""
    return state.energised == until


def _lock(door: Door, _request: _Request, said: _Said) -> dict[str, Any]:
    door.feed(moves.Lock(boottime(), **said))
    return {}


def _mode(door: Door, request: _Request, said: _Said) -> dict[str, Any]:
    mode = request.get("mode")
    if mode is not None and mode not in MODES:
        raise UsageError(f"no mode {mode!r}.", remedy=f"There are {', '.join(MODES)}.")
    chosen = None if mode is None else str(mode)
    row = row_of("system", "mode_changed", boottime())
    seq = door.events.set_mode(chosen, {**row, **said, "to": chosen or "as configured"})
    effective = door.set_mode(chosen)
    journal.write("mode_changed", priority=journal.NOTICE, seq=seq, to=effective)
    return {"mode": effective}


def _clear(door: Door, _request: _Request, said: _Said) -> dict[str, Any]:
    before, now = door.events.counter(), boottime()
    record(
        door,
        "lockout_cleared",
        {**said, "failures": before.failures},
        counter=Counter(0, before.boot_id, now),
    )
    return {"failures": before.failures}


def _look(door: Door, request: _Request, said: _Said) -> Later:
    seconds, frames = float(request["seconds"]), int(request["frames"])
    if not 0.0 < seconds <= LONGEST_S or not 0 < frames <= MOST_FRAMES:
        raise UsageError(
            f"{frames} frames in {seconds:g} s are not to be had.",
            remedy=f"Ask for 1 to {MOST_FRAMES}, in {LONGEST_S:g} s at the most.",
        )
    if door.state.phase is Phase.VERIFYING:
        raise UnavailableError("somebody is at the door.", remedy="Try again in a moment.")
    door.sittings.refuse_if_busy()
    record(door, "sitting", said)  # first: no look that nobody knows of
    return door.sittings.begin(seconds, frames)


_COMMANDS: Mapping[str, Callable[[Door, _Request, _Said], dict[str, Any] | Later]] = {
    "status": _status,
    "unlock": _unlock,
    "lock": _lock,
    "mode": _mode,
    "clear-lockout": _clear,
    "look": _look,
}
