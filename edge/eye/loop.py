"""The eye's process: waits for a door's look, and answers it frame by frame.

What a camera, the engine or a door's packet does wrong is answered or journalled here, and the loop
lives on. What nobody foresaw ends the process: the door stays locked, systemd starts a new eye. A
camera stack that hangs holds up the whole loop, and so the feeding of systemd's watchdog with it;
an idle eye proves every few minutes that camera and networks still do what they should.
"""

from __future__ import annotations

import select
import socket
from contextlib import suppress

from edge import journal, notify
from edge.clock import boottime
from edge.config import Config
from edge.contract.errors import CameraError, EngineError, OnelookError
from edge.contract.face import Face
from edge.contract.reasons import Reason
from edge.contract.wire import (
    MAX_BYTES,
    Enough,
    Hello,
    Look,
    Message,
    Seen,
    WireError,
    decode,
    encode,
)
from edge.eye.lens import Lens
from edge.eye.listener import admit, listening
from edge.eye.look import Eye, Sight
from edge.signals import stop_signals
from edge.trusted import trusted_bundle, warn_if_unsigned

_REHEARSE_S = 600.0  # idle, and for no longer without a frame and an answer


def serve(config: Config) -> int:
    """Answer doors, one at a time, until SIGTERM or SIGINT; returns the exit code.

    Raises:
        OnelookError: bundle, engine, camera or socket are not to be had.
    """
    bundle = trusted_bundle(config)
    warn_if_unsigned(bundle)
    eye = Eye(bundle, config.gates)
    hello = Hello(bundle.manifest.model, bundle.manifest.dimensions)
    with (
        Lens(config.camera) as lens,
        stop_signals() as stop,
        listening(config.paths.socket) as listener,
    ):
        journal.write("eye_started", model=hello.model, engine=eye.name)
        notify.ready()
        _Loop(eye, lens, hello, listener).run(stop)
        notify.stopping()
    return 0


class _Loop:
    """One door at most, and of it one look at most; both are replaced by newer ones."""

    def __init__(self, eye: Eye, lens: Lens, hello: Hello, listener: socket.socket) -> None:
        self._eye, self._lens, self._hello = eye, lens, hello
        self._listener = listener
        self._door: socket.socket | None = None
        self._look: Look | None = None
        self._frame = 0  # of the look, the last one answered
        self._after = 0.0  # the next frame's exposure begins after this
        self._rehearse_at = boottime() + _REHEARSE_S

    def run(self, stop: int) -> None:
        """Turn until the descriptor `stop` can be read."""
        interval_s = notify.watchdog_interval()
        try:
            while self._turn(stop, interval_s):
                # A camera that stays out of order may come back in a new process.
                if interval_s is not None and self._lens.works:
                    notify.watchdog()
        finally:
            self._part()

    def _turn(self, stop: int, interval_s: float | None) -> bool:
        """Do one thing, whatever comes first; False if it is to stop.

        Raises:
            EngineError: the networks do not answer any more as they did at the start.
        """
        waiting: list[int | socket.socket] = [stop, self._listener]
        if self._door is not None:
            waiting.append(self._door)
        ready, _, _ = select.select(waiting, [], [], 0.0 if self._look else interval_s)
        if stop in ready:
            return False
        if self._listener in ready:
            self._meet()
        elif self._door is not None and self._door in ready:
            self._hear(self._door)
        elif self._look is not None:
            self._answer(self._look)
        else:
            self._rest()
        return True

    def _meet(self) -> None:
        door = admit(self._listener)
        if door is None:
            journal.write("eye_stranger", priority=journal.WARNING)
            return
        self._part()
        self._door = door
        self._send(self._hello)

    def _hear(self, door: socket.socket) -> None:
        """One packet of the door's. Whoever sends what is no message is not listened to again."""
        try:
            packet = door.recv(MAX_BYTES + 1)
            message = decode(packet) if packet else None
        except (OSError, WireError) as e:
            self._part("eye_packet", str(e)[:200])  # it quotes what was sent
            return
        match message:
            case None:
                self._part()
            case Look():
                self._look, self._frame, self._after = message, 0, message.not_before
            case Enough():
                if self._look and message.press == self._look.press:
                    self._look = None
            case _:
                self._part("eye_packet", f"a door does not send {type(message).__name__}")

    def _answer(self, look: Look) -> None:
        """The look's next frame, if there is to be one."""
        if self._frame >= look.frames or boottime() >= look.deadline:
            self._look = None
            return
        seen = self._see(look)
        if seen is not None:
            self._frame += 1
            self._send(seen)

    def _see(self, look: Look) -> Seen | None:
        """The next frame's answer; None if the door spoke while it was awaited.

        What it says is mostly that it has seen enough: a look that nobody needs takes longer than
        all else in a press.
        """
        asked, number = boottime(), self._frame + 1
        try:
            frame = self._lens.frame(self._after)
            self._after = frame.taken  # each answer is of another frame
            captured = boottime()
            if self._spoken_to():
                return None
            sight = self._eye.see(frame.pixels)
        except (CameraError, EngineError) as e:
            _tell("eye_fault", e)
            camera = isinstance(e, CameraError)
            reason = Reason.CAMERA_ERROR if camera else Reason.ENGINE_ERROR
            sight = Sight(reason, None, None, (), (0.0, 0.0))
            return _seen(look, number, boottime(), sight, boottime() - asked)
        return _seen(look, number, frame.taken, sight, captured - asked)

    def _spoken_to(self) -> bool:
        """Whether something of the door's waits to be heard, if only that it has gone."""
        return self._door is not None and bool(select.select([self._door], [], [], 0.0)[0])

    def _rest(self) -> None:
        """Idle time is for opening a camera again; the fault was journalled when it was new."""
        with suppress(CameraError):
            self._lens.mend()
        now = boottime()
        if now < self._rehearse_at:
            return
        self._rehearse_at = now + _REHEARSE_S
        self._eye.rehearse()
        try:
            self._lens.frame(now)
        except CameraError as e:
            _tell("eye_fault", e)

    def _send(self, message: Message) -> None:
        if self._door is None:
            return
        try:
            self._door.send(encode(message))
        except OSError as e:  # it has gone, or has not read for a hundred packets
            self._part("eye_door_lost", e.strerror or str(e))

    def _part(self, event: str = "", why: str = "") -> None:
        """Let the door go, and its look with it."""
        if event:
            journal.write(event, priority=journal.WARNING, why=why)
        if self._door is not None:
            self._door.close()
        self._door = self._look = None


def _seen(look: Look, number: int, taken: float, sight: Sight, capture_s: float) -> Seen:
    embedding = b"" if sight.embedding is None else sight.embedding.tobytes()
    ms = (capture_s * 1000.0, *sight.ms)
    return Seen(
        look.press, number, taken, sight.reason, embedding, _face(sight.face), sight.gates, ms
    )


def _face(face: Face | None) -> tuple[float, ...]:
    """The box and the five points, as `Seen` has them."""
    return () if face is None else (*face.box, *(float(v) for v in face.points.ravel()))


def _tell(event: str, error: OnelookError) -> None:
    journal.write(
        event, priority=journal.ERROR, what=error.what, why=error.why, remedy=error.remedy
    )
