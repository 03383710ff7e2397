"""A contact, wired to ground: is the door shut, or the unit's case?"""

from __future__ import annotations

from collections.abc import Callable

from gpiozero import Button as GpioButton

from edge.door.devices.pins import pin_errors

_SETTLED_S = 0.1  # a reed contact bounces as long as the door swings past it


class Contact:
    """Calls `opened` or `shut` for each change, from a thread of gpiozero's. Close it."""

    def __init__(
        self,
        pin: str,
        whose: str,
        *,
        closed_when_shut: bool,
        opened: Callable[[], None],
        shut: Callable[[], None],
    ) -> None:
        """Raises: PinError: the pin is missing or taken."""
        with pin_errors(pin, whose):
            self._line = GpioButton(pin, pull_up=True, bounce_time=_SETTLED_S)
        touching, parted = (shut, opened) if closed_when_shut else (opened, shut)
        self._closed_when_shut = closed_when_shut
        self._line.when_pressed, self._line.when_released = touching, parted

    @property
    def stands_open(self) -> bool:
        """Whether it does, now."""
        return bool(self._line.is_pressed) is not self._closed_when_shut

    def close(self) -> None:
        """No change is told from now on."""
        self._line.when_pressed = self._line.when_released = None
        self._line.close()
