"""What the lock's line is before anybody claims it: what power-on, firmware and kernel left."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

from edge.clock import boottime
from edge.config import Config
from edge.doctor import machine
from edge.selftest import Measurement, State, measured, unknown
from edge.selftest.board import of_finding

_CONFIG = Path("/boot/firmware/config.txt")
# As `pinctrl get 17` says it: "17: op dl pn | lo // GPIO17 = output".
_PINCTRL = re.compile(r"\s*\d+:\s*(?P<what>[^|]*?)\s*\|\s*(?P<level>hi|lo)\b")

GROUP = "start"
NAMES = ("since the start", "config.txt", "line of a dead process", "lock's line")


def readings(config: Config) -> Iterator[Measurement]:
    """Reads only: claims no line, and moves nothing."""
    pin, active = config.door.lock_pin, config.door.lock_active
    yield measured(GROUP, "since the start", round(boottime(), 1), "s")
    yield _config_txt(pin, active)
    yield of_finding(GROUP, "line of a dead process", machine.kernel(config))
    yield _line(pin, active)


def _config_txt(pin: str, active: str) -> Measurement:
    """Whether the firmware holds the lock's line off from power-on."""
    wanted = f"gpio={pin.removeprefix('GPIO')}=op,{'dl' if active == 'high' else 'dh'}"
    if not _CONFIG.is_file():
        fix = "Run it on a Raspberry Pi."
        return unknown(GROUP, "config.txt", f"there is no {_CONFIG}", fix)
    lines = [line.partition("#")[0].strip() for line in _CONFIG.read_text().splitlines()]
    found = ", ".join(line for line in lines if line.startswith("gpio=") or "gpiod" in line)
    if wanted in lines:
        return measured(GROUP, "config.txt", found)
    fix = f"Add '{wanted}' to {_CONFIG} and restart the Pi."
    return Measurement(
        GROUP, "config.txt", State.PROBLEM, found or "no gpio= line", said=f"no {wanted}", fix=fix
    )


def _line(pin: str, active: str) -> Measurement:
    try:
        done = subprocess.run(
            ["pinctrl", "get", pin.removeprefix("GPIO")],
            capture_output=True,
            text=True,
            check=False,
            timeout=10.0,
        )
    except FileNotFoundError:
        fix = "On a Raspberry Pi: sudo apt install raspi-utils"
        return unknown(GROUP, "lock's line", "pinctrl, which reads it, is not here", fix)
    found = _PINCTRL.match(done.stdout)
    if found is None:
        why = f"pinctrl says {(done.stdout or done.stderr).strip()[:80]!r}"
        return unknown(GROUP, "lock's line", why, "Try again as root.")
    said = f"{pin} is {found['what']}, level {found['level']}"
    if (found["level"] == "hi") == (active == "high"):
        fix = f"That opens the lock. Pull the line {'down' if active == 'high' else 'up'} by 10 k."
        return Measurement(GROUP, "lock's line", State.PROBLEM, said, fix=fix)
    return measured(GROUP, "lock's line", said)
