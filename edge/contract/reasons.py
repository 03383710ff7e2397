"""The closed list of reason words: the same at the lamp, in the log, in JSON and in the manual."""

from __future__ import annotations

from enum import Enum


class Reason(Enum):
    """How a press, or one frame of it, ended. Of equals the earlier word is reported."""

    GRANTED = "granted"
    LOCKOUT = "lockout"
    CLOSED = "closed"
    BUSY = "busy"
    NOT_ARMED = "not_armed"
    EMPTY_GALLERY = "empty_gallery"
    NO_FACE = "no_face"
    TWO_FACES = "two_faces"
    TOO_SMALL = "too_small"
    CUT_OFF = "cut_off"
    TOO_DARK = "too_dark"
    TOO_BRIGHT = "too_bright"
    BLURRED = "blurred"
    OFF_ANGLE = "off_angle"
    COVERED = "covered"
    NOT_RECOGNISED = "not_recognised"
    AMBIGUOUS = "ambiguous"
    INCONSISTENT = "inconsistent"
    OUTSIDE_HOURS = "outside_hours"
    DISABLED = "disabled"
    EXPIRED = "expired"
    CLOCK_UNKNOWN = "clock_unknown"
    TIMEOUT = "timeout"
    CAMERA_ERROR = "camera_error"
    ENGINE_ERROR = "engine_error"
    STORAGE_ERROR = "storage_error"
    PULSE_FAILED = "pulse_failed"

    @property
    def counts_as_failure(self) -> bool:
        """A good face that did not match: only these lead towards a lock-out."""
        return self in _FAILURES

    @property
    def recognised(self) -> bool:
        """It is known who stood there."""
        return self in _RECOGNISED

    @property
    def remedy(self) -> str:
        """One sentence for the owner."""
        return _REMEDIES[self]


class Happening(Enum):
    """What the door itself went through, beside presses."""

    EXIT = "rex"
    DOOR_OPENED = "door_opened"
    DOOR_CLOSED = "door_closed"
    DOOR_FORCED = "door_forced"
    DOOR_HELD = "door_held"
    TAMPER = "tamper"
    BUTTON_STUCK = "button_stuck"
    WIRE_FAULT = "wire_fault"
    MANUAL_UNLOCK = "manual_unlock"
    MANUAL_LOCK = "manual_lock"

    @property
    def alarms(self) -> bool:
        """Somebody should look now."""
        return self in {Happening.DOOR_FORCED, Happening.DOOR_HELD, Happening.TAMPER}

    @property
    def remedy(self) -> str:
        """One sentence for the owner."""
        return _HAPPENING_REMEDIES[self]


_FAILURES = frozenset({Reason.NOT_RECOGNISED, Reason.AMBIGUOUS, Reason.INCONSISTENT})

_RECOGNISED = frozenset(
    {
        Reason.GRANTED,
        Reason.OUTSIDE_HOURS,
        Reason.DISABLED,
        Reason.EXPIRED,
        Reason.CLOCK_UNKNOWN,
    }
)

_REMEDIES = {
    Reason.GRANTED: "Nothing to do.",
    Reason.LOCKOUT: "Too many failed presses: wait for the time shown, or use the key.",
    Reason.CLOSED: "The door lets nobody in by face now: see [door] mode.",
    Reason.BUSY: "More presses than 20 in a minute: wait a moment.",
    Reason.NOT_ARMED: "The start checks have not passed: read the service's log.",
    Reason.EMPTY_GALLERY: "Nobody is enrolled for this network: run `onelook enroll NAME PHOTO`.",
    Reason.NO_FACE: "Stand in front of the camera, about 60 cm away, face to the light.",
    Reason.TWO_FACES: "One person at a time.",
    Reason.TOO_SMALL: "Come closer, to about 60 cm.",
    Reason.CUT_OFF: "The face leaves the picture: step back or to the middle.",
    Reason.TOO_DARK: "There is too little light on the face: switch on a lamp.",
    Reason.TOO_BRIGHT: "There is too much light on the face: shade it.",
    Reason.BLURRED: "Hold still; if it stays so, clean the lens.",
    Reason.OFF_ANGLE: "Look straight at the camera.",
    Reason.COVERED: "Uncover the face.",
    Reason.NOT_RECOGNISED: "If this is an enrolled person: `onelook enroll NAME --add PHOTO`.",
    Reason.AMBIGUOUS: "Two enrolled people are too alike for this network.",
    Reason.INCONSISTENT: "The frames did not agree: hold still and press again.",
    Reason.OUTSIDE_HOURS: "Recognised, and not at this hour: see `onelook list`, `onelook edit`.",
    Reason.DISABLED: "Recognised, and switched off: `onelook edit NAME --enable`.",
    Reason.EXPIRED: "Recognised, and no longer welcome: `onelook edit NAME --until DATE`.",
    Reason.CLOCK_UNKNOWN: "The hour matters and is not known: see [hours] when_clock_unknown.",
    Reason.TIMEOUT: "No decision in time: press again.",
    Reason.CAMERA_ERROR: "The camera gives no fresh picture: check its cable and the eye's log.",
    Reason.ENGINE_ERROR: "The network did not run: check the bundle and the eye's log.",
    Reason.STORAGE_ERROR: "The record could not be written, so the door is locked: check the disk.",
    Reason.PULSE_FAILED: "The lock line could not be driven: check pin and wiring.",
}

_HAPPENING_REMEDIES = {
    Happening.EXIT: "Nothing to do: somebody left by the exit button.",
    Happening.DOOR_OPENED: "Nothing to do.",
    Happening.DOOR_CLOSED: "Nothing to do.",
    Happening.DOOR_FORCED: "Look who came in: no press and no exit button opened the door.",
    Happening.DOOR_HELD: "Close the door, or set a longer [door] held_after.",
    Happening.TAMPER: "Look who opened the unit's case, and whether its wires are as they were.",
    Happening.WIRE_FAULT: "The lock's line could not be driven: check pin and wiring.",
    Happening.MANUAL_UNLOCK: "Nothing to do: the owner opened by command.",
    Happening.MANUAL_LOCK: "Nothing to do: the owner shut the lock by command.",
    Happening.BUTTON_STUCK: "Free the button: no press counts while it is down. Look at its wire.",
}
