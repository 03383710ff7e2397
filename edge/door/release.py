"""The lock's line, driven off by a process of its own: `onelook release`, after each stop.

It imports next to nothing: a slow machine has seconds for it, and the lock may be open meanwhile.
"""

from __future__ import annotations

from edge.config import Config
from edge.door.devices.kernel import take_kernel_pins
from edge.door.devices.strike import Strike


def release(config: Config) -> int:
    """Drive the line off, whatever became of the door; returns the exit code.

    Raises:
        PinError: the line cannot be had.
    """
    take_kernel_pins()
    strike_of(config).close()
    return 0


def strike_of(config: Config) -> Strike:
    """The lock that the owner described, off."""
    return Strike(config.door.lock_pin, active_high=config.door.lock_active == "high")
