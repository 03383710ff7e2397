"""The yardsticks' files: made once by tensorflow in a process of its own, and kept."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from bench.making import FILES
from bench.networks import Network, network

_PACKAGES = Path(__file__).resolve().parent.parent


def yardsticks(folder: Path) -> tuple[list[Network], str]:
    """(what is there, why the rest is not)."""
    missing = [file for file in FILES.values() if not (folder / file).exists()]
    why = _make(folder) if missing else ""
    found = [
        network(name, (folder / file).read_bytes())
        for name, file in FILES.items()
        if (folder / file).exists()
    ]
    return found, why


def kept_in() -> Path:
    """Outside of the repository, where caches are."""
    base = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(base) / "onelook-bench"


def _make(folder: Path) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "bench.making", str(folder)],
        cwd=_PACKAGES,
        env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": ""},
        capture_output=True,
        text=True,
        check=False,
    )
    return "" if done.returncode == 0 else done.stderr.strip().splitlines()[-1]
