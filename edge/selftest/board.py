"""The board around the door: what it is, what runs on it, how hot and how well fed it is."""

from __future__ import annotations

import importlib.util
import os
import platform
import subprocess
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

from edge import __version__
from edge.clock import wall
from edge.config import Config
from edge.doctor import Finding, machine
from edge.doctor import State as Found
from edge.selftest import Measurement, State, measured, unknown

_SYS, _PROC = Path("/sys"), Path("/proc")
_CPU = "devices/system/cpu/cpu0/cpufreq"
_ON_A_PI = "Run it on a Raspberry Pi."

# Module -> its names on the package index, and apt's.
_VERSIONS = {
    "numpy": (("numpy",), "python3-numpy"),
    "cv2": (("opencv-python-headless", "opencv-python"), "python3-opencv"),
    "gpiozero": (("gpiozero",), "python3-gpiozero"),
    "lgpio": (("lgpio",), "python3-lgpio"),
    "libcamera": ((), "python3-libcamera"),
    "picamera2": (("picamera2",), "python3-picamera2"),
}
# Bit -> what it says; documentation of `vcgencmd get_throttled`.
_THROTTLED = {
    0: "too little voltage now",
    1: "its frequency is capped now",
    2: "throttled now",
    3: "at the soft temperature limit now",
    16: "too little voltage since the start",
    17: "its frequency was capped since the start",
    18: "throttled since the start",
    19: "at the soft temperature limit since the start",
}

GROUP = "board"
NAMES = (
    *("onelook", "date", "model", "processor", "memory", "system", "kernel", "python"),
    *_VERSIONS,
    *("governor", "highest frequency", "watchdog", "temperature before"),
)
AFTERWARDS = "board afterwards"
NAMES_AFTERWARDS = ("temperature after", "throttled", "undervoltage")


def before() -> Iterator[Measurement]:
    """What the board is, and how warm before all the rest."""
    date, confirmed = wall()
    yield measured(GROUP, "onelook", __version__)
    yield measured(GROUP, "date", date, said="" if confirmed else "not set by a time server")
    yield _text("model", _model())
    yield measured(GROUP, "processor", f"{platform.machine()}, {os.cpu_count()} cores")
    yield measured(GROUP, "memory", _memory_mib(), "MiB")
    yield _text("system", _system())
    yield measured(GROUP, "kernel", platform.release())
    yield measured(GROUP, "python", platform.python_version())
    for name, (packages, apt) in _VERSIONS.items():
        yield _version(name, packages, apt)
    yield _text("governor", _read(_SYS / _CPU / "scaling_governor"))
    highest = _read(_SYS / _CPU / "cpuinfo_max_freq")
    if highest:
        yield measured(GROUP, "highest frequency", int(highest) // 1000, "MHz")
    yield _watchdog()
    yield from _temperature(GROUP, "temperature before")


def afterwards(config: Config) -> Iterator[Measurement]:
    """What the work did to the board."""
    yield from _temperature(AFTERWARDS, "temperature after")
    yield _throttled()
    yield of_finding(AFTERWARDS, "undervoltage", machine.power(config))


def frequency_mhz() -> float | None:
    """Of the first core, now; None if this machine does not tell."""
    khz = _read(_SYS / _CPU / "scaling_cur_freq")
    return int(khz) / 1000.0 if khz else None


def of_finding(group: str, name: str, finding: Finding) -> Measurement:
    """A finding of the doctor's as a row."""
    if finding.state is Found.UNKNOWN:
        return unknown(group, name, finding.said, finding.fix or _ON_A_PI)
    state = State.PROBLEM if finding.state is Found.PROBLEM else State.MEASURED
    return Measurement(group, name, state, finding.said, fix=finding.fix)


def _text(name: str, text: str) -> Measurement:
    if text:
        return measured(GROUP, name, text)
    return unknown(GROUP, name, "this machine does not tell", _ON_A_PI)


def _model() -> str:
    """As a Raspberry Pi says it; it ends with a zero."""
    return _read(_PROC / "device-tree/model").rstrip("\0")


def _system() -> str:
    try:
        return platform.freedesktop_os_release().get("PRETTY_NAME", "")
    except OSError:
        return ""


def _memory_mib() -> int:
    total = next(
        line for line in (_PROC / "meminfo").read_text().splitlines() if "MemTotal" in line
    )
    return int(total.split()[1]) // 1024


def _version(module: str, packages: tuple[str, ...], apt: str) -> Measurement:
    """Of what this Python would import."""
    if importlib.util.find_spec(module) is None:
        fix = f"If this door is to use it: sudo apt install {apt}"
        return unknown(GROUP, module, "this Python sees none", fix)
    for package in packages:
        try:
            return measured(GROUP, module, metadata.version(package))
        except metadata.PackageNotFoundError:
            continue
    # What apt installs need not say its version to Python.
    return _text(module, _said("dpkg-query", "--show", "--showformat=${Version}", apt))


def _watchdog() -> Measurement:
    folder = _SYS / "class/watchdog/watchdog0"
    identity, seconds = _read(folder / "identity"), _read(folder / "timeout")
    if not identity:
        fix = "Add 'dtparam=watchdog=on' to /boot/firmware/config.txt and restart the Pi."
        return unknown(GROUP, "watchdog", "no hardware watchdog is here", fix)
    return measured(GROUP, "watchdog", identity, said=f"timeout {seconds} s" if seconds else "")


def _temperature(group: str, name: str) -> Iterator[Measurement]:
    millidegrees = _read(_SYS / "class/thermal/thermal_zone0/temp")
    if millidegrees:
        yield measured(group, name, int(millidegrees) / 1000.0, "degrees C")


def _throttled() -> Measurement:
    said = _said("vcgencmd", "get_throttled")
    try:
        bits = int(said.partition("=")[2], 16)
    except ValueError:
        why = "vcgencmd, which tells it, is not here or does not answer"
        fix = "On a Raspberry Pi: as root, or a user in the group video."
        return unknown(AFTERWARDS, "throttled", why, fix)
    told = [text for bit, text in _THROTTLED.items() if bits >> bit & 1]
    if not told:
        return measured(AFTERWARDS, "throttled", "no")
    fix = "Use the supply of this Pi; give the case air or a heat sink."
    return Measurement(AFTERWARDS, "throttled", State.PROBLEM, "; ".join(told), fix=fix)


def _said(*command: str) -> str:
    """What a program says, "" if there is none of that name, or it fails."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=10.0)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""


def _read(path: Path) -> str:
    """A small file of the kernel's, "" if there is none."""
    try:
        return path.read_text(errors="replace").strip()
    except OSError:
        return ""
