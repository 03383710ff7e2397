"""The other end of `onelook tell`: a socket that systemd listens at, or a process of our own."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from edge.contract.errors import UnavailableError
from edge.tell.place import Place, asked_for

_AT_ONCE_BYTES = 65536
_BEGIN_S = 30.0  # a slow card, and a log of a hundred thousand events


class Feed:
    """Lines of the teller."""

    def __init__(self, teller: socket.socket, place: Place | None) -> None:
        """place: behind which row to begin; None: with what happens from now on.

        Raises:
            UnavailableError: it hangs up.
        """
        self._teller, self._rest = teller, b""
        teller.settimeout(_BEGIN_S)
        try:
            teller.sendall(asked_for(place))
        except OSError as e:
            raise _gone(str(e)) from e

    def fileno(self) -> int:
        return self._teller.fileno()

    def read(self) -> list[Mapping[str, Any]]:
        """What is there, at least a part of a line; waits for it.

        Raises:
            UnavailableError: the teller hung up, or tells no lines of ours.
        """
        try:
            heard = self._teller.recv(_AT_ONCE_BYTES)
        except OSError as e:
            raise _gone(str(e)) from e
        if not heard:
            raise _gone("it ended")
        *lines, self._rest = (self._rest + heard).split(b"\n")
        try:
            return [json.loads(line) for line in lines]
        except ValueError as e:
            raise _gone(f"it says no JSON: {e}") from e

    def begin(self) -> tuple[Place, bool, list[Mapping[str, Any]]]:
        """Behind which row it begins, whether the log is another than it was, and what follows."""
        lines: list[Mapping[str, Any]] = []
        while not lines:
            lines = self.read()
        first, *rest = lines
        return Place(*first["begins"]), bool(first["anew"]), rest


@contextmanager
def connected(address: Path) -> Iterator[socket.socket]:
    """Where onelook-tell.socket listens. Raises: UnavailableError."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as teller:
        try:
            teller.connect(str(address))
        except OSError as e:
            raise UnavailableError(
                f"{address}: nobody hands out the log ({e.strerror or e}).",
                remedy="Is it listening? systemctl status onelook-tell.socket",
            ) from e
        yield teller


@contextmanager
def started(config: Path | None) -> Iterator[socket.socket]:
    """A process of the same user, for whoever may read the log themselves."""
    ours, theirs = socket.socketpair()
    chosen = () if config is None else ("--config", str(config))
    with ours:
        with theirs:
            process = subprocess.Popen(
                [sys.executable, "-m", "edge", "tell", *chosen], stdin=theirs, stdout=theirs
            )
        try:
            yield ours
        finally:
            process.terminate()
            process.wait()


def _gone(why: str) -> UnavailableError:
    return UnavailableError(
        f"who hands out the log has gone ({why}).",
        remedy="Read why: journalctl -u 'onelook-tell@*' -n 5",
    )
