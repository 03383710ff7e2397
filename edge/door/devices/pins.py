"""gpiozero's refusals as errors of ours."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from gpiozero import GPIOZeroError

from edge.contract.errors import PinError


@contextmanager
def pin_errors(pin: str, role: str) -> Iterator[None]:
    """Raises: PinError: the pin is missing, taken, or there is no way to drive pins here."""
    try:
        yield
    except (GPIOZeroError, OSError) as e:
        raise PinError(
            f"{pin} cannot be used for {role}: {e or type(e).__name__}.",
            remedy="Check that the pin is free, that the user is in the group gpio, and that "
            "python3-lgpio is installed.",
        ) from e
