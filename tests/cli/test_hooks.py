"""The owner's commands: the right one, with what happened in its environment, not for long."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from edge.contract.reasons import Happening, Reason
from edge.hooks import HOOKS, hook_of
from tests.cli.conftest import LIMIT_S, REPOSITORY


@pytest.fixture
def hook(door):
    """Makes a command of the owner's: a shell script of these lines."""

    def make(name, *lines):
        script = door.folder / name
        script.write_text("#!/bin/sh\n" + "\n".join(lines) + "\n")
        script.chmod(0o755)
        door.configure(hooks={name: str(script), "timeout": "1s"})

    return make


def told(door, *events):
    """`onelook hooks`, to which the journal tells these events."""
    lines = [json.dumps({f"ONELOOK_{k.upper()}": v for k, v in e.items()}) for e in events]
    return subprocess.run(
        [sys.executable, "-m", "edge", "hooks", "--stdin", "--config", str(door.config)],
        cwd=REPOSITORY,
        input="\n".join(["no line of the journal", *lines, "[1]"]),
        env={**os.environ, "SECRET": "s"},
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
        check=False,
    )


def test_each_event_is_for_the_hook_that_it_says():
    assert hook_of("press", "granted") == "granted"
    assert hook_of("press", "lockout") == "lockout"
    assert {hook_of("press", r.value) for r in Reason} == {"granted", "lockout", "denied"}
    alarms = {h for h in Happening if hook_of("door", h.value) == "alarm"}
    assert alarms == {Happening.DOOR_FORCED, Happening.DOOR_HELD, Happening.TAMPER}
    assert hook_of("fault", "") == hook_of("eye_fault", "") == "fault"
    assert hook_of("heartbeat", "") is hook_of("", "") is None
    assert {hook_of("press", "x"), "granted", "lockout", "alarm", "fault"} == set(HOOKS)


def test_a_command_is_run_with_what_happened_and_nothing_else(door, hook):
    hook("granted", f"env > {door.folder}/seen")
    event = {"event": "press", "reason": "granted", "seq": "7", "person": "p-1", "mode": "normal"}
    hostile = {"what": "$(touch /tmp/pwned); `id`", "event": "press", "reason": "too_dark"}
    assert told(door, event, hostile).returncode == 0
    seen = dict(line.split("=", 1) for line in (door.folder / "seen").read_text().splitlines())
    ours = {name: value for name, value in seen.items() if name.startswith("ONELOOK")}
    assert ours == {
        "ONELOOK_HOOK": "granted",
        "ONELOOK_EVENT": "press",
        "ONELOOK_REASON": "granted",
        "ONELOOK_SEQ": "7",
        "ONELOOK_PERSON": "p-1",
        "ONELOOK_MODE": "normal",
    }
    assert "SECRET" not in seen


def test_one_that_hangs_is_killed_with_all_it_started_and_holds_up_no_other(door, hook):
    hook("denied", f"sleep 300 & echo $! > {door.folder}/child", "wait")
    hook("alarm", f"touch {door.folder}/told")
    started = time.monotonic()
    done = told(
        door, {"event": "press", "reason": "no_face"}, {"event": "door", "reason": "tamper"}
    )
    assert time.monotonic() - started < 60
    assert (door.folder / "told").exists()
    assert "hook_failed hook=denied" in done.stderr
    assert "not done within 1 s" in done.stderr
    program = Path("/proc") / (door.folder / "child").read_text().strip() / "exe"
    deadline = time.monotonic() + 5
    while program.exists() and time.monotonic() < deadline:  # a dead one, not yet buried, has none
        time.sleep(0.05)
    assert not program.exists()


def test_one_that_fails_or_is_not_there_is_told(door, hook):
    hook("fault", "exit 3")
    assert "exit status 3" in told(door, {"event": "fault", "what": "disk"}).stderr
    door.configure(hooks={"fault": "/nowhere/at-all"})
    assert "No such file" in told(door, {"event": "fault", "what": "disk"}).stderr


def test_a_flood_runs_no_more_than_can_wait(door, hook):
    hook("denied", "sleep 0.2")
    done = told(door, *[{"event": "press", "reason": "no_face"}] * 300)
    assert done.returncode == 0
    assert "hook_dropped" in done.stderr


@pytest.mark.parametrize("command", ["tell-me", "mail -s door", "./x"])
def test_a_command_without_a_path_is_refused(door, command):
    door.configure(hooks={"alarm": command})
    assert door("config", "check").returncode == 78
