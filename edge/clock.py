"""Time as a door needs it. Durations come from CLOCK_BOOTTIME, which nobody can set."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
# systemd-timesyncd, which Raspberry Pi OS comes with, makes this file after the first answer.
# The kernel's own flag is read by adjtimex(2), which the services' sandbox refuses.
_SYNCHRONISED = Path("/run/systemd/timesync/synchronized")


def boottime() -> float:
    """Seconds since the machine started, sleep included; it never goes back."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


def boot_id() -> str:
    """A name of this start of the machine: `boottime` of another one cannot be compared."""
    return _BOOT_ID.read_text(encoding="ascii").strip()


def wall(ago_s: float = 0.0) -> tuple[str, bool]:
    """The date in ISO 8601, UTC with milliseconds, and whether a time server has confirmed it."""
    then = datetime.now(UTC) - timedelta(seconds=ago_s)
    told = then.isoformat(timespec="milliseconds")
    return told.replace("+00:00", "Z"), _SYNCHRONISED.exists()
