"""`onelook status`, `unlock`, `lock`, `mode`, `clear-lockout`, `reload`: told to a running door."""

from __future__ import annotations

import argparse
import getpass
import json
import os
import time
from collections.abc import Iterator, Mapping
from typing import Any

from edge.cli.arguments import Commands, duration
from edge.cli.output import publish
from edge.config import load_config
from edge.contract.errors import StorageError

_AGAIN_S = 1.0
# What a door that reads its configuration again does not change, since others have read it.
_READ_AT_START = {
    "onelook-eye": ("camera.", "gates.", "paths.", "recognition.bundle", "trust."),
    "onelook-hooks": ("hooks.",),
    "onelook-mqtt": ("mqtt.",),
}


def register(commands: Commands) -> None:
    """Add what this module holds to the parser."""
    status = commands.add(
        "status",
        summary="how the door is: mode, lock, lock-out, people, what is wrong",
        example="sudo onelook status --watch",
        run=_status,
    )
    status.add_argument("--watch", action="store_true", help="again every second")
    unlock = commands.add(
        "unlock",
        summary="open once, now; it is recorded who did and why",
        example='sudo onelook unlock --because "parcel"',
        run=_unlock,
    )
    unlock.add_argument(
        "--for",
        dest="pulse",
        type=duration,
        metavar="TIME",
        help="200ms to 10s, else [door] pulse",
    )
    lock = commands.add("lock", summary="end a pulse now", example="sudo onelook lock", run=_lock)
    mode = commands.add(
        "mode",
        summary="nobody by face (closed), decide and open nothing (shadow), or as ever (normal)",
        example="sudo onelook mode closed --because holidays\n"
        "  sudo onelook mode configured     as [door] mode says",
        run=_mode,
    )
    mode.add_argument("mode", choices=("normal", "closed", "shadow", "configured"), metavar="MODE")
    clear = commands.add(
        "clear-lockout",
        summary="forget the failed presses",
        example="sudo onelook clear-lockout",
        run=_clear,
    )
    reload = commands.add(
        "reload",
        summary="read the configuration again, once nobody is at the door",
        example="sudo onelook reload",
        run=_reload,
    )
    for parser in (unlock, lock, mode, clear, reload):
        parser.add_argument("--because", default="", metavar="TEXT", help="for the record")


def _status(args: argparse.Namespace) -> int:
    while True:
        answer = asked(args, {"do": "status"})
        healthy = not answer["faults"] and answer["armed"]
        if not args.watch:
            return publish(args, "status", _told(answer), ok=healthy, **answer)
        if args.json:  # JSON Lines
            document = {"schema": "onelook.status/1", "ok": healthy, **answer}
            print(json.dumps(document, ensure_ascii=False), flush=True)
        else:
            print(*_told(answer), "", sep="\n", flush=True)
        time.sleep(_AGAIN_S)


def _told(answer: Mapping[str, Any]) -> Iterator[str]:
    mode = answer["mode"]
    if mode != answer["configured_mode"]:
        mode += f" (by command; configured: {answer['configured_mode']})"
    yield f"mode      {mode}"
    yield f"lock      {answer['strike']}; {answer['phase']}"
    yield f"door      {answer['door']}"
    left = answer["lockout"]["left_ms"] / 1000
    wait = f", and nobody is looked at for {left:.0f} s" if left else ""
    yield f"failures  {answer['lockout']['failures']} in a row{wait}"
    yield f"people    {answer['people']}, level {answer['level']}"
    yield f"bundle    {answer['bundle']}"
    if not answer["armed"]:
        yield "fault     not ready: the eye has not answered yet"
    for fault in answer["faults"]:
        yield f"fault     {fault}"


def _unlock(args: argparse.Namespace) -> int:
    pulse = args.pulse
    seconds = load_config(args.config).door.pulse_s if pulse is None else pulse
    answer = asked(args, {"do": "unlock", "seconds": seconds})
    if not answer["opened"]:
        raise StorageError(
            "the lock stays shut: without a record or a line nothing opens.",
            remedy="Read why: journalctl -u onelook -n 5",
        )
    return publish(args, "unlock", [f"open for {seconds:g} s"], seconds=seconds)


def _lock(args: argparse.Namespace) -> int:
    asked(args, {"do": "lock"})
    return publish(args, "lock", ["the lock is shut"])


def _mode(args: argparse.Namespace) -> int:
    mode = None if args.mode == "configured" else args.mode
    answer = asked(args, {"do": "mode", "mode": mode})
    return publish(args, "mode", [f"mode {answer['mode']}"], mode=answer["mode"])


def _clear(args: argparse.Namespace) -> int:
    failures = asked(args, {"do": "clear-lockout"})["failures"]
    lines = [f"{failures} failed presses are forgotten" if failures else "there were none"]
    return publish(args, "clear-lockout", lines, failures=failures)


def _reload(args: argparse.Namespace) -> int:
    changed = asked(args, {"do": "reload"})["changed"]
    restart = sorted(
        {
            service
            for key in changed
            for service, sections in _READ_AT_START.items()
            if key.startswith(sections)
        }
    )
    lines = [f"changed: {', '.join(changed)}" if changed else "read again; nothing has changed"]
    if restart:
        services = " ".join(restart)
        lines.append(f"read by others at their start: sudo systemctl restart {services}")
    return publish(args, "reload", lines, changed=changed, restart=restart)


def asked(
    args: argparse.Namespace, request: Mapping[str, object], *, wait_s: float = 0.0
) -> dict[str, Any]:
    """What the door answers, which is told who asks. Raises: as `edge.door.control.ask`."""
    from edge.door.control import ask

    said = {"who": os.environ.get("SUDO_USER") or getpass.getuser()}
    if because := getattr(args, "because", ""):
        said["because"] = because
    state_dir = load_config(args.config).paths.state_dir
    return ask(state_dir, {**request, **said}, wait_s=wait_s)
