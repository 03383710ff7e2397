"""The sections of the configuration, each for a part of the program; [mqtt] is in mqtt.py."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class PathsConfig:
    """Where the door keeps what it must not lose, what both read, and where the eye waits."""

    state_dir: Path
    models_dir: Path
    socket: Path


@dataclass(frozen=True)
class DoorConfig:
    """The lock's line and how long a grant opens it; what tells of the door itself.

    A pin that is not wired is "off". held_after_s: None is "off".
    """

    lock_pin: str
    lock_active: str
    pulse_s: float
    mode: str
    exit_pin: str
    exit_opens: bool
    contact_pin: str
    contact_shut: str
    tamper_pin: str
    tamper_shut: str
    held_after_s: float | None
    relock_on_close: bool


@dataclass(frozen=True)
class ButtonConfig:
    """The button's line and what counts as one press."""

    pin: str
    debounce_s: float
    gap_s: float


@dataclass(frozen=True)
class LightsConfig:
    """The lines of lamps and buzzer; "off" is not wired."""

    green: str
    red: str
    white: str
    buzzer: str


@dataclass(frozen=True)
class CameraConfig:
    """Which camera, turned how, and how long it may take for a frame."""

    source: str
    rotate: int
    frame_limit_s: float


@dataclass(frozen=True)
class RecognitionConfig:
    """The network and the rule of a burst. `bundle` is "" if none is named."""

    bundle: str
    allow_unsigned: bool
    level: str
    frames: int
    agree: int
    decide_within_s: float
    margin: float


@dataclass(frozen=True)
class TrustConfig:
    """Whose bundles count; each is "" if no file is named."""

    owner: str
    keys: str


@dataclass(frozen=True)
class LockoutConfig:
    """What follows on failed presses."""

    free: int
    first_s: float
    cap_s: float


@dataclass(frozen=True)
class HoursConfig:
    """When the door lets in anybody, and what becomes of hours while nobody knows the time."""

    door: str
    when_clock_unknown: str


@dataclass(frozen=True)
class PrivacyConfig:
    """What is kept of people beyond what the door needs."""

    keep_crops: bool


@dataclass(frozen=True)
class HooksConfig:
    """A command for each kind of event, "" for none."""

    granted: str
    denied: str
    lockout: str
    alarm: str
    fault: str
    timeout_s: float


@dataclass(frozen=True)
class LogConfig:
    """How long events are kept, and how many at most."""

    keep_s: float
    most: int
