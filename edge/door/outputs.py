"""Everything at the door that the program can move or light, by its pin."""

from __future__ import annotations

from edge.config import Config
from edge.core.lights import Lamp


def lamp_pins(config: Config) -> dict[Lamp, str]:
    """The lamps and the buzzer that are wired."""
    return {Lamp(name): pin for name, pin in vars(config.lights).items() if pin != "off"}


def line_pins(config: Config) -> dict[str, tuple[str, bool]]:
    """All of them by name, the lock's too; each with its pin, and whether it is active high."""
    lock = config.door.lock_pin, config.door.lock_active == "high"
    lamps = {lamp.value: (pin, True) for lamp, pin in lamp_pins(config).items()}
    return {"strike": lock} | lamps
