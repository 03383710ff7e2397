"""What the frames of the running press come to: each is counted, compared, and has its vote."""

from __future__ import annotations

from edge.clock import boottime
from edge.config import RecognitionConfig
from edge.contract.wire import Seen
from edge.core.burst import Finding, Rule, Verdict, conclude, decide, find
from edge.door.people import People
from edge.door.press import Judged, Press
from edge.door.records import Records


class Judge:
    """`press` is the latest one; whether it still runs, the machine knows."""

    def __init__(self, people: People, records: Records, chosen: RecognitionConfig) -> None:
        self._people, self._records, self._chosen = people, records, chosen
        self.rule = self._new_rule()
        self.press = Press(0, boottime())

    def renew(self) -> None:
        """The gallery as it is now, and the rule that it asks for.

        Raises:
            StorageError, PermissionsError: it cannot be read.
            BundleError: it is larger than the level was measured for.
        """
        self._people.refresh()
        self.rule = self._new_rule()

    def begin(self, number: int, at: float) -> None:
        """Of this press are the frames to come; it was made at CLOCK_BOOTTIME seconds."""
        self.press = Press(number, at, cuts=self._people.cuts)

    def see(self, seen: Seen) -> Verdict | None:
        """A frame more; the verdict as soon as further ones cannot change it.

        A frame that is not newer than the last is no second look.

        Raises:
            StorageError: the press is not counted on the disk, and so nothing was compared.
        """
        stale = seen.reason is None and seen.taken <= self.press.last_taken
        if seen.press != self.press.number or stale:
            return None
        self.press.frames.append(self._judged(seen))
        return decide(self.press.findings, self.rule)

    def conclude(self) -> Verdict:
        """The verdict if no further frame comes."""
        return conclude(self.press.findings, self.rule)

    def _judged(self, seen: Seen) -> Judged:
        if seen.reason is not None:
            return Judged(seen, Finding(None, seen.reason), None)
        self._records.count(self.press)
        nearest = self._people.matcher.nearest(seen.embedding)
        return Judged(seen, find(nearest, self.rule), nearest)

    def _new_rule(self) -> Rule:
        """How a burst is judged with the gallery as it is."""
        chosen, cut = self._chosen, self._people.step.distance
        return Rule(chosen.frames, chosen.agree, cut, chosen.margin)
