"""The real pins: gpiozero on the kernel's character device, by lgpio.

gpiozero would look for whatever library is there, on chip 0. Which chip holds the header's lines
depends on board and kernel, so it is found by its label. And gpiozero claims an output low before
it sets its level, which pulses whatever is active low: here a line is claimed with its level.

A Raspberry Pi's kernel leaves a line as a killed process drove it, unless it is told otherwise
(raspberrypi/linux pulls 6117 and 6150). With such a kernel no door is armed.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from gpiozero import Device

from edge.contract.errors import PinError

if TYPE_CHECKING:
    from gpiozero.pins.lgpio import LGPIOFactory

# Of a Pi 0 to 3, of a 4, of a 5.
CHIPS = ("pinctrl-bcm2835", "pinctrl-bcm2711", "pinctrl-rp1")
_DEVICES = Path("/dev")
_PARAMETERS = Path("/sys/module")
_DRIVERS = ("pinctrl_bcm2835", "pinctrl_rp1")
_REMEDY = "On a Raspberry Pi: sudo apt install python3-lgpio, and the user in the group gpio."


def take_kernel_pins() -> None:
    """Have gpiozero make its pins of the header's lines.

    GPIOZERO_PIN_FACTORY, which gpiozero itself knows, may name others: its mock ones, for tests.

    Raises:
        PinError: as `kernel_pins`.
    """
    if "GPIOZERO_PIN_FACTORY" not in os.environ:
        Device.pin_factory = kernel_pins()


def kernel_pins() -> LGPIOFactory:
    """What makes pins of the header's lines.

    Raises:
        PinError: this machine has no such chip, it may not be opened, or lgpio is missing.
    """
    try:
        import lgpio
        from gpiozero.pins.lgpio import LGPIOFactory, LGPIOPin
    except ImportError as e:
        raise PinError(f"the pins need lgpio: {e}.", remedy=_REMEDY) from e

    class Pin(LGPIOPin):  # type: ignore[misc]  # gpiozero comes without types
        def output_with_state(self, state: bool) -> None:  # noqa: FBT001 - gpiozero's own signature
            """Direction and level in one request to the kernel."""
            lgpio.gpio_claim_output(self.factory._handle, self._number, int(state))  # noqa: SLF001

    try:
        factory = LGPIOFactory(chip=_header())
    except Exception as e:  # lgpio.error is no OSError
        if isinstance(e, PinError):
            raise
        raise PinError(f"the pins cannot be had: {e}.", remedy=_REMEDY) from e
    factory.pin_class = Pin
    return factory


def line_users(*pins: str) -> dict[str, str]:
    """Who holds these lines (as "GPIO17"), by the name it gave itself; "" for a free one.

    Raises:
        PinError: as `kernel_pins`.
    """
    try:
        import lgpio
    except ImportError as e:
        raise PinError(f"the pins need lgpio: {e}.", remedy=_REMEDY) from e
    lines = {pin: int(pin.removeprefix("GPIO")) for pin in pins}
    try:
        handle = lgpio.gpiochip_open(_header())
        try:
            return {pin: lgpio.gpio_get_line_info(handle, n)[-1] for pin, n in lines.items()}
        finally:
            lgpio.gpiochip_close(handle)
    except lgpio.error as e:  # of no family that Python has
        raise PinError(f"the pins cannot be had: {e}.", remedy=_REMEDY) from e


def require_release() -> None:
    """The kernel lets go of a line when whoever drove it is gone.

    Raises:
        PinError: it does not, or is one of which that is not known.
    """
    switches = [_PARAMETERS / d / "parameters/persist_gpio_outputs" for d in _DRIVERS]
    answers = [switch.read_text().strip() for switch in switches if switch.is_file()]
    # Upstream kernels without the switch always let go; a Raspberry Pi's without it never do.
    keeps = any(answer not in {"N", "0"} for answer in answers)
    if keeps or (not answers and "rpi" in os.uname().release):
        raise PinError(
            "not armed: this kernel keeps a pin driven after a crash.",
            why="A door that is killed while the lock is open would leave it open.",
            remedy="Add 'dtparam=strict_gpiod' to /boot/firmware/config.txt and restart the Pi.",
        )


def _header() -> int:
    """The number of the chip that the header's lines belong to."""
    import lgpio

    seen = []
    for path in sorted(_DEVICES.glob("gpiochip[0-9]*")):
        number = int(path.name.removeprefix("gpiochip"))
        handle = lgpio.gpiochip_open(number)
        try:
            *_, label = lgpio.gpio_get_chip_info(handle)
        finally:
            lgpio.gpiochip_close(handle)
        if label in CHIPS:
            return number
        seen.append(label)
    raise PinError(
        "no GPIO chip of a Raspberry Pi's header is here.",
        why=f"There is {', '.join(seen)}." if seen else f"There is no {_DEVICES}/gpiochip*.",
        remedy="Run this on a Raspberry Pi; onelook demo shows the door without one.",
    )
