"""What the door does for its log once a day: old events go, and it says that the log is there."""

from __future__ import annotations

from edge import journal
from edge.clock import boottime, wall
from edge.config import LogConfig
from edge.contract.errors import StorageError
from edge.door.press import row_of
from edge.door.records import tell_fault
from edge.store.events import EventStore

_DAY_S = 24 * 3600.0
_SOON_S = 600.0  # after a start, for a door that is switched off every night


class Upkeep:
    """Nothing that the door needs: a disk that refuses is told, and asked again the next day."""

    def __init__(self, events: EventStore, kept: LogConfig) -> None:
        self._events, self._kept = events, kept
        self._due = boottime() + _SOON_S

    def tend(self, now: float) -> None:
        """Do it if it is time; CLOCK_BOOTTIME seconds."""
        if now < self._due:
            return
        self._due = now + _DAY_S
        try:
            # A date that nobody has confirmed is no reason to drop anything.
            before, trusted = wall(self._kept.keep_s)
            row = row_of("system", "heartbeat", now)
            gone = self._events.prune(row, before=before if trusted else "", most=self._kept.most)
            if gone:
                journal.write("log_pruned", events=gone)
            # Whoever cuts the log off has to do the same to the journal.
            journal.write("heartbeat", seq=self._events.record(row))
        except StorageError as e:
            tell_fault(e)
