"""Settings that are right alone and wrong together."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from edge.config.lines import Lines
from edge.config.paths import anchored
from edge.config.reading import Fault

# Whose a line is, the most important first: who comes later must look for another one.
_PINS = (
    ("door", "lock_pin", "the lock"),
    ("button", "pin", "the button"),
    ("door", "exit_pin", "the exit button"),
    ("door", "contact_pin", "the door's contact"),
    ("door", "tamper_pin", "the case's contact"),
    *(("lights", name, f"the {name} light") for name in ("green", "red", "white")),
    ("lights", "buzzer", "the buzzer"),
)
# A key that means nothing without another one.
_MQTT = (
    ("key", "cert", "a key without its certificate"),
    ("password_file", "user", "a password without a name"),
    ("cert", "tls", "nobody is shown a certificate without it"),
)


def check_together(
    values: Mapping[tuple[str, str], Any], folder: Path, lines: Lines
) -> list[Fault]:
    """A fault for each combination that makes no sense; the line is that of the key to change."""
    faults = []

    def refuse(section: str, name: str, what: str) -> None:
        faults.append(Fault(lines.of(section, name), f"[{section}] {name}: {what}."))

    frames = values["recognition", "frames"]
    if values["recognition", "agree"] > frames:
        refuse("recognition", "agree", f"more frames must agree than are looked at ({frames})")
    if values["lockout", "cap"] < values["lockout", "first"]:
        refuse("lockout", "cap", "shorter than the first lock-out")
    taken: dict[str, str] = {}
    for section, name, whose in _PINS:
        pin = values[section, name]
        if pin in taken:
            refuse(section, name, f"{taken[pin]} has this pin already")
        elif pin != "off":
            taken[pin] = whose
    for name, needed, what in _MQTT:
        if values["mqtt", name] and not values["mqtt", needed]:
            refuse("mqtt", name, f"{what}: [mqtt] {needed} is needed too")
    if len(os.fsencode(anchored(folder, values["paths", "socket"]))) > 100:
        refuse("paths", "socket", "longer than the 100 characters that a socket's path may have")
    return faults
