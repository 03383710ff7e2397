"""Settings that are right alone and wrong together."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from edge.config.lines import Lines
from edge.config.paths import anchored
from edge.config.reading import Fault


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
    if values["button", "pin"] == values["door", "lock_pin"]:
        refuse("button", "pin", "the lock has this pin already")
    if len(os.fsencode(anchored(folder, values["paths", "socket"]))) > 100:
        refuse("paths", "socket", "longer than the 100 characters that a socket's path may have")
    return faults
