"""A user-mode Linux kernel, an ordinary process, started for one script; nothing of it stays."""

from __future__ import annotations

import os
import signal
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.systemd.container import CACHE as CONTAINERS
from tests.systemd.container import REPOSITORY, result_in

CACHE = CONTAINERS.with_name("doorvm")
WHEELS = CONTAINERS / "wheels-trixie"


def missing() -> str:
    """What this machine lacks for the VM; "" if it lacks nothing."""
    needed = (CACHE / "linux", CACHE / "disk.img", WHEELS)
    lacking = [path for path in needed if not path.exists()]
    return f"no {lacking[0]}: tests/doorvm/prepare.sh" if lacking else ""


def boot(script: str, out: Path, *, disks: Sequence[Path] = (), limit_s: float) -> dict[str, Any]:
    """Start the VM, run a script of the repository in it as root, power off.

    The guest sees the repository as /src, the wheels as /wheels, and `out` as /out.

    Args:
        script: its path in the repository.
        out: an empty folder for what it writes.
        disks: further disks, /dev/ubdb and so on.
        limit_s: then it is switched off, whatever it does.

    Returns:
        The guest's result.json.
    """
    with tempfile.TemporaryDirectory(dir=CACHE, prefix=".run-") as run:
        command = [
            *(str(CACHE / "linux"), "mem=1024M", f"uml_dir={run}"),
            f"ubd0={run}/changes,{CACHE / 'disk.img'}",
            *(f"ubd{number}={disk}" for number, disk in enumerate(disks, 1)),
            *("root=/dev/ubda", "rw", "con=null", "con0=null,fd:1", "quiet", "loglevel=4"),
            *("random.trust_cpu=on", "systemd.show_status=0"),
            _folder("/src", REPOSITORY, "ro"),
            _folder("/wheels", WHEELS, "ro"),
            _folder("/out", out, "rw"),
            *(f"systemd.run=/src/{script}", "systemd.run_success_action=poweroff-force"),
            "systemd.run_failure_action=poweroff-force",
        ]
        # The guest's memory is an unlinked file under TMPDIR, best one that is memory itself.
        memory = {"TMPDIR": "/dev/shm"} if Path("/dev/shm").is_dir() else {}  # noqa: S108
        with (
            (out / "console").open("wb") as console,
            subprocess.Popen(
                command,
                env=memory | os.environ,
                stdin=subprocess.DEVNULL,
                stdout=console,
                stderr=console,
                start_new_session=True,
            ) as kernel,
        ):
            try:
                kernel.wait(limit_s)
            except BaseException:
                os.killpg(kernel.pid, signal.SIGKILL)  # it has a process for each of its own
                raise
    return result_in(out)


def _folder(where: str, folder: Path, mode: str) -> str:
    """A word of the kernel's command line, for a folder of the host's in the guest."""
    return f"systemd.mount-extra=none:{where}:hostfs:hostfs={folder},{mode}"
