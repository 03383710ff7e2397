"""gpiozero's refusals as errors of ours."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from edge.contract.errors import PinError


@contextmanager
def pin_errors(pin: str, role: str) -> Iterator[None]:
    """Raises: PinError: the pin is missing, taken, or there is no way to drive pins here."""
    try:
        yield
    except Exception as e:  # each pin library has a family of its own; lgpio.error is no OSError
        raise PinError(
            f"{pin} cannot be used for {role}: {e or type(e).__name__}.",
            remedy="Check that the pin is free, that the user is in the group gpio, and that "
            "python3-lgpio is installed.",
        ) from e
