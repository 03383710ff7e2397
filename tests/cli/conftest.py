"""The command line as a person uses it: real processes, real files, none of the machine's."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
PICTURES = REPOSITORY / "application_data" / "input_images"
OBAMA = REPOSITORY / "application_data" / "verification_images" / "obama_1.jpg"
LIMIT_S = 60  # of one command on a busy machine


class Door:
    """A folder with a configuration and a state, and `onelook` run on it."""

    def __init__(self, folder):
        self.folder = folder
        self.state = folder / "state"
        self.config = folder / "onelook.toml"
        self.settings = {
            "paths": {"state_dir": str(self.state), "socket": str(folder / "eye.sock")},
            "camera": {"source": f"folder:{folder / 'camera'}"},
        }
        (folder / "camera").mkdir()
        self.configure()

    def configure(self, **sections):
        """Write the configuration, with more keys in some sections."""
        for section, keys in sections.items():
            self.settings.setdefault(section, {}).update(keys)
        lines = []
        for section, keys in self.settings.items():
            lines.append(f"[{section}]")
            lines += [f"{key} = {json.dumps(value)}" for key, value in keys.items()]
        self.config.write_text("\n".join(lines) + "\n")

    def __call__(self, *arguments, **environment):
        """`onelook ARGUMENTS --config ...`, finished."""
        return onelook(*arguments, "--config", self.config, **environment)

    def json(self, *arguments):
        """The one document of a command, and its exit code."""
        done = self(*arguments, "--json")
        return json.loads(done.stdout), done.returncode

    def gallery(self):
        """Every byte of the state, by file name."""
        files = (p for p in self.state.rglob("*") if p.is_file() and "events" not in p.name)
        return {str(p.relative_to(self.state)): p.read_bytes() for p in files}


def onelook(*arguments, **environment):
    return subprocess.run(
        [sys.executable, "-m", "edge", *map(str, arguments)],
        cwd=REPOSITORY,
        env={**os.environ, **environment},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
        check=False,
    )


@pytest.fixture(name="onelook")
def _onelook():
    """`onelook` without a configuration."""
    return onelook


@pytest.fixture
def door(tmp_path):
    return Door(tmp_path)


@pytest.fixture
def obama():
    """The photograph that the demo enrols from."""
    return OBAMA


@pytest.fixture
def pictures():
    """The folder of what the demo's camera sees."""
    return PICTURES


@pytest.fixture
def running(door, obama, repository):
    """A door with Ada enrolled, on mock pins, and its eye."""
    assert door("enroll", "Ada", obama).returncode == 0
    ours, theirs = socket.socketpair()
    common = {"cwd": repository, "stdin": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    edge = [sys.executable, "-m", "edge"]
    eye = subprocess.Popen([*edge, "eye", "--config", door.config], **common)
    wires = ["--wires", str(theirs.fileno())]
    process = subprocess.Popen(
        [*edge, "run", "--config", door.config, *wires], pass_fds=[theirs.fileno()], **common
    )
    theirs.close()
    ours.settimeout(LIMIT_S)
    with ours, process, eye:
        assert b"ready" in ours.recv(4096)
        yield door
        process.terminate()
        eye.terminate()
