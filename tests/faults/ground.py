"""What lies under the door: its lines, and gpiozero's threads, in the time of a world.

gpiozero ends a pulse on a thread. Here that thread is a real one, that runs only when its time has
come, and only while nothing else does.
"""

from __future__ import annotations

import threading
from collections.abc import Callable

from gpiozero.pins.mock import MockFactory, MockPin
from gpiozero.threads import GPIOThread

from tests.faults.facts import Drove
from tests.faults.steps import Slip
from tests.faults.world import World

_DEAF_S = 2.0


class Ground:
    """What lies under the door; `world` is that of the history that is played now."""

    def __init__(self) -> None:
        self.world = World(uptime=0.0)
        self.attend: Callable[[], None] = lambda: None  # the eye, whenever the door waits
        self.lock, self.active_high = "", True
        self.lag = 0.0
        self.deaf_until = 0.0  # so long the line stays off, whoever drives it: a short to ground
        self.low: set[str] = set()  # inputs that are pulled to ground
        self.seen_rows = 0
        self.factory = MockFactory()

    def drive(self, level: bool, put: Callable[[bool], None]) -> None:  # noqa: FBT001 - as gpiozero
        """The lock's line, by whoever does it. Raises: OSError, and more: a trap's."""
        world, on = self.world, level == self.active_high
        by = "loop" if threading.current_thread() is threading.main_thread() else "thread"
        slip = world.at(f"{by} {'on' if on else 'off'}", inside=by == "thread")
        if slip is Slip.DEAF:
            self.deaf_until = world.now + _DEAF_S
        if world.now < self.deaf_until:
            level, on, by = not self.active_high, False, "short"
        put(level)
        if world.up:
            world.saw(Drove(on, by))


def pins(ground: Ground) -> type[MockPin]:
    """The class of the header's lines."""

    class Pin(MockPin):
        """A line of the header, with what hangs on it."""

        def _set_state(self, value):
            if self.info.name == ground.lock:
                ground.drive(bool(value), super()._set_state)
            else:
                super()._set_state(value)

        def _set_pull(self, value):
            super()._set_pull(value)
            if self.info.name in ground.low:
                self._state = False

    return Pin


def threads(ground: Ground) -> type[GPIOThread]:
    """gpiozero's threads: real ones, that run only when their time in the world has come."""

    class Played(GPIOThread):
        def __init__(self, *args, **kwargs):
            super().__init__(*args, **kwargs)
            self.stopping = _Stopping(ground, self)
            self.go, self.parked = threading.Semaphore(0), threading.Semaphore(0)
            self.begun = self.ended = False

        def start(self):
            if ground.lag:
                ground.world.call(ground.lag, self.begin)
            else:
                self.begin()

        def begin(self):
            if not self.begun:
                self.begun = True
                super().start()
                self.parked.acquire()

        def run(self):
            try:
                super().run()
            finally:
                self.ended = True
                self.parked.release()

        def resume(self):
            """Run it on until it waits again, or has ended."""
            if self.begun and not self.ended:
                self.go.release()
                self.parked.acquire()

        def stop(self, timeout=10):
            self.begin()
            self.stopping.set()
            self.join(timeout)

    return Played


class _Stopping:
    """The event that ends such a thread; to wait for it is to wait in the world's time."""

    def __init__(self, ground: Ground, thread) -> None:
        self._ground, self._thread = ground, thread
        self._set = False
        self._waits = 0

    def is_set(self) -> bool:
        return self._set

    def clear(self) -> None:
        self._set = False

    def set(self) -> None:
        if not self._set:
            self._set = True
            self._thread.resume()

    def wait(self, timeout: float) -> bool:
        if not self._set:
            self._waits += 1
            self._ground.world.call(timeout + self._ground.lag, self._wake(self._waits))
            self._thread.parked.release()
            self._thread.go.acquire()
        return self._set

    def _wake(self, number: int) -> Callable[[], None]:
        def wake() -> None:
            if number == self._waits and not self._set:
                self._thread.resume()

        return wake


def holding(ground: Ground) -> type:
    """gpiozero's thread that tells of a button held down, without the thread."""

    class Holding:
        def __init__(self, parent):
            self._parent, self.holding = parent, self
            self._ended = False

        def set(self):
            if self._parent.when_held:
                ground.world.call(self._parent.hold_time, self._tell)

        def _tell(self):
            if not self._ended and self._parent.is_active:
                self._parent._fire_held()

        def stop(self):
            self._ended = True

    return Holding
