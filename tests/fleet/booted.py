"""Doors that are booted and reached by ssh: containers of the systemd lane with sshd in them.

What a door writes lies in an overlay that goes with it; it outlives a reboot, as on a card.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from pathlib import Path
from typing import Self

from tests.fleet.mosquitto import free_port
from tests.systemd.container import CACHE, REPOSITORY

USER = "pi"
_START_S, _STOP_S, _COMMAND_S = 60.0, 30.0, 120.0
_PICTURE = REPOSITORY / "application_data/input_images/obama_2.jpg"
PICTURES = "/var/lib/door-pictures"  # what the door's camera sees
_PLAYED = "[Service]\nEnvironment=GPIOZERO_PIN_FACTORY=mock\n"
_SSHD = "Port {port}\nListenAddress 127.0.0.1\nPasswordAuthentication no\n"


def missing(*suites: str) -> str:
    """What this machine lacks for such doors; "" if it lacks nothing."""
    if os.geteuid() != 0:
        return "containers are started by root"
    lacks = [p for p in ("systemd-nspawn", "ssh", "ssh-keygen") if shutil.which(p) is None]
    if lacks:
        return f"not installed: {', '.join(lacks)}"
    for suite in suites:
        if not (CACHE / f"ssh-{suite}").is_dir() or not (CACHE / f"wheels-{suite}").is_dir():
            return f"no root file system with sshd: tests/fleet/prepare.sh {suite}"
    return ""


class BootedDoor:
    """A Debian with its own systemd, pins and a camera that are played, and nothing of onelook."""

    def __init__(self, name: str, suite: str, folder: Path, key: Path) -> None:
        """folder: empty, on a file system that an overlay can lie on. key: who may log in."""
        self.name, self.suite, self.key, self.port = name, suite, key, free_port()
        self._folder, self.root = folder, folder / "root"
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self._mount()
        try:
            self._prepare()
            self._boot()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        if self._process is not None:
            self._process.send_signal(signal.SIGTERM)  # which powers it off in order
            try:
                self._process.wait(_STOP_S)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        subprocess.run(["umount", "--lazy", self.root], check=True)
        shutil.rmtree(self._folder, ignore_errors=True)

    def __call__(self, command: str, *, check: bool = True) -> str:
        """What a command line says, run there by root."""
        done = self._ssh(f"sudo sh -c '{command}'")
        assert done.returncode == 0 or not check, f"{self.name}: {command}\n{done.stderr}"
        return done.stdout.strip()

    def _ssh(self, command: str) -> subprocess.CompletedProcess[str]:
        options = ("-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null")
        return subprocess.run(
            [
                "ssh",
                "-q",
                "-i",
                self.key,
                "-p",
                str(self.port),
                *options,
                f"{USER}@127.0.0.1",
                command,
            ],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=_COMMAND_S,
        )

    def _mount(self) -> None:
        upper, work = self._folder / "upper", self._folder / "work"
        for folder in (self.root, upper, work):
            folder.mkdir(parents=True)
        layers = f"lowerdir={CACHE / f'ssh-{self.suite}'},upperdir={upper},workdir={work}"
        subprocess.run(["mount", "-t", "overlay", "overlay", "-o", layers, self.root], check=True)

    def _prepare(self) -> None:
        """A user as on a Pi, and what is played."""
        chroot = ("chroot", self.root)
        self._write(self.root / "etc/hostname", f"{self.name}\n")
        self._write(self.root / "etc/hosts", f"127.0.0.1 localhost {self.name}\n")
        subprocess.run([*chroot, "useradd", "--create-home", "--shell=/bin/bash", USER], check=True)
        known = self.root / f"home/{USER}/.ssh/authorized_keys"
        self._write(known, self.key.with_suffix(".pub").read_text())
        subprocess.run([*chroot, "chown", "-R", f"{USER}:", f"/home/{USER}"], check=True)
        self._write(self.root / "etc/sudoers.d/pi", f"{USER} ALL=(ALL) NOPASSWD: ALL\n")
        self._write(self.root / "etc/ssh/sshd_config.d/port.conf", _SSHD.format(port=self.port))
        for unit in ("onelook-eye", "onelook"):
            self._write(self.root / f"etc/systemd/system/{unit}.service.d/played.conf", _PLAYED)
        picture = self.root / PICTURES.lstrip("/") / "1.jpg"
        picture.parent.mkdir()
        shutil.copyfile(_PICTURE, picture)

    @staticmethod
    def _write(path: Path, content: str) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)

    def _boot(self) -> None:
        command = ["systemd-nspawn", "--quiet", "--register=no", "--keep-unit", "--boot"]
        command += ["-D", str(self.root), "--console=read-only", f"--machine={self.name}"]
        with (self._folder / "console").open("wb") as console:
            self._process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=console, stderr=console
            )
        deadline = time.monotonic() + _START_S
        while self._ssh("true").returncode != 0:
            console_said = (self._folder / "console").read_text(errors="replace")[-2000:]
            assert self._process.poll() is None, console_said
            assert time.monotonic() < deadline, f"{self.name}: no sshd; {console_said}"
            time.sleep(0.3)
