"""Durations with their unit in the value, as "500ms" or "15min"."""

from __future__ import annotations

import re

_UNITS_S = {"ms": 0.001, "s": 1.0, "min": 60.0, "h": 3600.0, "d": 86400.0}


def parse_duration(text: str) -> float:
    """Seconds.

    Raises:
        ValueError: not a number with a unit; the message shows a right one.
    """
    found = re.fullmatch(r"(\d+(?:\.\d+)?)\s*(ms|s|min|h|d)", text)
    if found is None:
        raise ValueError('write a number with ms, s, min, h or d, as "500ms" or "5s"')
    return float(found[1]) * _UNITS_S[found[2]]
