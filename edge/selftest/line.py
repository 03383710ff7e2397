"""The lock's line, watched through a wire from its pin to another: opens the lock.

The edges are stamped by the kernel. Of its stamps only differences are used: what they count from
is another clock on other kernels.
"""

from __future__ import annotations

import select
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from gpiozero import Device, InputDevice

from edge.config import DoorConfig
from edge.contract.errors import PinError
from edge.door.devices.kernel import take_kernel_pins
from edge.door.devices.pins import pin_errors
from edge.door.devices.strike import Strike
from edge.selftest import Measurement, State, Tell, measured, spread
from edge.selftest.holder import HELD

PULSE_S = 0.2  # the shortest that [door] pulse may be
_SETTLED_S = 0.1  # by then an edge has come through the kernel to us
_LONGEST_S = 5.0  # of a pulse, however busy the machine is
_REST_S = 0.3  # of a strike between two pulses
_TIMES = 5
_START_S = 30.0  # of a process on a busy Pi Zero
_GONE_S = 0.3  # by then a killed process's line is off, or stays on
_WIRE = "Join the lock's pin and the other one by a wire, as docs/selftest.md says, and try again."
_PACKAGES = Path(__file__).resolve().parents[2]  # the folder that `edge` is in

GROUP = "line"
NAMES = (
    *("pulse", "edges beside pulses", "edges, killed while on", "off after a kill"),
    *("off by a new process", "edges at starts", "edges at stops", "edges, killed while off"),
)


@dataclass(frozen=True)
class Edge:
    """A change of the line. at: the kernel's seconds. seen: when we heard of it, time.monotonic."""

    at: float
    level: int
    seen: float


class Watch:
    """The other end of the wire: an input without a pull of its own. Close it."""

    def __init__(self, pin: str) -> None:
        """Raises: PinError: the pin is missing or taken."""
        self._edges: list[Edge] = []
        with pin_errors(pin, "the loop-back wire"):
            self._input = InputDevice(pin, pull_up=None, active_state=True)
            line = self._input.pin
            line.bounce, line.edges = None, "both"
            line.when_changed = self._note

    @property
    def level(self) -> int:
        """Of the line, now."""
        return int(self._input.value)

    def take(self) -> list[Edge]:
        """The edges since the last time, all of those that were on their way."""
        time.sleep(_SETTLED_S)
        edges, self._edges = self._edges, []
        return edges

    def close(self) -> None:
        self._input.pin.when_changed = None
        self._input.close()

    def _note(self, ticks: float, level: int) -> None:
        self._edges.append(Edge(ticks, int(level), time.monotonic()))


