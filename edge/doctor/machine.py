"""The machine around the door: power, heat, disk, clock, kernel, services."""

from __future__ import annotations

import shutil
import subprocess
import time
from pathlib import Path

from edge.config import Config
from edge.contract.errors import PinError
from edge.doctor import Finding, State
from edge.vitals import celsius, undervoltage

_SYS = Path("/sys")
_RUN = Path("/run")
_LEAST_FREE_MB = 200
_HOT_C = 80.0  # where a Pi begins to slow down
_PATIENCE_S = 10.0  # with systemd, which answers in milliseconds
_FIRST_YEAR = 2026  # an earlier date is of a clock without a battery
_UNITS = ("onelook-eye.service", "onelook.service")


def power(_config: Config) -> Finding:
    """Undervoltage, which a Pi notices by itself."""
    low = undervoltage(_SYS)
    if low is None:
        return Finding("power", State.UNKNOWN, "this machine does not measure its supply")
    if low:
        fix = "Use the supply of this Pi; give the lock a supply of its own."
        return Finding("power", State.PROBLEM, "the supply's voltage was too low", fix)
    return Finding("power", State.OK, "no undervoltage since the start")


def temperature(_config: Config) -> Finding:
    """Of the processor, now."""
    now = celsius(_SYS)
    if now is None:
        return Finding("temperature", State.UNKNOWN, "this machine does not tell its temperature")
    if now >= _HOT_C:
        fix = "Give the case air or a heat sink."
        return Finding("temperature", State.PROBLEM, f"{now:.0f} degrees Celsius", fix)
    return Finding("temperature", State.OK, f"{now:.0f} degrees Celsius")


def disk(config: Config) -> Finding:
    """Room for gallery and log."""
    folder = config.paths.state_dir
    while not folder.exists():
        folder = folder.parent
    free = shutil.disk_usage(folder).free // 1_000_000
    said = f"{free} MB free under {folder}"
    if free < _LEAST_FREE_MB:
        return Finding("disk", State.PROBLEM, said, "Free some: journalctl --vacuum-size=100M")
    return Finding("disk", State.OK, said)


def clock(_config: Config) -> Finding:
    """Whether the date can be believed. No decision hangs on it; the log's dates do."""
    year = time.gmtime().tm_year
    if year < _FIRST_YEAR:
        return Finding(
            "clock",
            State.PROBLEM,
            f"the date is of {year}",
            "Set it with `timedatectl set-time`, or add a clock with a battery.",
        )
    if (_RUN / "systemd/timesync/synchronized").exists():
        return Finding("clock", State.OK, "set by a time server since the start")
    return Finding("clock", State.UNKNOWN, "not set by a time server; dates in the log may be off")


def kernel(_config: Config) -> Finding:
    """Whether it lets go of the lock's line if the door is killed."""
    from edge.door.devices.kernel import require_release

    try:
        require_release()
    except PinError as e:
        return Finding("kernel", State.PROBLEM, e.what.removeprefix("not armed: "), e.remedy)
    return Finding("kernel", State.OK, "lets go of a line when its process is gone")


def services(_config: Config) -> Finding:
    """Whether both processes run, and inside their sandbox."""
    if not (_RUN / "systemd/system").is_dir():
        return Finding("services", State.UNKNOWN, "no systemd runs here")
    try:
        states = {unit: _properties(unit) for unit in _UNITS}
    except subprocess.TimeoutExpired:
        said = f"systemd gave no answer for {_PATIENCE_S:.0f} seconds"
        return Finding("services", State.UNKNOWN, said, "Ask again when this machine is less busy.")
    missing = [unit for unit, told in states.items() if told.get("LoadState") != "loaded"]
    if missing:
        fix = "sudo deploy/install.sh"
        return Finding("services", State.PROBLEM, f"{missing[0]} is not installed", fix)
    down = [unit for unit, told in states.items() if told.get("ActiveState") != "active"]
    if down:
        fix = f"Read why: journalctl -u {down[0]} -n 20"
        return Finding("services", State.PROBLEM, f"{down[0]} does not run", fix)
    open_ = [
        unit
        for unit, told in states.items()
        if told.get("NoNewPrivileges") != "yes" or told.get("ProtectSystem") != "strict"
    ]
    if open_:
        fix = "Take away what overrides it: systemctl revert " + open_[0]
        return Finding("services", State.PROBLEM, f"{open_[0]} runs without its sandbox", fix)
    return Finding("services", State.OK, "both run in their sandboxes")


def _properties(unit: str) -> dict[str, str]:
    wanted = "LoadState,ActiveState,NoNewPrivileges,ProtectSystem"
    done = subprocess.run(
        ["systemctl", "show", unit, "--property", wanted],
        capture_output=True,
        text=True,
        check=False,
        timeout=_PATIENCE_S,
    )
    return dict(line.split("=", 1) for line in done.stdout.splitlines() if "=" in line)


CHECKS = (power, temperature, disk, clock, kernel, services)
