"""What an installation takes on the disk: a package, and all that it depends on."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

_PACKAGES = Path(__file__).resolve().parent.parent
OURS, DLIB, TENSORFLOW = "onelook", "face-recognition", "tensorflow"


@dataclass(frozen=True)
class Footprint:
    """MB of 10^6 bytes, of so many packages."""

    mb: float
    packages: int


def installed(package: str, python: Path) -> Footprint | None:
    """Of a package in the environment of that Python; None: it is not there."""
    code = "import sys; from bench.closure import said; print(said(sys.argv[1]))"
    done = subprocess.run(
        [str(python), "-c", code, package],
        cwd=_PACKAGES,
        capture_output=True,
        text=True,
        check=False,
    )
    said = json.loads(done.stdout) if done.returncode == 0 else None
    return Footprint(said["bytes"] / 1e6, said["packages"]) if said else None


def wheel_mb() -> float | None:
    """Of onelook's own wheel, with bundles and photographs, built for this; None: it cannot be."""
    with tempfile.TemporaryDirectory() as folder:
        code = "import sys, hatchling.build as h; h.build_wheel(sys.argv[1])"
        done = subprocess.run(
            [sys.executable, "-c", code, folder],
            cwd=_PACKAGES,
            capture_output=True,
            check=False,
        )
        wheels = list(Path(folder).glob("*.whl"))
        return wheels[0].stat().st_size / 1e6 if done.returncode == 0 and wheels else None
