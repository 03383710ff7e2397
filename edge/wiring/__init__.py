"""What is wired to what, for one configuration: a list that both the text and the drawing show."""

from __future__ import annotations

from dataclasses import dataclass

from edge.config import Config

# Broadcom's number of a line -> the pin of the 40-pin header. Raspberry Pi's documentation,
# "GPIO and the 40-pin header"; the same on every board that has one.
HEADER = {
    2: 3,
    3: 5,
    4: 7,
    14: 8,
    15: 10,
    17: 11,
    18: 12,
    27: 13,
    22: 15,
    23: 16,
    24: 18,
    10: 19,
    9: 21,
    25: 22,
    11: 23,
    8: 24,
    7: 26,
    5: 29,
    6: 31,
    12: 32,
    13: 33,
    19: 35,
    16: 36,
    26: 37,
    20: 38,
    21: 40,
}
GROUND = (6, 9, 14, 20, 25, 30, 34, 39)
SUPPLY = {1: "3.3 V", 2: "5 V", 4: "5 V", 17: "3.3 V"}
_OFF = "off"


@dataclass(frozen=True)
class Wire:
    """One line: from a pin of the header, by way of what lies between, to what it is for."""

    line: str  # "GPIO17"
    what: str
    by_way_of: str
    to: str

    @property
    def pin(self) -> int:
        """Of the 40-pin header."""
        return HEADER[int(self.line.removeprefix("GPIO"))]


def wires(config: Config) -> list[Wire]:
    """Every line that this configuration uses, the lock first."""
    door, lights = config.door, config.lights
    level = "high" if door.lock_active == "high" else "low"
    found = [
        Wire(
            door.lock_pin,
            "the lock",
            f"a driver that switches at a {level} level, 10 k pull-{_pull(door.lock_active)}",
            "strike with a supply of its own, a diode across it",
        ),
        Wire(config.button.pin, "the button", "nothing", "push button to ground"),
        Wire(door.exit_pin, "the exit button", "nothing", "push button inside to ground"),
        Wire(
            door.contact_pin,
            "the door's contact",
            "nothing",
            f"contact to ground, {door.contact_shut} while the door is shut",
        ),
        Wire(
            door.tamper_pin,
            "the case's contact",
            "nothing",
            f"contact to ground, {door.tamper_shut} while the case is shut",
        ),
    ]
    for name in ("green", "red", "white"):
        lamp = getattr(lights, name)
        found.append(Wire(lamp, f"the {name} light", "330 ohms", "LED to ground"))
    found.append(Wire(lights.buzzer, "the buzzer", "a transistor", "buzzer that sounds by itself"))
    return [wire for wire in found if wire.line != _OFF]


def warnings(config: Config) -> list[str]:
    """What is to be known of this wiring, a sentence each."""
    said = [
        "Relay, Pi and supply belong inside: whoever reaches the lock's two wires opens it.",
        "Feed the strike from a supply of its own; switching it must not pull the Pi's down.",
        "The way out must open by hand, with no current and no program.",
    ]
    if config.door.lock_active == "low":
        said.insert(
            0,
            "An active-low board opens the lock whenever its input is not driven: while the Pi "
            "starts, and when it is off but the board is not. Use an active-high one.",
        )
    return said


def _pull(active: str) -> str:
    return "down" if active == "high" else "up"
