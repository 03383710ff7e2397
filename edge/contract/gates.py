"""One quality measure of a frame, as it is judged by the eye, sent to the door and kept in an event."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Gate:
    """What was measured and what would have passed; the bounds belong to the passing range."""

    name: str
    measured: float
    low: float
    high: float

    @property
    def passed(self) -> bool:
        return self.low <= self.measured <= self.high
