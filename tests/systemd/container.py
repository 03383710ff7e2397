"""A root file system started with its own systemd, for one script; nothing of it stays."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).resolve().parents[2]
GUEST = Path(__file__).resolve().parent / "guest"
CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "onelook/systemd"
_LIMIT_S = 240


def missing(suite: str) -> str:
    """What this machine lacks for a container of that suite; "" if it lacks nothing."""
    if os.geteuid() != 0:
        return "containers are started by root"
    if shutil.which("systemd-nspawn") is None:
        return "systemd-nspawn is not here: apt install systemd-container"
    if not (CACHE / suite).is_dir() or not (CACHE / f"wheels-{suite}").is_dir():
        return f"no root file system: tests/systemd/prepare.sh {suite}"
    return ""


def boot(suite: str, script: str, out: Path) -> dict[str, Any]:
    """Start the suite, run guest/`script` in it as root, power off.

    out: an empty folder for what it writes. Returns the guest's result.json.
    """
    command = [
        *("systemd-nspawn", "--quiet", "--register=no", "--keep-unit", "--volatile=overlay"),
        *("-D", str(CACHE / suite), "--console=read-only", "--boot"),
        *("--private-network", f"--bind-ro={REPOSITORY}:/src", f"--bind={out}:/out"),
        *(f"--bind-ro={CACHE / f'wheels-{suite}'}:/wheels", f"--bind-ro={GUEST}:/guest"),
        # Read from PID 1's command line; systemd 252 takes one word for each.
        *(f"systemd.run=/guest/{script}", "systemd.run_success_action=exit"),
        "systemd.run_failure_action=exit",
    ]
    with (out / "console").open("wb") as console:
        subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            stdout=console,
            stderr=console,
            check=False,
            timeout=_LIMIT_S,
        )
    return result_in(out)


def result_in(out: Path) -> dict[str, Any]:
    """What a guest left in its /out. Raises: AssertionError: nothing, with its last words."""
    result = out / "result.json"
    if not result.is_file():
        raise AssertionError((out / "console").read_text(errors="replace")[-3000:])
    return json.loads(result.read_text())
