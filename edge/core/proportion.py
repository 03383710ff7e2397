"""What a count of errors says of the rate behind it: exact bounds (Clopper, Pearson 1934).

They take trials for independent. Presses of one person are not, so a bound for strangers counts
people, not presses.
"""

from __future__ import annotations

import math
from collections.abc import Callable

CONFIDENCE = 0.95


def interval(errors: int, trials: int) -> tuple[float, float]:
    """From where to where the rate may lie, two-sided 95 %. trials: at least 1."""
    tail = (1.0 - CONFIDENCE) / 2
    return _lower(errors, trials, tail), _upper(errors, trials, tail)


def upper(errors: int, trials: int) -> float:
    """What the rate is below, one-sided 95 %; without an error about 3 / trials."""
    return _upper(errors, trials, 1.0 - CONFIDENCE)


def needed(rate: float) -> int:
    """So many trials without any error show that a rate is at most this."""
    return math.ceil(math.log(1.0 - CONFIDENCE) / math.log1p(-rate))


def _upper(errors: int, trials: int, tail: float) -> float:
    """The rate at which so few errors, or fewer, have the chance `tail`."""
    if errors >= trials:
        return 1.0
    return _rate_where(lambda rate: _at_most(errors, trials, rate) > tail)


def _lower(errors: int, trials: int, tail: float) -> float:
    """The rate at which so many errors, or more, have the chance `tail`."""
    if errors == 0:
        return 0.0
    return _rate_where(lambda rate: 1.0 - _at_most(errors - 1, trials, rate) < tail)


def _rate_where(below: Callable[[float], bool]) -> float:
    """The rate up to which it is so, to the last bits of a float."""
    low, high = 0.0, 1.0
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if below(middle) else (low, middle)
    return high


def _at_most(errors: int, trials: int, rate: float) -> float:
    """The chance of so many errors or fewer: a sum of the binomial distribution's terms."""
    if rate <= 0.0 or rate >= 1.0:
        return 1.0 if rate <= 0.0 or errors >= trials else 0.0
    hit, miss = math.log(rate), math.log1p(-rate)
    return math.fsum(
        math.exp(_log_choose(trials, k) + k * hit + (trials - k) * miss) for k in range(errors + 1)
    )


def _log_choose(n: int, k: int) -> float:
    return math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1)