class Holder:
    """Another process that holds the lock's line, off or on. Kill it or close it."""

    def __init__(self, door: DoorConfig, state: str) -> None:
        """Raises: PinError: it could not take the line."""
        self._process = subprocess.Popen(
            [
                *(sys.executable, "-m", "edge.selftest.holder"),
                *(door.lock_pin, door.lock_active, state),
            ],
            cwd=_PACKAGES,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        if not self._holds():
            self._process.kill()
            said = self._process.communicate()[1].strip()
            raise PinError(
                f"another process could not take {door.lock_pin}.",
                why=said.splitlines()[-1] if said else f"It said nothing for {_START_S:.0f} s.",
                remedy="See what is wrong with the pins: sudo onelook doctor",
            )

    def kill(self) -> None:
        """SIGKILL; returns when it is no more."""
        self._process.kill()
        self._process.wait()

    def close(self) -> None:
        """It drives the line off and ends, if it still lives."""
        try:
            self._process.communicate(timeout=_START_S)
        except subprocess.TimeoutExpired:
            self.kill()
            self._process.communicate()

    def _holds(self) -> bool:
        out = self._process.stdout
        if out is None or not select.select([out], [], [], _START_S)[0]:
            return False
        return out.readline().strip() == HELD


def measure(door: DoorConfig, loop_back: str, pulses: int, tell: Tell) -> Iterator[Measurement]:
    """The lock opens for `pulses` short pulses, and once for a process that is killed.

    Raises:
        PinError: the pins are not to be had, or nothing comes through the wire.
    """
    on = int(door.lock_active == "high")

    def strike() -> Strike:
        return Strike(door.lock_pin, active_high=bool(on))

    with _pins(), closing(Watch(loop_back)) as watch:
        yield from of_pulses(strike, watch, pulses, tell)
    # A device that is closed keeps its line, as an input: only with the whole chip does it let go
    # of it, for another process to have it.
    with _pins(), closing(Watch(loop_back)) as watch:
        try:
            yield from of_processes(lambda state: Holder(door, state), watch, on, tell)
        finally:
            strike().close()  # as `onelook release`, whatever became of the others


def of_pulses(
    make: Callable[[], Strike], watch: Watch, count: int, tell: Tell
) -> Iterator[Measurement]:
    """How long pulses really are, and whether there is anything but two edges to each.

    Raises:
        PinError: nothing came through the wire.
    """
    lengths, beside, lost = [], 0, 0
    with closing(make()) as strike:
        for number in range(count):
            tell("line: pulses", number, count)
            watch.take()
            strike.pulse(PULSE_S)
            _wait_until_off(strike)
            edges = watch.take()
            if len(edges) >= 2:
                lengths.append((edges[-1].at - edges[0].at) * 1000.0)
                beside += len(edges) - 2
            elif not lengths:  # no wire: the lock is not opened again for nothing
                raise PinError("nothing came through the loop-back wire.", remedy=_WIRE)
            else:
                lost += 1
    if lost:
        said = f"of {count} pulses did not come through the wire"
        yield Measurement(GROUP, "pulse", State.PROBLEM, lost, said=said, fix=_WIRE)
    else:
        yield spread(GROUP, "pulse", lengths, "ms", f"asked for {PULSE_S * 1000.0:.0f} ms")
    yield _counted("edges beside pulses", beside, f"in {count} pulses")


def _wait_until_off(strike: Strike) -> None:
    """A pulse that does not end is ended; how long it was, the edges tell."""
    deadline = time.monotonic() + _LONGEST_S
    while strike.energised and time.monotonic() < deadline:
        time.sleep(0.01)
    strike.release()
    time.sleep(_REST_S)


def of_processes(
    hold: Callable[[str], Holder], watch: Watch, on: int, tell: Tell
) -> Iterator[Measurement]:
    """What the line does when doors start, stop, and are killed.

    Raises:
        PinError: the other process's line does not come through the wire.
    """
    what, steps = "line: starts, stops and kills", _TIMES + 3
    tell(what, 0, steps)
    yield from _killed_while_on(hold, watch, on)
    tell(what, 1, steps)
    with closing(hold("off")):
        watch.take()
        yield _off_again(level_off=watch.level != on)
    watch.take()
    started = stopped = 0
    for number in range(_TIMES):
        tell(what, 2 + number, steps)
        with closing(hold("off")):
            started += len(watch.take())
        stopped += len(watch.take())
    yield _counted("edges at starts", started, f"in {_TIMES} starts")
    yield _counted("edges at stops", stopped, f"in {_TIMES} stops")
    tell(what, steps - 1, steps)
    with closing(hold("off")) as holder:
        watch.take()
        holder.kill()
        time.sleep(_GONE_S)
        yield _counted("edges, killed while off", len(watch.take()), "of a door killed by SIGKILL")


def _killed_while_on(hold: Callable[[str], Holder], watch: Watch, on: int) -> Iterator[Measurement]:
    """As `of_processes`; first, because it shows that other processes are seen at all."""
    with closing(hold("on")) as holder:
        watch.take()
        if watch.level != on:
            raise PinError(
                "the line of another process does not come through the loop-back wire.",
                remedy=_WIRE,
            )
        killed = time.monotonic()
        holder.kill()
        time.sleep(_GONE_S)
        edges = watch.take()
    fell = next((edge for edge in edges if edge.level != on), None)
    beside = len(edges) - (fell is not None)
    yield _counted("edges, killed while on", beside, "beside the one that ends it")
    if fell is not None and watch.level != on:
        late_ms = (fell.seen - killed) * 1000.0
        yield measured(GROUP, "off after a kill", late_ms, "ms", "at most: until we heard of it")
        return
    said = f"still on {_GONE_S * 1000.0:.0f} ms after the kill"
    fix = "Add 'dtparam=strict_gpiod' to /boot/firmware/config.txt and restart the Pi."
    yield Measurement(GROUP, "off after a kill", State.PROBLEM, said, fix=fix)


def _counted(name: str, edges: int, said: str) -> Measurement:
    """Edges that should not be."""
    if edges == 0:
        return measured(GROUP, name, 0, said=said)
    fix = "Each may open the lock: look at the resistor at the driver's input, and report it."
    return Measurement(GROUP, name, State.PROBLEM, edges, said=said, fix=fix)


def _off_again(*, level_off: bool) -> Measurement:
    if level_off:
        return measured(GROUP, "off by a new process", "yes")
    fix = "The lock stays open after a crash: look at pin, driver and wiring."
    return Measurement(GROUP, "off by a new process", State.PROBLEM, "no", fix=fix)


@contextmanager
def _pins() -> Iterator[None]:
    """gpiozero on the kernel's pins; afterwards all of them are given back."""
    take_kernel_pins()
    try:
        yield
    finally:
        if Device.pin_factory is not None:
            Device.pin_factory.close()
            Device.pin_factory = None
