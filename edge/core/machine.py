"""The machine of the door: (state, event) -> (state, actions), for every state and every event.

Times are CLOCK_BOOTTIME seconds and arrive in events; the machine owns no clock. The actions of a
step are carried out in their order, and one that fails stops the rest and comes back as `Failed`:
so a pulse never goes before its record.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum

from edge.contract.reasons import Happening, Reason
from edge.core.moves import (
    Action,
    CaseOpened,
    CaseShut,
    Closed,
    Decided,
    Event,
    Exited,
    Failed,
    LetGo,
    Lock,
    Look,
    Note,
    Opened,
    Pressed,
    Pulse,
    Record,
    Release,
    Tick,
    Unlock,
)

# A door that was pulled while the lock was open may tell so a little later.
_LATE_S = 2.0
_MINUTE_S, _PRESSES_A_MINUTE = 60.0, 20
STUCK_S = 30.0  # no finger stays on a button for so long
_ALARM_S = 180.0  # of light and noise; the record stays


class Phase(Enum):
    """Where a door is. De-energised is locked."""

    LOCKED = "locked"
    VERIFYING = "verifying"
    UNLOCKED = "unlocked"


@dataclass(frozen=True)
class Policy:
    """How long a decision may take, how long a grant opens, how soon a press may follow a press.

    exit_opens: whether the exit button moves the lock, or only says that somebody leaves.
    relock_on_close: the lock closes with the door, before its time. held_s: how long the door may
    stand open; None: for ever. shadow: everything is decided and recorded, and the lock stays shut.
    """

    verify_s: float
    unlock_s: float
    gap_s: float
    exit_opens: bool = False
    relock_on_close: bool = True
    held_s: float | None = None
    shadow: bool = False


@dataclass(frozen=True)
class State:
    """press: number of the latest press, at `last`. until: when the phase ends by itself.

    energised: until when the strike is; None: it is not. Its end is said in every phase, although
    the strike ends its pulses by itself: that may fail.
    opened: since when the door stands open; None: it is shut, or has no contact. expected: until
    when it may be opened without an alarm. alarm: what is to be looked at, until the door is shut.
    tampered: the unit's case stands open. silent: when the latest alarm ends by itself.
    held: since when the button is down. stuck: for too long, and it was said.
    recorded: when presses were taken within the last minute. flooded: that were too many, and it
    was said. shadowed: the latest press that was granted in shadow.
    """

    phase: Phase = Phase.LOCKED
    press: int = 0
    until: float = 0.0
    last: float = -1e9
    energised: float | None = None
    opened: float | None = None
    expected: float = -1e9
    alarm: Happening | None = None
    tampered: bool = False
    silent: float = -1e9
    held: float | None = None
    stuck: bool = False
    recorded: tuple[float, ...] = ()
    flooded: bool = False
    shadowed: int = 0

    def alarms(self, at: float) -> bool:
        """Whether somebody is to be called, now."""
        return at < self.silent and (self.tampered or self.alarm is not None)


def step(state: State, event: Event, policy: Policy) -> tuple[State, list[Action]]:
    """What the door does next. Total: every event is legal in every phase."""
    state = _touched(state, event)
    match event:
        case Pressed() if state.phase is Phase.LOCKED and event.at >= state.last + policy.gap_s:
            made = _pressed(state, event, policy)
        case Decided() if state.phase is Phase.VERIFYING and event.press == state.press:
            made = _decided(state, event, policy)
        case Failed():
            made = _failed(state, event)
        case Unlock() | Lock():
            made = _commanded(state, event)
        case Exited():
            made = _exited(state, event, policy)
        case Opened() if state.opened is None:
            made = _opened(state, event)
        case Closed() if state.opened is not None:
            made = _closed(state, policy)
        case CaseOpened() if not state.tampered:
            tampered = replace(state, tampered=True, silent=event.at + _ALARM_S)
            made = tampered, [Note(Happening.TAMPER)]
        case Tick():
            made = _ticked(state, event, policy)
        case _:  # a press too soon, an answer to an older press: nothing to do
            made = state, []
    return made


def due(state: State, policy: Policy) -> list[float]:
    """When time alone changes something: the ends of phase, pulse and patience."""
    ends = [state.until] if state.phase is not Phase.LOCKED else []
    if state.energised is not None:
        ends.append(state.energised)
    if state.opened is not None and policy.held_s is not None and state.alarm is None:
        ends.append(state.opened + policy.held_s)
    if state.held is not None and not state.stuck:
        ends.append(state.held + STUCK_S)
    return ends


def _touched(state: State, event: Event) -> State:
    """What is known of button and case, whatever the door is at."""
    match event:
        case Pressed():
            return replace(state, held=event.at)
        case LetGo():
            return replace(state, held=None, stuck=False)
        case CaseShut():
            return replace(state, tampered=False)
    return state


def _pressed(state: State, event: Pressed, policy: Policy) -> tuple[State, list[Action]]:
    press = state.press + 1
    recorded = tuple(at for at in state.recorded if at > event.at - _MINUTE_S)
    taken = replace(state, press=press, last=event.at, recorded=recorded)
    if len(recorded) >= _PRESSES_A_MINUTE:
        # Nobody hunts for a lucky frame, and nobody fills the disk with trying: it is said once.
        return replace(taken, flooded=True), [] if state.flooded else [Record(press, Reason.BUSY)]
    taken = replace(taken, recorded=(*recorded, event.at), flooded=False)
    if event.refusal is not None:
        return taken, [Record(press, event.refusal)]
    deadline = event.at + policy.verify_s
    looking = replace(taken, phase=Phase.VERIFYING, until=deadline)
    return looking, [Look(press, event.at, deadline)]


def _decided(state: State, event: Decided, policy: Policy) -> tuple[State, list[Action]]:
    if event.reason is not Reason.GRANTED:
        return _locked(state), [Record(state.press, event.reason)]
    if event.at >= state.until:  # a grant that comes too late is none
        return _locked(state), [Record(state.press, Reason.TIMEOUT)]
    if policy.shadow:
        return replace(_locked(state), shadowed=state.press), [Record(state.press, Reason.GRANTED)]
    # Recorded before the strike moves: a power cut may cost an opening, never its evidence.
    return _unlocked(state, event.at, policy), [
        Record(state.press, Reason.GRANTED),
        Pulse(state.press, policy.unlock_s),
    ]


def _exited(state: State, event: Exited, policy: Policy) -> tuple[State, list[Action]]:
    """Always: who is inside gets out, whatever else the door is at."""
    note: list[Action] = [Note(Happening.EXIT)]
    if not policy.exit_opens:
        return replace(state, expected=event.at + policy.unlock_s + _LATE_S), note
    opened = _unlocked(state, event.at, policy)
    if state.phase is Phase.VERIFYING:  # the press goes on; its end does not shut the lock sooner
        opened = replace(opened, phase=state.phase, until=state.until)
    return opened, [*note, Pulse(0, policy.unlock_s)]


def _commanded(state: State, event: Unlock | Lock) -> tuple[State, list[Action]]:
    """A press that is looked at goes on; its end does not shut the lock sooner."""
    if isinstance(event, Lock):
        locked = replace(_released(state), expected=-1e9)
        return locked, [Release(), Note(Happening.MANUAL_LOCK)]
    until = event.at + event.seconds
    opened = replace(state, energised=until, expected=until + _LATE_S)
    if state.phase is not Phase.VERIFYING:
        opened = replace(opened, phase=Phase.UNLOCKED, until=until)
    return opened, [Note(Happening.MANUAL_UNLOCK, needed=True), Pulse(0, event.seconds)]


def _failed(state: State, event: Failed) -> tuple[State, list[Action]]:
    if event.press and event.press != state.press:
        return state, []
    if event.press and state.phase is Phase.LOCKED:
        lost = event.press == state.shadowed  # a grant that moves nothing, without its record
        return replace(state, shadowed=0), [Record(state.press, event.reason)] * lost
    if event.press:
        return _released(_locked(state)), [Release(), Record(state.press, event.reason)]
    told: list[Action] = [Note(Happening.WIRE_FAULT)] * (event.reason is Reason.PULSE_FAILED)
    if state.energised is None:
        return state, told
    return _released(state), [Release(), *told]


def _opened(state: State, event: Opened) -> tuple[State, list[Action]]:
    opened, noted = replace(state, opened=event.at), [Note(Happening.DOOR_OPENED)]
    if event.at <= state.expected:
        return opened, [*noted]
    forced = replace(opened, alarm=Happening.DOOR_FORCED, silent=event.at + _ALARM_S)
    return forced, [*noted, Note(Happening.DOOR_FORCED)]


def _closed(state: State, policy: Policy) -> tuple[State, list[Action]]:
    shut, noted = replace(state, opened=None, alarm=None), [Note(Happening.DOOR_CLOSED)]
    if state.energised is not None and policy.relock_on_close:
        # Somebody came through: nobody else may open it after them.
        return replace(_released(shut), expected=-1e9), [Release(), *noted]
    return shut, [*noted]


def _ticked(state: State, event: Tick, policy: Policy) -> tuple[State, list[Action]]:
    actions: list[Action] = []
    if state.energised is not None and event.at >= state.energised:
        state = replace(state, energised=None)
        actions.append(Release())
    if state.phase is not Phase.LOCKED and event.at >= state.until:
        if state.phase is Phase.VERIFYING:
            actions.append(Record(state.press, Reason.TIMEOUT))
        state = _locked(state)
    if state.alarm is None and _stands_open(state, event.at, policy):
        state = replace(state, alarm=Happening.DOOR_HELD, silent=event.at + _ALARM_S)
        actions.append(Note(Happening.DOOR_HELD))
    if state.held is not None and not state.stuck and event.at >= state.held + STUCK_S:
        state = replace(state, stuck=True)
        actions.append(Note(Happening.BUTTON_STUCK))
    return state, actions


def _stands_open(state: State, at: float, policy: Policy) -> bool:
    if state.opened is None or policy.held_s is None:
        return False
    return at >= state.opened + policy.held_s


def _unlocked(state: State, at: float, policy: Policy) -> State:
    until = at + policy.unlock_s
    unlocked = replace(state, phase=Phase.UNLOCKED, until=until, energised=until)
    return replace(unlocked, expected=until + _LATE_S)


def _released(state: State) -> State:
    """The strike is off; a press that is looked at goes on."""
    return replace(state if state.phase is Phase.VERIFYING else _locked(state), energised=None)


def _locked(state: State) -> State:
    return replace(state, phase=Phase.LOCKED, until=0.0)
