"""Every key of onelook.toml, once: its default, what it may be, and why an owner would change it.

`load_config` reads by this table, `onelook config show` prints it, and docs/configuration.md is
compared with it by a test.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edge.config.durations import parse_duration
from edge.contract.gates import Limits
from edge.core.admission import parse_hours

Value = str | int | float | list[Any]

LOCK_PINS = ("GPIO16", "GPIO17", *(f"GPIO{n}" for n in range(22, 28)))


@dataclass(frozen=True)
class Key:
    """A key: `parse` takes the value from the file and returns what the program computes with.

    parse raises ValueError with what is wrong and how it should be.
    """

    section: str
    name: str
    default: Value
    parse: Callable[[Any], Any]
    allowed: str
    about: str


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError('text in quotes is needed, as "..."')  # noqa: TRY004 - a fault of the file
    return value


def _path(value: object) -> str:
    text = _text(value)
    if not text or "\0" in text:
        raise ValueError('a path is needed, as "/home/pi/faces"')
    try:
        Path(text).expanduser()
    except RuntimeError:
        raise ValueError("nobody of that name has a home here") from None
    return text


def _path_or_none(value: object) -> str:
    return _path(value) if value != "" else ""


def _command_or_none(value: object) -> str:
    text = _text(value)
    if text and (not Path(text).is_absolute() or "\0" in text):
        raise ValueError('the path of a file is needed, as "/usr/local/bin/tell-me"; no arguments')
    return text


def _yes_or_no(value: object) -> bool:
    if not isinstance(value, bool):
        raise ValueError("true or false is needed, without quotes")  # noqa: TRY004 - as above
    return value


def _choice(*words: str) -> Callable[[object], str]:
    def parse(value: object) -> str:
        if _text(value) not in words:
            raise ValueError("must be " + " or ".join(f'"{word}"' for word in words))
        return str(value)

    return parse


def _duration(low: str, high: str) -> Callable[[object], float]:
    def parse(value: object) -> float:
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            raise ValueError(f'a unit is missing: write "{value}s" or "{value}ms"')  # noqa: TRY004 - as above
        seconds = parse_duration(_text(value))
        if not parse_duration(low) <= seconds <= parse_duration(high):
            raise ValueError(f"must be from {low} to {high}")
        return seconds

    return parse


def _duration_or_off(low: str, high: str) -> Callable[[object], float | None]:
    duration = _duration(low, high)
    return lambda value: None if value == "off" else duration(value)


def _number(low: float, high: float) -> Callable[[object], float]:
    def parse(value: object) -> float:
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            raise ValueError("a number without quotes is needed")  # noqa: TRY004 - as above
        if not low <= value <= high:
            raise ValueError(f"must be from {low:g} to {high:g}")
        return float(value)

    return parse


def _share_or_off(value: object) -> float | None:
    return None if value == "off" else _number(0.0, 1.0)(value)


def _whole(low: int, high: int) -> Callable[[object], int]:
    def parse(value: object) -> int:
        if isinstance(value, bool) or not isinstance(value, int):
            raise ValueError("a whole number without quotes is needed")  # noqa: TRY004 - as above
        if not low <= value <= high:
            raise ValueError(f"must be from {low} to {high}")
        return value

    return parse


def _light(value: object) -> tuple[float, float]:
    number = _number(0.0, 255.0)
    if not isinstance(value, list) or len(value) != 2:
        raise ValueError("two numbers are needed, as [40, 220]")
    low, high = (number(v) for v in value)
    if low >= high:
        raise ValueError("the first number must be below the second")
    return low, high


def _hours(value: object) -> str:
    parse_hours(_text(value))
    return str(value)


def _button_pin(value: object) -> str:
    if not re.fullmatch(r"GPIO(?:[2-9]|1\d|2[0-7])", _text(value)):
        raise ValueError('must be one of "GPIO2" to "GPIO27"')
    return str(value)


def _pin_or_off(value: object) -> str:
    if not re.fullmatch(r"off|GPIO(?:[2-9]|1\d|2[0-7])", _text(value)):
        raise ValueError('must be one of "GPIO2" to "GPIO27", or "off"')
    return str(value)


def _camera(value: object) -> str:
    if not re.fullmatch(r"pi|usb:\d{1,2}|(?:folder|film):.+", _text(value)):
        raise ValueError('must be "pi", "usb:N" (as "usb:0"), "folder:DIR" or "film:FILE"')
    if ":" in str(value):
        _path(str(value).partition(":")[2])
    return str(value)


def _host_or_none(value: object) -> str:
    if not re.fullmatch(r"[\w.:-]{0,255}", _text(value), re.ASCII):
        raise ValueError('a name or an address is needed, as "broker.lan"; `port` is a key')
    return str(value)


def _topic(value: object) -> str:
    if not re.fullmatch(r"[\w-]{1,32}(/[\w-]{1,32})*", _text(value), re.ASCII):
        raise ValueError("letters, digits, _ and - are needed, with / between")
    return str(value)


def _topic_or_none(value: object) -> str:
    return _topic(value) if value != "" else ""


def _one_level(value: object) -> str:
    if not re.fullmatch(r"[a-z0-9_-]{1,32}", _text(value)):
        raise ValueError("up to 32 small letters, digits, _ and - are needed")
    return str(value)


def _turn(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value not in (0, 90, 180, 270):
        raise ValueError("must be 0, 90, 180 or 270")
    return value


_LIMITS = Limits()

# fmt: off
KEYS = (
    Key("paths", "state_dir", "/var/lib/onelook", _path, "a folder",
        "Gallery, event log and key; nobody else may read it."),
    Key("paths", "models_dir", "/var/lib/onelook-models", _path, "a folder",
        "Bundles and keys that `onelook model` brought here; the eye may read it."),
    Key("paths", "socket", "/run/onelook/eye.sock", _path, "a path of at most 100 characters",
        "Where the eye waits for the door."),
    Key("door", "lock_pin", "GPIO17", _choice(*LOCK_PINS), "GPIO16, GPIO17, GPIO22 to GPIO27",
        "Drives the lock. Only pins that are pulled down while a Pi starts."),
    Key("door", "lock_active", "high", _choice("high", "low"), '"high" or "low"',
        "The level that opens. An active-low board may open the door whenever the Pi starts."),
    Key("door", "pulse", "5s", _duration("200ms", "10s"), "200ms to 10s",
        "How long the lock is open after a grant."),
    Key("door", "mode", "normal", _choice("normal", "closed", "shadow"),
        '"normal", "closed" or "shadow"',
        "closed: nobody by face. shadow: decide and record, and keep the lock shut."),
    Key("door", "exit_pin", "off", _pin_or_off, 'GPIO2 to GPIO27, or "off"',
        "A button inside, wired to ground: who presses it may open the door without an alarm."),
    Key("door", "exit_opens", default=False, parse=_yes_or_no, allowed="true or false",
        about="Whether that button opens the lock. The way out must also open by hand."),
    Key("door", "contact_pin", "off", _pin_or_off, 'GPIO2 to GPIO27, or "off"',
        "A contact at the door itself, wired to ground."),
    Key("door", "contact_shut", "closed", _choice("closed", "open"), '"closed" or "open"',
        "What that contact is while the door is shut."),
    Key("door", "tamper_pin", "off", _pin_or_off, 'GPIO2 to GPIO27, or "off"',
        "A contact at the unit's own case, wired to ground; a case that opens is an alarm."),
    Key("door", "tamper_shut", "closed", _choice("closed", "open"), '"closed" or "open"',
        "What that contact is while the case is shut."),
    Key("door", "held_after", "30s", _duration_or_off("5s", "10min"), '5s to 10min, or "off"',
        "A door that stands open for longer is an alarm."),
    Key("door", "relock_on_close", default=True, parse=_yes_or_no, allowed="true or false",
        about="Whether the lock closes with the door, before its time."),
    Key("button", "pin", "GPIO27", _button_pin, "GPIO2 to GPIO27", "The button, wired to ground."),
    Key("button", "debounce", "30ms", _duration("5ms", "100ms"), "5ms to 100ms",
        "Shorter changes of the button's line are contact bounce."),
    Key("button", "gap", "500ms", _duration("200ms", "5s"), "200ms to 5s",
        "A press sooner than this after the last one is not taken."),
    Key("lights", "green", "off", _pin_or_off, 'GPIO2 to GPIO27, or "off"',
        "Lit while the lock is open."),
    Key("lights", "red", "off", _pin_or_off, 'GPIO2 to GPIO27, or "off"',
        "A no, a lock-out, a fault."),
    Key("lights", "white", "off", _pin_or_off, 'GPIO2 to GPIO27, or "off"',
        "Look here, come closer, more light: see the card of lights."),
    Key("lights", "buzzer", "off", _pin_or_off, 'GPIO2 to GPIO27, or "off"', "Says it to the ear."),
    Key("camera", "source", "pi", _camera, '"pi", "usb:N", "folder:DIR" or "film:FILE"',
        "The Pi's own camera, a webcam, or, to try out, pictures in a folder or a film."),
    Key("camera", "rotate", 0, _turn, "0, 90, 180 or 270",
        "Degrees clockwise until people stand upright."),
    Key("camera", "frame_limit", "1s", _duration("200ms", "5s"), "200ms to 5s",
        "A camera without a frame for so long is out of order."),
    Key("recognition", "bundle", "", _path_or_none, 'a folder, or ""',
        'The network, as `convert` made it; "" for that of `onelook model`, else the shipped one.'),
    Key("recognition", "allow_unsigned", default=False, parse=_yes_or_no, allowed="true or false",
        about="Take a bundle that nobody signed. Who can replace it can let themselves in."),
    Key("recognition", "level", "normal", _choice("strict", "normal"), '"strict" or "normal"',
        "Which of the bundle's measured thresholds counts."),
    Key("recognition", "frames", 3, _whole(1, 8), "1 to 8", "Frames looked at for one press."),
    Key("recognition", "agree", 2, _whole(1, 8), "1 to `frames`",
        "So many of them must show the same enrolled person."),
    Key("recognition", "decide_within", "2s", _duration("1s", "10s"), "1s to 10s",
        "A press without a decision by then is refused."),
    Key("recognition", "margin", 0.0, _number(0.0, 0.5), "0 to 0.5",
        "So much farther the second-best person must be than the best one."),
    Key("trust", "owner", "", _path_or_none, 'a file, or "" for the shipped one',
        "The public key (owner.pub) whose list of signing keys counts."),
    Key("trust", "keys", "", _path_or_none, 'a file, or ""',
        'That list (keys.json); "" for that of `onelook model trust`, else the shipped one.'),
    Key("gates", "min_eyes_px", _LIMITS.min_eyes_px, _number(20, 120), "20 to 120",
        "Distance between the eyes in the frame; farther away a face has too few pixels."),
    Key("gates", "face_light_255", [*_LIMITS.face_light_255], _light, "two numbers, 0 to 255",
        "Lowest and highest mean brightness of the face."),
    Key("gates", "max_clipped", _LIMITS.max_clipped, _number(0.05, 1.0), "0.05 to 1",
        "Share of the face that may be all black, and all white; 1 allows it."),
    Key("gates", "max_roll_deg", _LIMITS.max_roll_deg, _number(5, 45), "5 to 45",
        "How far a head may be tilted to its side, degrees."),
    Key("gates", "max_yaw_deg", _LIMITS.max_yaw_deg, _number(5, 60), "5 to 60",
        "How far a head may be turned to a side, about, degrees."),
    Key("gates", "max_pitch_deg", _LIMITS.max_pitch_deg, _number(5, 60), "5 to 60",
        "How far a head may be bowed or raised, about, degrees."),
    Key("gates", "min_sharpness", _LIMITS.min_sharpness, _number(0.0, 1.0), "0 to 1",
        "0 takes any picture, 1 none."),
    Key("lockout", "free", 5, _whole(3, 100), "3 to 100",
        "Failed presses before the door stops looking for a while."),
    Key("lockout", "first", "30s", _duration("5s", "15min"), "5s to 15min",
        "The first such while; it doubles with each further failure."),
    Key("lockout", "cap", "15min", _duration("5min", "4h"), "5min to 4h", "The longest one."),
    Key("hours", "door", "always", _hours, '"always", or as "Mo-Fr 07:00-19:00; Sa 09:00-12:30"',
        "When anybody is let in by face; outside these hours the door is closed."),
    Key("hours", "when_clock_unknown", "refuse", _choice("refuse", "ignore"),
        '"refuse" or "ignore"',
        "Whether those with hours or a last day wait until a time server has set the clock."),
    Key("privacy", "keep_crops", default=False, parse=_yes_or_no, allowed="true or false",
        about="Keep a small picture of each enrolled face, sealed, so that the next network needs "
        "nobody to come again."),
    *(Key("hooks", hook, "", _command_or_none, 'a file to run, or ""', about) for hook, about in (
        ("granted", "Run after somebody was let in; see docs/every-day.md."),
        ("denied", "Run after a press that let in nobody."),
        ("lockout", "Run when somebody presses while the door does not look."),
        ("alarm", "Run when the door was forced or stands open, or the unit's case was opened."),
        ("fault", "Run when disk, pins, camera or network fail."),
    )),
    Key("hooks", "timeout", "10s", _duration("1s", "5min"), "1s to 5min",
        "A command that takes longer is killed, with all that it started."),
    Key("compat", "detection_threshold", "off", _share_or_off, '0 to 1, or "off"',
        "Of the tutorial project; understood, not used: the bundle's measured thresholds count."),
    Key("compat", "verification_threshold", "off", _share_or_off, '0 to 1, or "off"',
        "Likewise; here `frames` and `agree` say how many looks must show the same person."),
    Key("log", "keep", "30d", _duration("1d", "365d"), "1d to 365d",
        "Events older than this go, once a day."),
    Key("log", "most", 100_000, _whole(1000, 1_000_000), "1000 to 1000000",
        "So many events stay at most; a thousand take about 400 kB."),
    Key("mqtt", "broker", "", _host_or_none, 'a name or an address, or ""',
        'Who is told what happens, see docs/fleet.md; "" for nobody.'),
    Key("mqtt", "port", 8883, _whole(1, 65535), "1 to 65535", "8883 with TLS, 1883 without."),
    Key("mqtt", "name", "door", _one_level, "small letters, digits, _ and -",
        "What this door is called at the broker; no two doors may share it."),
    Key("mqtt", "prefix", "onelook", _topic, "a topic", "What is told stands below prefix/name."),
    Key("mqtt", "discovery", "homeassistant", _topic_or_none, 'a topic, or ""',
        'Where Home Assistant looks for devices; "" if there is none.'),
    Key("mqtt", "tls", default=True, parse=_yes_or_no, allowed="true or false",
        about="false only for a broker on this machine: everybody on the way could read along."),
    Key("mqtt", "ca", "", _path_or_none, 'a file, or "" for those of the system',
        "Who signs the broker's certificate, PEM."),
    Key("mqtt", "cert", "", _path_or_none, 'a file, or ""', "This door's certificate, PEM."),
    Key("mqtt", "key", "", _path_or_none, 'a file, or "" if it is in `cert`', "Its key, PEM."),
    Key("mqtt", "user", "", _text, 'text, or ""', "Who this door is at the broker."),
    Key("mqtt", "password_file", "", _path_or_none, 'a file, or ""',
        "Its first line is the password; only onelook-mqtt may read it."),
    Key("mqtt", "names", default=False, parse=_yes_or_no, allowed="true or false",
        about="Whether names of people leave this machine, and what owners gave as their reason."),
    Key("mqtt", "history", default=False, parse=_yes_or_no, allowed="true or false",
        about="Whether the first start tells all that the log holds, and not only what is new."),
    Key("mqtt", "health", "1min", _duration("10s", "1h"), "10s to 1h",
        "How often temperature and voltage are told."),
)
# fmt: on
