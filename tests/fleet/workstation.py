"""The playbook of deploy/ansible as a workstation runs it, and what it says of each door."""

from __future__ import annotations

import json
import os
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

from tests.systemd.container import CACHE, REPOSITORY

PLAYBOOKS = REPOSITORY / "deploy/ansible"
PROGRAMS = REPOSITORY / ".venv-ansible/bin"
_LIMIT_S = 900
_TOLD = re.compile(r"^(\S+)\s+: (ok=\d+.*)$", re.MULTILINE)
_SSH = "-o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null"


@dataclass(frozen=True)
class Round:
    """A run over the doors. told: door -> word -> how many tasks, of the recap."""

    code: int
    said: str
    told: dict[str, dict[str, int]]

    def counts(self, word: str) -> dict[str, int]:
        return {door: counts[word] for door, counts in self.told.items()}


class Workstation:
    """A folder with an inventory of booted doors."""

    def __init__(self, folder: Path, doors) -> None:
        self.folder, self.variables = folder, {}
        self._hosts = {
            door.name: {
                "ansible_port": door.port,
                "ansible_ssh_private_key_file": str(door.key),
                "onelook_door_wheelhouse": str(CACHE / f"wheels-{door.suite}"),
            }
            for door in doors
        }

    def run(self, *options: str, **variables: object) -> Round:
        """The playbook, with variables for this run alone; the most that it can say."""
        done = self._started("ansible-playbook", "door.yml", "-vv", "--diff", *options, **variables)
        told = {
            door: {word: int(n) for word, n in (pair.split("=") for pair in counts.split())}
            for door, counts in _TOLD.findall(done.stdout)
        }
        return Round(done.returncode, done.stdout + done.stderr, told)

    def address(self, door: str) -> str:
        """A door's own, as the page says to ask for it."""
        command = ("-b", "-m", "ansible.builtin.shell", "-a", "onelook gallery key 2>/dev/null")
        done = self._started("ansible", door, *command)
        return re.search(r"^door1-\S+$", done.stdout, re.MULTILINE)[0]

    def _started(self, program, *arguments, **variables):
        inventory = self.folder / "inventory.json"
        inventory.write_text(json.dumps({"doors": {"hosts": self._hosts, "vars": self._vars}}))
        extra = ("--extra-vars", json.dumps(variables)) if variables else ()
        return subprocess.run(
            [PROGRAMS / program, "-i", inventory, *arguments, *extra],
            cwd=PLAYBOOKS,
            env={
                **os.environ,
                "PATH": f"{PROGRAMS}:{os.environ['PATH']}",
                "ANSIBLE_HOME": str(self.folder / "home"),
                "ANSIBLE_NOCOLOR": "1",
            },
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=_LIMIT_S,
        )

    @property
    def _vars(self) -> dict[str, object]:
        return {
            "ansible_host": "127.0.0.1",
            "ansible_user": "pi",
            "ansible_python_interpreter": "/usr/bin/python3",
            "ansible_pipelining": True,
            "ansible_ssh_common_args": _SSH,
            "onelook_door_archives": str(self.folder / "archives"),
            **self.variables,
        }
