"""How the machine under the door is, in numbers: for `onelook doctor`, a broker and Prometheus."""

from __future__ import annotations

from pathlib import Path
from typing import Any

SYS = Path("/sys")
_DOOR = "onelook.service"
_HIERARCHIES = (".", "unified", "systemd")  # cgroup 2, and what kernels before it had


def celsius(sys: Path = SYS) -> float | None:
    """The processor's temperature; None: this machine does not tell it."""
    text = _read(sys / "class/thermal/thermal_zone0/temp")
    return int(text) / 1000.0 if text is not None else None


def undervoltage(sys: Path = SYS) -> bool | None:
    """Whether the supply was too low since the start, which a Pi notices by itself; None: no Pi."""
    for name in sorted(sys.glob("class/hwmon/*/name")):
        if _read(name) == "rpi_volt":
            alarm = _read(name.parent / "in0_lcrit_alarm")
            return None if alarm is None else alarm != "0"
    return None


def door_runs(sys: Path = SYS) -> bool | None:
    """Whether the door's service has a process, by the kernel's word; None: no systemd here."""
    for hierarchy in _HIERARCHIES:
        services = sys / "fs/cgroup" / hierarchy / "system.slice"
        if services.is_dir():
            return bool(_read(services / _DOOR / "cgroup.procs"))
    return None


def vitals(sys: Path = SYS) -> dict[str, Any]:
    """All of them, by the names that readers outside know."""
    return {
        "temperature_c": celsius(sys),
        "undervoltage": undervoltage(sys),
        "running": door_runs(sys),
    }


def _read(path: Path) -> str | None:
    try:
        return path.read_text(encoding="ascii").strip()
    except OSError:  # not of this machine, or gone between two looks
        return None
