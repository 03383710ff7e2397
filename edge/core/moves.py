"""What may happen at a door, and what it may do about it: the machine's events and actions.

`at` is always CLOCK_BOOTTIME seconds.
"""

from __future__ import annotations

from dataclasses import dataclass

from edge.contract.reasons import Happening, Reason


@dataclass(frozen=True)
class Pressed:
    """The button. refusal: why nobody may be looked at now, or None."""

    at: float
    refusal: Reason | None = None


@dataclass(frozen=True)
class Decided:
    """What the frames of a press came to."""

    at: float
    press: int
    reason: Reason


@dataclass(frozen=True)
class Failed:
    """An action could not be carried out. press: whose it was; 0: of none."""

    at: float
    press: int
    reason: Reason


@dataclass(frozen=True)
class Tick:
    """Time passed."""

    at: float


@dataclass(frozen=True)
class Exited:
    """The exit button inside."""

    at: float


@dataclass(frozen=True)
class Unlock:
    """The owner opens by command. who, because: for the record."""

    at: float
    seconds: float
    who: str = ""
    because: str = ""


@dataclass(frozen=True)
class Lock:
    """The owner shuts the lock by command."""

    at: float
    who: str = ""
    because: str = ""


@dataclass(frozen=True)
class LetGo:
    """The button, after a press."""

    at: float


@dataclass(frozen=True)
class CaseOpened:
    """The unit's own case, by its contact."""

    at: float


@dataclass(frozen=True)
class CaseShut:
    """The unit's own case, by its contact."""

    at: float


@dataclass(frozen=True)
class Opened:
    """The door itself, by its contact."""

    at: float


@dataclass(frozen=True)
class Closed:
    """The door itself, by its contact."""

    at: float


Event = (
    Pressed
    | LetGo
    | Decided
    | Failed
    | Tick
    | Exited
    | Opened
    | Closed
    | CaseOpened
    | CaseShut
    | Unlock
    | Lock
)


@dataclass(frozen=True)
class Look:
    """Ask the eye for frames taken after `not_before`, until `deadline`."""

    press: int
    not_before: float
    deadline: float


@dataclass(frozen=True)
class Record:
    """Commit how a press ended."""

    press: int
    reason: Reason


@dataclass(frozen=True)
class Pulse:
    """Energise the strike, for so long and no longer. press: whose grant it is; 0: nobody's."""

    press: int
    seconds: float


@dataclass(frozen=True)
class Release:
    """De-energise the strike now."""


@dataclass(frozen=True)
class Note:
    """Say what happened at the door. needed: what follows needs its record first."""

    what: Happening
    needed: bool = False


Action = Look | Record | Pulse | Release | Note
