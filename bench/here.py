"""What this machine is, and what runs on it: stands beside every table."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path

from edge import __version__

_PACKAGES = ("ai-edge-litert", "numpy", "opencv-python-headless", "tensorflow", "keras")


def here() -> dict[str, str]:
    """Words by name, in their order."""
    kernel = platform.release().partition("-")[0]
    found = {
        "date": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "processor": f"{_processor()}, {os.cpu_count()} cores, {platform.machine()}",
        "load": f"{os.getloadavg()[0]:.1f} other programs at the start",
        "system": f"{_system()}, Linux {kernel}",
        "python": platform.python_version(),
        "onelook": f"{__version__}{_commit()}",
    }
    for package in _PACKAGES:
        try:
            found[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            found[package] = "not here"
    return found


def command() -> str:
    """As it was called, without this machine's folders."""
    arguments = [Path(word).name if "/" in word else word for word in sys.argv[1:]]
    return " ".join(["python -m bench", *arguments])


def _processor() -> str:
    lines = Path("/proc/cpuinfo").read_text(errors="replace").splitlines()
    named = next((line.partition(":")[2].strip() for line in lines if "model name" in line), "")
    flags = next((line for line in lines if line.startswith("flags")), "").split()
    best = next((flag for flag in ("avx512_vnni", "avx_vnni", "avx2") if flag in flags), "")
    return " ".join(filter(None, (named or "unknown", best)))


def _system() -> str:
    try:
        return platform.freedesktop_os_release().get("PRETTY_NAME", "Linux")
    except OSError:
        return "Linux"


def _commit() -> str:
    done = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"],
        cwd=Path(__file__).parent,
        capture_output=True,
        text=True,
        check=False,
    )
    return f" at {done.stdout.strip()}" if done.returncode == 0 else ""
