"""`python -m edge.selftest.holder PIN high|low off|on`: a process that holds the lock's line.

It is there to be killed while it does. Nobody who forgets it leaves a lock open: its pulse is
bounded, and it ends with the process that started it.
"""

from __future__ import annotations

import sys

from edge.door.devices.kernel import take_kernel_pins
from edge.door.devices.strike import Strike

MOST_S = 3.0
HELD = "held"


def main(pin: str, active: str, state: str) -> int:
    """Say HELD as soon as the line is as wanted; returns the exit code.

    Raises:
        PinError: the line is not to be had.
    """
    take_kernel_pins()
    strike = Strike(pin, active_high=active == "high")
    try:
        if state == "on":
            strike.pulse(MOST_S)
        sys.stdout.write(f"{HELD}\n")
        sys.stdout.flush()
        sys.stdin.read()  # ends when whoever started this closes it, or is no more
    finally:
        strike.close()
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
