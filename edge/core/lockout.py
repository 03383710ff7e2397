"""Failed presses -> how long the door does not look. The date of the clock plays no part.

The first `free` failures cost nothing; then the wait is `first_s`, and doubles up to `cap_s`. The
counter is the whole memory: it is on the disk, goes up before a face is compared, and down only
with a grant or after a quiet day.
"""

from __future__ import annotations

from dataclasses import dataclass

_QUIET_S = 24 * 3600.0  # without a failure, after which the old ones are forgotten
_MOST_DOUBLINGS = 40  # beyond any cap; keeps a lost counter's maximum from overflowing


@dataclass(frozen=True)
class Lockout:
    """The owner's limits."""

    free: int
    first_s: float
    cap_s: float


def wait_after(failures: int, lockout: Lockout) -> float:
    """Seconds that the door does not look after so many failed presses in a row."""
    beyond = failures - lockout.free
    if beyond < 0:
        return 0.0
    return min(lockout.first_s * 2.0 ** min(beyond, _MOST_DOUBLINGS), lockout.cap_s)


def remaining(
    failures: int, counted_at: float, now: float, lockout: Lockout, *, same_boot: bool
) -> float:
    """Seconds of the wait that are left.

    Args:
        failures: of presses, in a row.
        counted_at: the last of them, CLOCK_BOOTTIME seconds.
        now: the same clock.
        lockout: the owner's limits.
        same_boot: whether `counted_at` is of this start of the machine. If not, the whole wait
            counts from that start: pulling the plug shortens nothing.
    """
    since = min(counted_at, now) if same_boot else 0.0
    return max(0.0, wait_after(failures, lockout) - (now - since))


def forgotten(failures: int, counted_at: float, now: float, *, same_boot: bool) -> bool:
    """Whether a quiet day has passed since the last failure; arguments as of `remaining`.

    Of an earlier start nobody knows how long ago it was: the day counts from this one.
    """
    since = min(counted_at, now) if same_boot else 0.0
    return failures > 0 and now - since >= _QUIET_S
