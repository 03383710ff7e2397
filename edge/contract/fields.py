"""Strict reading of a manifest's values: what is not exactly as expected is an error."""

from __future__ import annotations

import math


def real(value: object) -> float:
    """A fraction, written as decimal text so that writing it again gives the same bytes."""
    if not isinstance(value, str):
        raise TypeError(f"{value!r} should be a decimal in quotes")
    number = float(value)
    if not math.isfinite(number):
        raise ValueError(f"{value!r} is not a finite number")
    return number


def whole(value: object) -> int:
    """A whole number from 0 up."""
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise TypeError(f"{value!r} should be a whole number")
    return value


def count(value: object) -> int:
    """A whole number from 1 up."""
    if whole(value) == 0:
        raise ValueError("0 should be a whole number above 0")
    return whole(value)


def text(value: object) -> str:
    """Text."""
    if not isinstance(value, str):
        raise TypeError(f"{value!r} should be text")
    return value
