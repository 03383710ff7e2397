"""The machine of the door: (state, event) -> (state, actions), for every state and every event.

Times are CLOCK_BOOTTIME seconds and arrive in events; the machine owns no clock. The actions of a
step are carried out in their order, and one that fails stops the rest and comes back as `Failed`:
so a pulse never goes before its record.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum

from edge.contract.reasons import Reason


class Phase(Enum):
    """Where a door is. De-energised is locked."""

    LOCKED = "locked"
    VERIFYING = "verifying"
    UNLOCKED = "unlocked"


@dataclass(frozen=True)
class Policy:
    """How long a decision may take, how long a grant opens, how soon a press may follow a press."""

    verify_s: float
    unlock_s: float
    gap_s: float


@dataclass(frozen=True)
class State:
    """press: number of the latest press, at `last`. until: when the phase ends by itself."""

    phase: Phase = Phase.LOCKED
    press: int = 0
    until: float = 0.0
    last: float = -1e9


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
    """An action of a press could not be carried out."""

    at: float
    press: int
    reason: Reason


@dataclass(frozen=True)
class Tick:
    """Time passed."""

    at: float


Event = Pressed | Decided | Failed | Tick


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
    """Energise the strike, for so long and no longer."""

    press: int
    seconds: float


@dataclass(frozen=True)
class Release:
    """De-energise the strike now."""


Action = Look | Record | Pulse | Release


def step(state: State, event: Event, policy: Policy) -> tuple[State, list[Action]]:
    """What the door does next. Total: every event is legal in every phase."""
    match event:
        case Pressed() if state.phase is Phase.LOCKED and event.at >= state.last + policy.gap_s:
            return _pressed(state, event, policy)
        case Decided() if state.phase is Phase.VERIFYING and event.press == state.press:
            return _decided(state, event, policy)
        case Failed() if state.phase is not Phase.LOCKED and event.press == state.press:
            return _locked(state), [Release(), Record(state.press, event.reason)]
        case Tick() if event.at >= state.until:
            return _time_is_up(state)
    return state, []  # a press too soon, an answer to an older press: nothing to do


def _pressed(state: State, event: Pressed, policy: Policy) -> tuple[State, list[Action]]:
    press = state.press + 1
    if event.refusal is not None:
        return State(Phase.LOCKED, press, 0.0, event.at), [Record(press, event.refusal)]
    deadline = event.at + policy.verify_s
    looking = State(Phase.VERIFYING, press, deadline, event.at)
    return looking, [Look(press, event.at, deadline)]


def _decided(state: State, event: Decided, policy: Policy) -> tuple[State, list[Action]]:
    if event.reason is not Reason.GRANTED:
        return _locked(state), [Record(state.press, event.reason)]
    if event.at >= state.until:  # a grant that comes too late is none
        return _locked(state), [Record(state.press, Reason.TIMEOUT)]
    # Recorded before the strike moves: a power cut may cost an opening, never its evidence.
    opened = replace(state, phase=Phase.UNLOCKED, until=event.at + policy.unlock_s)
    return opened, [
        Record(state.press, Reason.GRANTED),
        Pulse(state.press, policy.unlock_s),
    ]


def _time_is_up(state: State) -> tuple[State, list[Action]]:
    match state.phase:
        case Phase.VERIFYING:
            return _locked(state), [Record(state.press, Reason.TIMEOUT)]
        case Phase.UNLOCKED:
            return _locked(state), [Release()]
    return state, []


def _locked(state: State) -> State:
    return replace(state, phase=Phase.LOCKED, until=0.0)
