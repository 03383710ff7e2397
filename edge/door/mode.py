"""Whether the door is for anybody now: the owner's mode, and the door's hours."""

from __future__ import annotations

from datetime import datetime

from edge.clock import wall
from edge.config import HoursConfig
from edge.contract.reasons import Reason
from edge.core.admission import Clock, opens


class Mode:
    """`current`: normal, closed or shadow; the configured one, unless the owner said another."""

    def __init__(self, configured: str, hours: HoursConfig) -> None:
        self.configured = self.current = configured
        self._hours = hours

    def set(self, said: str | None) -> str:
        """Take the owner's mode, or None for the configured one; returns the one that counts."""
        self.current = said or self.configured
        return self.current

    @property
    def shadow(self) -> bool:
        """Everything is decided and recorded, and the lock stays shut."""
        return self.current == "shadow"

    def closed(self) -> Reason | None:
        """Why the door is for nobody now; None: it is not so."""
        if self.current == "closed":
            return Reason.CLOSED
        shut = opens(self._hours.door, self.clock())
        return Reason.CLOSED if shut is Reason.OUTSIDE_HOURS else shut

    def clock(self) -> Clock:
        """Local time; it is asked where hours matter, and for nothing else."""
        return Clock(
            datetime.now(),  # noqa: DTZ005 - the hours are those of the door's own place
            wall()[1],
            self._hours.when_clock_unknown == "refuse",
        )
