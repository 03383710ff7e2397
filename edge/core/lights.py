"""What the lamps at the door say: each state of the door has its pattern, in time and colour.

The pattern carries the meaning, the colour repeats it; nothing blinks between 3 and 60 times a
second. Every "no" looks the same, so that it tells a stranger nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum

from edge.contract.reasons import Reason

# (lit, seconds) one after the other.
Steps = tuple[tuple[bool, float], ...]


class Lamp(Enum):
    """What can be wired."""

    WHITE = "white"
    GREEN = "green"
    RED = "red"
    BUZZER = "buzzer"


@dataclass(frozen=True)
class Pattern:
    """What each lamp does; the others stay dark. repeat: over and over, until another is shown."""

    steps: dict[Lamp, Steps] = field(default_factory=dict)
    repeat: bool = False


def _times(count: int, on: float, off: float = 0.2) -> Steps:
    return ((True, on), (False, off)) * count


_REPEATED_S = 4.0
_CLICKS = _times(2, 0.03, 0.12)


class Show(Enum):
    """What the lamps can say."""

    DARK = Pattern()
    NOT_ARMED = Pattern({Lamp.WHITE: (*_times(2, 0.15), (False, 1.3))}, repeat=True)
    LOOKING = Pattern({Lamp.WHITE: ((True, 0.25), (False, 0.25))}, repeat=True)
    SEEN = Pattern({Lamp.WHITE: ((True, 1.0),), Lamp.BUZZER: _CLICKS})
    GRANTED = Pattern({Lamp.GREEN: ((True, 3600.0),), Lamp.BUZZER: ((True, 0.12),)})
    TRY_AGAIN = Pattern({Lamp.WHITE: _times(3, 0.2), Lamp.BUZZER: _CLICKS})
    LIGHT = Pattern({Lamp.WHITE: (*_times(1, 0.7), *_times(1, 0.2)), Lamp.BUZZER: _CLICKS})
    ONE_AT_A_TIME = Pattern(
        {Lamp.WHITE: (*_times(2, 0.2), (False, 0.5), *_times(2, 0.2)), Lamp.BUZZER: _CLICKS}
    )
    NO = Pattern({Lamp.RED: ((True, 1.2),), Lamp.BUZZER: ((True, 0.3),)})
    CLOSED = Pattern({Lamp.RED: _times(3, 0.2)})
    TOO_SLOW = Pattern({Lamp.RED: ((True, 1.2),), Lamp.WHITE: ((True, 1.2),)})
    LOCKOUT = Pattern({Lamp.RED: ((True, 1.0), (False, 1.0))}, repeat=True)
    ALARM = Pattern(
        {Lamp.RED: ((True, 0.25), (False, 0.25)), Lamp.BUZZER: ((True, 0.25), (False, 0.25))},
        repeat=True,
    )
    FAULT = Pattern(
        {Lamp.RED: ((True, 4.0),), Lamp.WHITE: ((False, 3.9), (True, 0.1))}, repeat=True
    )


_OF_REASON = {
    Reason.GRANTED: Show.GRANTED,
    Reason.LOCKOUT: Show.LOCKOUT,
    Reason.CLOSED: Show.CLOSED,
    Reason.NOT_ARMED: Show.NOT_ARMED,
    Reason.NO_FACE: Show.TRY_AGAIN,
    Reason.TWO_FACES: Show.ONE_AT_A_TIME,
    Reason.TOO_SMALL: Show.TRY_AGAIN,
    Reason.CUT_OFF: Show.TRY_AGAIN,
    Reason.TOO_DARK: Show.LIGHT,
    Reason.TOO_BRIGHT: Show.LIGHT,
    Reason.BLURRED: Show.TRY_AGAIN,
    Reason.OFF_ANGLE: Show.TRY_AGAIN,
    Reason.COVERED: Show.TRY_AGAIN,
    Reason.TIMEOUT: Show.TOO_SLOW,
    Reason.CAMERA_ERROR: Show.FAULT,
    Reason.ENGINE_ERROR: Show.FAULT,
    Reason.STORAGE_ERROR: Show.FAULT,
    Reason.PULSE_FAILED: Show.FAULT,
}


def lasts(show: Show) -> float:
    """Seconds that it is shown if nothing else comes: once through, or a while if it repeats."""
    if show.value.repeat:
        return _REPEATED_S
    return max((sum(s for _, s in steps) for steps in show.value.steps.values()), default=0.0)


def of_reason(reason: Reason) -> Show:
    """What is shown when a press ends so."""
    return _OF_REASON.get(reason, Show.NO)
