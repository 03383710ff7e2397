"""The door's process, from its first act, a line that is off, to its last, which is the same."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from typing import TYPE_CHECKING

from edge import notify
from edge.clock import boottime
from edge.config import Config
from edge.core.machine import State
from edge.door.devices.kernel import require_release, take_kernel_pins
from edge.door.devices.strike import Strike
from edge.door.loop import Loop
from edge.door.release import strike_of
from edge.signals import stop_signals

if TYPE_CHECKING:
    from edge.door.wires import Wires

_CHECK_S = 15.0  # an eye that has just been started, too


def run(config: Config, wires_fd: int | None, read: Callable[[], Config]) -> int:
    """Be the door until SIGTERM or SIGINT; returns the exit code.

    Args:
        config: the owner's choices.
        wires_fd: the far ends of simulated pins, see `edge.door.wires`; None for real pins.
        read: the configuration as it is on the disk, for an owner who says `reload`.

    Raises:
        OnelookError: bundle, store or pins are not to be had.
    """
    following: Config | None = config
    state: State | None = None
    with ExitStack() as stack:
        wires = _simulated(wires_fd, stack)
        stop = stack.enter_context(stop_signals())
        while following is not None:
            with ExitStack() as held:
                strike = _strike(following, held, simulated=wires is not None)
                loop = Loop(following, strike, held, wires=wires, read=read)
                if state is not None:  # presses are counted on, and their pace is kept
                    loop.go_on(state)
                following, state = loop.run(stop), loop.door.state
        notify.stopping()
    return 0


def check(config: Config) -> None:
    """Start all that the door needs, wait for its eye, and end; nobody is let in meanwhile.

    Raises:
        OnelookError: bundle, store or pins are not to be had. UnavailableError: there is no eye.
    """
    with ExitStack() as stack:
        take_kernel_pins()
        strike = _strike(config, stack, simulated=False)
        Loop(config, strike, stack, read=lambda: config).door.link.meet(boottime() + _CHECK_S)


def _strike(config: Config, stack: ExitStack, *, simulated: bool) -> Strike:
    """Before all that may fail: from now on the line is off."""
    strike = strike_of(config)
    stack.callback(strike.close)
    if not simulated:
        require_release()
    return strike


def _simulated(wires_fd: int | None, stack: ExitStack) -> Wires | None:
    if wires_fd is None:
        take_kernel_pins()
        return None
    from edge.door.wires import Wires

    wires = Wires(wires_fd)
    stack.callback(wires.close)
    return wires
