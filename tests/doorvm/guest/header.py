"""For scripts in the door VM: the lines of a Pi's header, fingers on its buttons, a record."""

from __future__ import annotations

import re
import time
from pathlib import Path

_SIM = Path("/sys/kernel/config/gpio-sim/header")
_TRACING = Path("/sys/kernel/tracing")
_LABEL, _LINES = "pinctrl-bcm2711", 54  # a Pi 4's
# "  onelook-412   [000] .....   17.250912: gpio_value: 529 set 1"
_SET = re.compile(r" ([\d.]+): gpio_value: (\d+) set ([01])")


class Header:
    """The chip, once; as long as the machine runs."""

    def __init__(self) -> None:
        bank = _SIM / "bank0"
        bank.mkdir(parents=True)
        (bank / "num_lines").write_text(str(_LINES))
        (bank / "label").write_text(_LABEL)
        (_SIM / "live").write_text("1")
        chip = (bank / "chip_name").read_text().strip()
        device = (_SIM / "dev_name").read_text().strip()
        self._lines = Path("/sys/devices/platform", device, chip)
        base = re.search(rf"{chip}: (?:GPIOs )?(\d+)-", Path("/sys/kernel/debug/gpio").read_text())
        self._base = int(base[1])
        (_TRACING / "trace_clock").write_text("boot")
        (_TRACING / "events/gpio/gpio_value/enable").write_text("1")

    def level(self, line):
        """What a wire at the line would read: 0 or 1."""
        return int(self._of(line, "value").read_text())

    def pull(self, line, level):
        """A resistor outside, to this level."""
        self._of(line, "pull").write_text("pull-up" if level else "pull-down")

    def push(self, line, held_s=0.2):
        """A finger on a button to ground."""
        self.pull(line, 0)
        time.sleep(held_s)
        self.pull(line, 1)

    def forget(self):
        """Begin the record anew."""
        (_TRACING / "trace").write_text("")

    def record(self, line):
        """(CLOCK_BOOTTIME seconds, level), each time that a level was asked of the line."""
        found = _SET.findall((_TRACING / "trace").read_text())
        ours = str(self._base + line)
        return [(float(at), int(level)) for at, number, level in found if number == ours]

    def _of(self, line, what):
        return self._lines / f"sim_gpio{line}" / what
