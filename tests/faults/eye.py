"""The eye of a history, at the real socket: it answers as the press's script says, and lies."""

from __future__ import annotations

import socket
from dataclasses import dataclass
from pathlib import Path

from edge.contract.wire import MAX_BYTES, Enough, Hello, Look, Seen, decode, encode
from tests.faults.faces import embedding, manifest
from tests.faults.facts import Told
from tests.faults.steps import Frame, Of, Press, Shows, Taken
from tests.faults.world import World

_NUMBERS = tuple(float(n) for n in range(14))
_STEP_S = 1e-3


@dataclass
class _Burst:
    """What was asked for last, and the frames that were told of it."""

    look: Look
    last: float
    enough: bool = False


class Eye:
    """One for all histories of a process; `begin` starts a new one."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._listener: socket.socket | None = None
        self._door: socket.socket | None = None
        self._world = World(uptime=0.0)
        self._script = Press()
        self._burst: _Burst | None = None
        self._before: Look | None = None
        self._ours = self._greets = True

    def begin(self, world: World) -> None:
        """Listen, and know nothing of earlier histories."""
        self.die()
        self._world, self._burst, self._before = world, None, None
        self._script = Press()
        self.listen(ours=True, greets=True)

    def listen(self, *, ours: bool, greets: bool) -> None:
        """Be there for the door. ours: with its network. greets: say so."""
        self.die()
        self._ours, self._greets = ours, greets
        self._path.unlink(missing_ok=True)
        kind = socket.SOCK_SEQPACKET | socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC
        self._listener = socket.socket(socket.AF_UNIX, kind)
        self._listener.bind(str(self._path))
        self._listener.listen(4)

    def die(self) -> None:
        """Both sockets are closed, by the kernel."""
        for one in (self._door, self._listener):
            if one is not None:
                one.close()
        self._door = self._listener = None

    def next_is(self, script: Press) -> None:
        """What to do when the door asks next."""
        self._script = script

    def attend(self) -> None:
        """Take whatever came from the door."""
        while self._door is not None or self._accepted():
            try:
                packet = self._door.recv(MAX_BYTES)
            except BlockingIOError:
                return
            except ConnectionError:
                packet = b""
            if packet:
                self._hear(decode(packet))
            else:  # the door has gone, or will not have this eye any more
                self._door.close()
                self._door = None

    def _accepted(self) -> bool:
        """Whether the door has come anew."""
        if self._listener is None:
            return False
        try:
            self._door, _ = self._listener.accept()
        except BlockingIOError:
            return False
        self._door.settimeout(0.0)
        if self._greets:
            self._send(self._hello())
        return True

    def speak(self, frame: Frame) -> None:
        """Tell of a frame, to whomever is there."""
        look = Look(0, self._world.boottime(), 0.0, 3)  # of no press, if none was asked about
        self._tell(frame, self._burst or _Burst(look, look.not_before))

    def _hear(self, message: object) -> None:
        match message:
            case Look():
                self._before = self._burst.look if self._burst else None
                self._burst = _Burst(message, max(message.not_before, self._world.boottime()))
                self._answer(self._burst, self._script)
                self._script = Press()
            case Enough() if self._burst is not None:
                self._burst.enough = True

    def _answer(self, burst: _Burst, script: Press) -> None:
        connection, after = self._door, 0.0

        def tell(frame: Frame) -> None:
            if self._door is connection and (script.deaf or not burst.enough):
                self._tell(frame, burst)

        def die() -> None:
            if self._door is connection:
                self.die()

        for frame in script.frames:
            after += frame.after
            self._world.call(after, lambda frame=frame: tell(frame))
        if script.dies:
            self._world.call(after + _STEP_S, die)

    def _tell(self, frame: Frame, burst: _Burst) -> None:
        packet, captured, seen = self._made(frame, burst)
        if self._send(packet):
            self._world.saw(Told(frame, captured, seen))

    def _made(self, frame: Frame, burst: _Burst) -> tuple[bytes, float, Seen | None]:
        """(packet, when the picture was truly taken, what the packet says)"""
        if frame.shows is Shows.GARBAGE:
            return frame.garbage, 0.0, None
        taken = max(self._world.boottime(), burst.last + _STEP_S)
        match frame.taken:
            case Taken.BEFORE:
                taken = burst.look.not_before - _STEP_S
            case Taken.AGAIN:
                taken = burst.last
            case Taken.BACKWARDS:
                taken = burst.last - _STEP_S / 2
            case Taken.NOW:
                burst.last = taken
        press = burst.look.press
        match frame.of:
            case Of.OLDER:
                press = self._before.press if self._before else max(0, press - 1)
            case Of.NEWER:
                press += 1
        reason = frame.reason if frame.shows is Shows.REASON else None
        ms = (1.0, 2.0, 3.0)
        seen = Seen(press, 1, taken, reason, embedding(frame), _NUMBERS, (), ms)
        return encode(seen), taken, seen

    def _hello(self) -> bytes:
        model = manifest().model if self._ours else "f" * 16
        return encode(Hello(model, manifest().dimensions))

    def _send(self, packet: bytes) -> bool:
        if self._door is None:
            return False
        try:
            self._door.send(packet)
        except OSError:  # the door has closed its end
            return False
        return True
