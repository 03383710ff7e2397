"""The door's end of the socket to the eye. The eye may start later, die, and come back."""

from __future__ import annotations

import os
import select
import socket
import struct
import time
from contextlib import suppress
from pathlib import Path

from edge import journal
from edge.clock import boottime
from edge.contract.errors import UnavailableError
from edge.contract.reasons import Reason
from edge.contract.wire import (
    MAX_BYTES,
    Enough,
    Hello,
    Look,
    Seen,
    WireError,
    decode,
    encode,
)

RETRY_S = 0.2  # to an eye that has not started yet
_SHUN_S = 1.0  # from one that was lost: it cannot be back sooner, nor fill the journal
# What a frame can be. Of the other words an eye knows nothing, "granted" least of all.
_OF_A_FRAME = frozenset(
    {
        Reason.NO_FACE,
        Reason.TWO_FACES,
        Reason.TOO_SMALL,
        Reason.CUT_OFF,
        Reason.TOO_DARK,
        Reason.TOO_BRIGHT,
        Reason.BLURRED,
        Reason.OFF_ANGLE,
        Reason.COVERED,
        Reason.CAMERA_ERROR,
        Reason.ENGINE_ERROR,
    }
)
_CREDENTIALS = struct.Struct("3i")  # pid, uid, gid: socket(7), SO_PEERCRED


class LostError(Exception):
    """The eye is gone, or spoke nonsense; the connection is closed."""


class Link:
    """Never blocks. Close it."""

    def __init__(self, path: Path, model: str, dimensions: int) -> None:
        self._path, self._model, self._dimensions = path, model, dimensions
        self._socket: socket.socket | None = None
        self._fault: Reason | None = Reason.CAMERA_ERROR
        self._next_try = 0.0

    @property
    def socket(self) -> socket.socket | None:
        """To wait for messages on; None while there is no eye."""
        return self._socket

    @property
    def fault(self) -> Reason | None:
        """Why the eye cannot be asked now; None if it can."""
        return self._fault

    def connect(self) -> bool:
        """Try once, if it is time to; true if there is an eye that is one of ours."""
        now = boottime()
        if now < self._next_try:
            return False
        self._next_try = now + RETRY_S
        attempt = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET | socket.SOCK_NONBLOCK)
        try:
            attempt.connect(str(self._path))
        except OSError:
            attempt.close()
            return False
        if not _one_of_ours(attempt):
            journal.write("eye_stranger", priority=journal.WARNING)
            self._next_try = now + _SHUN_S
            attempt.close()
            return False
        self._socket = attempt
        return True

    def meet(self, deadline: float) -> None:
        """Wait for an eye with our network, at most until then, CLOCK_BOOTTIME seconds.

        Raises:
            UnavailableError: none came, or one with another network.
        """
        while self._fault is Reason.CAMERA_ERROR and boottime() < deadline:
            if self._socket is None and not self.connect():
                time.sleep(RETRY_S)
                continue
            select.select([self._socket], [], [], RETRY_S)
            with suppress(LostError):
                self.receive()
        if self._fault is not None:
            raise UnavailableError(
                f"the door starts, but no eye with its network answers ({self._fault.value}).",
                remedy="Read why: journalctl -u onelook-eye.service",
            )

    def receive(self) -> Seen | None:
        """One message; None if it was the greeting, or nothing came after all.

        Raises:
            LostError: see there.
        """
        if self._socket is None:
            return None
        try:
            packet = self._socket.recv(MAX_BYTES + 1)
            message = decode(packet) if packet else None
        except BlockingIOError:
            return None
        except (OSError, WireError) as e:
            raise self._lost(str(e)) from e
        match message:
            case Hello():
                self._greeted(message)
                return None
            case Seen() if self._fault is None and (
                message.reason is None or message.reason in _OF_A_FRAME
            ):
                return message
        raise self._lost("it has gone" if message is None else "an eye does not say that")

    def send(self, message: Look | Enough) -> None:
        """Raises: LostError: see there."""
        try:
            if self._socket is None:
                raise BrokenPipeError("no eye")
            self._socket.send(encode(message))
        except OSError as e:
            raise self._lost(str(e)) from e

    def close(self) -> None:
        """Let the eye go."""
        if self._socket is not None:
            self._socket.close()
        self._socket, self._fault = None, Reason.CAMERA_ERROR

    def _greeted(self, hello: Hello) -> None:
        if (hello.model, hello.dimensions) == (self._model, self._dimensions):
            self._fault = None
            return
        self._fault = Reason.ENGINE_ERROR
        journal.write(
            "eye_model",
            priority=journal.ERROR,
            theirs=hello.model,
            ours=self._model,
            remedy="restart both services",
        )

    def _lost(self, why: str) -> LostError:
        journal.write("eye_lost", priority=journal.ERROR, why=why)
        self.close()
        self._next_try = boottime() + _SHUN_S
        return LostError(why)


def _one_of_ours(peer: socket.socket) -> bool:
    """Whether the process at the other end runs as our user or group, by the kernel's word."""
    raw = peer.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
    _, uid, gid = _CREDENTIALS.unpack(raw)
    return uid == os.getuid() or gid == os.getgid()
