"""One line for each thing that happened: an event word and fields, never a sentence to be parsed.

Under systemd with systemd-python the fields are the journal's own, so that
`journalctl ONELOOK_REASON=granted` finds them; elsewhere they are one line on stderr.
No name of a person, embedding or distance ever goes here.
"""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Mapping
from typing import Any

from edge.messages import message_id

ALERT, CRITICAL, ERROR, WARNING, NOTICE, INFO = 1, 2, 3, 4, 5, 6
_IDENTIFIER = "onelook"


def write(event: str, *, priority: int = INFO, **fields: object) -> None:
    """Tell of an event; fields that are None or empty are left out."""
    kept = {name: value for name, value in fields.items() if value is not None and value != ""}
    line = " ".join([event, *(f"{name}={_quoted(value)}" for name, value in kept.items())])
    # The door works on without a listener: a journal that has gone is no reason to stay shut.
    with contextlib.suppress(OSError):
        _tell(line, event, priority, kept)


def _tell(line: str, event: str, priority: int, kept: Mapping[str, object]) -> None:
    if not _under_systemd():
        sys.stderr.write(f"{_IDENTIFIER}: {line}\n")
    elif (send := _journal()) is not None:
        upper = {f"ONELOOK_{name.upper()}": str(value) for name, value in kept.items()}
        send(
            line,
            PRIORITY=priority,
            SYSLOG_IDENTIFIER=_IDENTIFIER,
            MESSAGE_ID=message_id(event, kept.get("reason")) or None,
            ONELOOK_SCHEMA=1,
            ONELOOK_EVENT=event,
            **upper,
        )
    else:
        sys.stderr.write(f"<{priority}>{line}\n")  # sd-daemon(3): journald takes the prefix off
    sys.stderr.flush()


def _under_systemd() -> bool:
    """Whether stderr is the journal: $JOURNAL_STREAM alone is inherited by anything started."""
    device, _, inode = os.environ.get("JOURNAL_STREAM", "").partition(":")
    try:
        here = os.fstat(sys.stderr.fileno())
    except (OSError, ValueError):
        return False
    return (device, inode) == (str(here.st_dev), str(here.st_ino))


def _journal() -> Any:  # noqa: ANN401 - systemd-python comes without types
    try:
        from systemd import journal
    except ImportError:
        return None
    return journal.send


def _quoted(value: object) -> str:
    text = f"{value:.6g}" if isinstance(value, float) else str(value)
    plain = text.isprintable() and not any(c in text for c in ' "=')
    return text if plain and text else repr(text)
