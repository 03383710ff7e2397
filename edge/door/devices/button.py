"""The button, wired to ground: a press is an edge that held for longer than contacts bounce."""

from __future__ import annotations

from collections.abc import Callable

from gpiozero import Button as GpioButton

from edge.door.devices.pins import pin_errors


class Button:
    """Calls `pressed` for each press, from a thread of gpiozero's. Close it."""

    def __init__(self, pin: str, *, debounce_s: float, pressed: Callable[[], None]) -> None:
        """Raises: PinError: the pin is missing or taken."""
        with pin_errors(pin, "the button"):
            self._button = GpioButton(pin, pull_up=True, bounce_time=debounce_s)
        self._button.when_pressed = pressed

    def close(self) -> None:
        """No press is told from now on."""
        self._button.when_pressed = None
        self._button.close()
