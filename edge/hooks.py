"""Commands of the owner's for what happens at the door, run beside it and never by it.

A service of its own reads the journal, as any user of the group systemd-journal may: it has neither
the gallery nor the log nor a pin, so that a command that is slow, or somebody else's by now, holds
up nobody and opens nothing. What happened goes into a command's environment, never into its line.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from threading import Semaphore

from edge import journal
from edge.contract.errors import UnavailableError
from edge.contract.reasons import Happening, Reason

HOOKS = ("granted", "denied", "lockout", "alarm", "fault")
_FAULTS = frozenset({"fault", "eye_fault", "eye_lost"})
_AT_ONCE, _WAITING = 4, 100
_PASSED_ON = ("EVENT", "REASON", "SEQ", "PRESS", "PERSON", "MODE", "WHAT", "REMEDY")
_FOLLOW = ("journalctl", "--follow", "--lines=0", "--output=json", "--identifier=onelook")


@dataclass(frozen=True)
class Hooks:
    """commands: hook -> the file to run. timeout_s: then it is killed, with all it started."""

    commands: Mapping[str, str]
    timeout_s: float


def hook_of(event: str, reason: str) -> str | None:
    """Which hook an event of the journal is for; None: for none."""
    if event in _FAULTS:
        return "fault"
    if event == "door":
        return "alarm" if reason in {h.value for h in Happening if h.alarms} else None
    if event != "press":
        return None
    return {Reason.GRANTED.value: "granted", Reason.LOCKOUT.value: "lockout"}.get(reason, "denied")


@contextmanager
def journal_lines() -> Iterator[Iterable[str]]:
    """What the door and the eye tell from now on, as JSON, a line each.

    Raises:
        UnavailableError: there is no journal.
    """
    try:
        reader = subprocess.Popen(_FOLLOW, stdout=subprocess.PIPE, text=True)
    except FileNotFoundError as e:
        raise UnavailableError(
            "there is no journalctl here.", remedy="Hooks need systemd's journal."
        ) from e
    with reader:
        assert reader.stdout is not None  # noqa: S101 - asked for above
        try:
            yield reader.stdout
        finally:
            reader.terminate()


def run_hooks(lines: Iterable[str], hooks: Hooks) -> None:
    """Run the command of each event, some at a time, until there are no more lines."""
    room = Semaphore(_WAITING)
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        for line in lines:
            fields = _fields(line)
            hook = hook_of(fields.get("EVENT", ""), fields.get("REASON", ""))
            command = hooks.commands.get(hook or "")
            if not command:
                continue
            if not room.acquire(blocking=False):
                journal.write("hook_dropped", priority=journal.WARNING, hook=hook)
                continue
            done = pool.submit(_run, command, str(hook), fields, hooks.timeout_s)
            done.add_done_callback(lambda _: room.release())


def _run(command: str, hook: str, fields: Mapping[str, str], timeout_s: float) -> None:
    told = {f"ONELOOK_{name}": fields[name] for name in _PASSED_ON if name in fields}
    environment = {"PATH": os.defpath, "ONELOOK_HOOK": hook, **told}
    try:
        # A session of its own, so that what it started ends with it.
        child = subprocess.Popen(
            [command],
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=sys.stderr,
            start_new_session=True,
        )
    except OSError as e:
        _failed(hook, command, e.strerror or str(e))
        return
    try:
        code = child.wait(timeout_s)
        if code != 0:
            _failed(hook, command, f"exit status {code}")
    except subprocess.TimeoutExpired:
        _failed(hook, command, f"not done within {timeout_s:g} s")
    finally:
        with suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGKILL)
        child.wait()


def _failed(hook: str, command: str, why: str) -> None:
    journal.write("hook_failed", priority=journal.WARNING, hook=hook, command=command, why=why)


def _fields(line: str) -> dict[str, str]:
    """Ours, without their prefix; what is no line of the journal has none."""
    try:
        found = json.loads(line)
    except ValueError:
        return {}
    if not isinstance(found, dict):
        return {}
    prefix = "ONELOOK_"
    return {
        name.removeprefix(prefix): value
        for name, value in found.items()
        if name.startswith(prefix) and isinstance(value, str) and "\0" not in value
    }
