"""Telling systemd how the service is: sd_notify(3), which is one datagram, without a library."""

from __future__ import annotations

import contextlib
import os
import socket

_WAIT_S = 0.5


def ready() -> None:
    """The service works: `systemctl start` may return."""
    _send("READY=1")


def watchdog() -> None:
    """The service made progress. Call it from the work itself, never from a timer of its own."""
    _send("WATCHDOG=1")


def stopping() -> None:
    """The service is on its way out, in order."""
    _send("STOPPING=1")


def status(text: str) -> None:
    """A line that `systemctl status` shows."""
    _send(f"STATUS={text}")


def watchdog_interval() -> float | None:
    """Seconds between two calls of `watchdog`, half of what systemd allows; None: none expected."""
    allowed_us, pid = os.environ.get("WATCHDOG_USEC", ""), os.environ.get("WATCHDOG_PID", "")
    if not allowed_us.isdigit() or (pid and pid != str(os.getpid())):
        return None
    return int(allowed_us) / 1e6 / 2


def _send(message: str) -> None:
    address = os.environ.get("NOTIFY_SOCKET", "")
    if not address:
        return
    if address.startswith("@"):  # Linux' abstract sockets
        address = "\0" + address[1:]
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as sender:
        # A full socket, because nobody reads it, must not hold up a door.
        sender.settimeout(_WAIT_S)
        with contextlib.suppress(TimeoutError):
            sender.connect(address)
            sender.sendall(message.encode())
