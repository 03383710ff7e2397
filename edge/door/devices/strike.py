"""The output that opens the door. `energised` means that it can be opened; off is locked."""

from __future__ import annotations

from gpiozero import DigitalOutputDevice

from edge.contract.errors import PinError
from edge.door.devices.pins import pin_errors


class Strike:
    """The lock's line, off from the moment on that it is ours. Close it."""

    def __init__(self, pin: str, *, active_high: bool) -> None:
        """Raises: PinError: the pin is missing or taken, or its line is on although it is off."""
        self._pin = pin
        with pin_errors(pin, "the lock"):
            self._line = DigitalOutputDevice(pin, active_high=active_high, initial_value=False)
            energised = self.energised
        if energised:
            self._line.close()
            raise PinError(
                f"{pin}: the lock's line is on although it is driven off.",
                remedy="Look for a short at its wire, and for a wrong [door] lock_active.",
            )

    @property
    def energised(self) -> bool:
        """Read back from the line itself."""
        return bool(self._line.value)

    def pulse(self, seconds: float) -> None:
        """Energise it for so long; a new pulse takes the place of one that runs.

        Raises:
            PinError: the line did not follow. It is off then.
        """
        try:
            with pin_errors(self._pin, "the lock"):
                self._line.on()
                # A thread of gpiozero's ends the pulse, even if the loop hangs. If the whole
                # process dies, the kernel lets the line go (`devices.kernel.require_release`),
                # and then `onelook release` drives it off.
                self._line.blink(on_time=seconds, off_time=0, n=1)
                energised = self.energised
            if not energised:
                raise PinError(
                    f"{self._pin}: the lock's line stayed off.", remedy="Check pin and wiring."
                )
        except BaseException:
            self._line.off()
            raise

    def release(self) -> None:
        """Off, now. Raises: PinError: the line cannot be driven any more."""
        with pin_errors(self._pin, "the lock"):
            self._line.off()

    def close(self) -> None:
        """Off, and give the line back."""
        self._line.off()
        self._line.close()
