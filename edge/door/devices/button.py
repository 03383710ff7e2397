"""A button, wired to ground: a press is an edge that held for longer than contacts bounce."""

from __future__ import annotations

from collections.abc import Callable

from gpiozero import Button as GpioButton

from edge.door.devices.pins import pin_errors


class Button:
    """Calls `pressed` and `let_go` for each press, from a thread of gpiozero's. Close it."""

    def __init__(
        self,
        pin: str,
        *,
        debounce_s: float,
        pressed: Callable[[], None],
        let_go: Callable[[], None] = lambda: None,
    ) -> None:
        """Raises: PinError: the pin is missing or taken."""
        with pin_errors(pin, "the button"):
            self._button = GpioButton(pin, pull_up=True, bounce_time=debounce_s)
        self._button.when_pressed, self._button.when_released = pressed, let_go

    @property
    def down(self) -> bool:
        """Whether it is, now; one that was down from the start is no press."""
        return bool(self._button.is_pressed)

    def close(self) -> None:
        """No press is told from now on."""
        self._button.when_pressed = self._button.when_released = None
        self._button.close()
