"""How presses are counted, committed and told: counter, log, journal, the demo's wires."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from edge import journal
from edge.clock import boot_id, boottime
from edge.contract.errors import OnelookError, StorageError
from edge.contract.reasons import Happening, Reason
from edge.core.lockout import Lockout, forgotten, remaining
from edge.door.press import Ending, Press, document, entry, row_of
from edge.store.events import Counter, EventStore
from edge.store.people import Person

_PRIORITIES = {
    Happening.DOOR_FORCED: journal.ALERT,
    Happening.TAMPER: journal.ALERT,
    Happening.DOOR_HELD: journal.WARNING,
    Happening.BUTTON_STUCK: journal.WARNING,
}


Show = Callable[[Mapping[str, Any]], None]


class Records:
    """show: gets each event document, or None."""

    def __init__(
        self,
        events: EventStore,
        lockout: Lockout,
        *,
        model: str,
        show: Show | None,
    ) -> None:
        self._events, self._lockout = events, lockout
        self._model, self._mode, self._show = model, "normal", show
        self._boot = boot_id()

    def set_mode(self, mode: str) -> None:
        """What the events say from now on."""
        self._mode = mode

    def lockout_left(self, now: float) -> float:
        """Seconds that nobody is looked at. Raises: StorageError."""
        counter = self._events.counter()
        same_boot = counter.boot_id == self._boot
        return remaining(
            counter.failures, counter.counted_at, now, self._lockout, same_boot=same_boot
        )

    def count(self, press: Press) -> None:
        """At the first usable face of a press, one failure more, before anything is compared.

        Raises:
            StorageError: it is not on the disk.
        """
        if press.before is None:
            self._forget(press.at)
            before = self._events.counter()
            self._events.count_press(press.at)
            press.before = before

    def _forget(self, at: float) -> None:
        """After a quiet day the old failures count no more. Raises: StorageError."""
        counter = self._events.counter()
        same_boot = counter.boot_id == self._boot
        if forgotten(counter.failures, counter.counted_at, at, same_boot=same_boot):
            row = {**row_of("system", "lockout_cleared", at), "failures": counter.failures}
            self._events.record(row, counter=Counter(0, self._boot, at))
            journal.write("lockout_cleared", failures=counter.failures)

    def commit(self, press: Press, reason: Reason, person: Person | None, threshold: float) -> None:
        """Commit how a press ended, then tell. threshold: what distances were held to.

        Raises:
            StorageError: a grant is not on the disk. Of a refusal that is only journalled: the door
                is locked with or without its record.
        """
        ending = Ending(press, reason, person, boottime(), threshold, self._model, self._mode)
        try:
            seq = self._events.record(entry(ending), counter=self._counter_after(press, reason))
        except StorageError as e:
            if reason is Reason.GRANTED:
                raise
            tell_fault(e)
            seq = 0
        self._journal(ending, seq)
        if self._show is not None:
            self._show({"event": document(ending, seq, self._lockout_shown())})

    def note(self, what: Happening, at: float, *, needed: bool = False, **fields: object) -> None:
        """Say what happened at the door, at CLOCK_BOOTTIME seconds.

        Mostly the log is tried, not needed: who leaves must not wait for a disk that is full.

        Raises:
            StorageError: it is needed, and not on the disk.
        """
        row = {**row_of("door", what.value, at), **fields}
        try:
            seq = self._events.record(row)
        except StorageError as e:
            if needed:
                raise
            tell_fault(e)
            seq = 0
        journal.write(
            "door", priority=_PRIORITIES.get(what, journal.INFO), seq=seq, reason=what.value
        )
        if self._show is not None:
            self._show({"happening": what.value, "at": at})

    def _counter_after(self, press: Press, reason: Reason) -> Counter | None:
        if reason is Reason.GRANTED:
            return Counter(0, self._boot, press.at)
        # Whatever does not count gives back what the press took; a failure leaves it raised, and
        # so does a disk or a line that failed after a match.
        stays = reason.counts_as_failure or reason in (Reason.STORAGE_ERROR, Reason.PULSE_FAILED)
        return None if stays else press.before

    def _lockout_shown(self) -> dict[str, int]:
        try:
            failures, left_s = self._events.counter().failures, self.lockout_left(boottime())
        except StorageError:  # told already; the shown event says storage_error
            failures, left_s = 0, 0.0
        return {"failures": failures, "free": self._lockout.free, "left_ms": round(left_s * 1000)}

    def _journal(self, ending: Ending, seq: int) -> None:
        kept = entry(ending)
        journal.write(
            "press",
            priority=journal.NOTICE if ending.reason.counts_as_failure else journal.INFO,
            seq=seq,
            press=ending.press.number,
            reason=ending.reason.value,
            person=kept["person"],
            frames=kept["frames"],
            score_band=kept["band"],
            t_total_ms=round((ending.at - ending.press.at) * 1000),
            bundle=self._model,
            mode=self._mode,
        )


def tell_fault(error: OnelookError) -> None:
    """What the disk, a pin or the eye did wrong, to whoever reads the journal."""
    journal.write("fault", priority=journal.CRITICAL, what=error.what, remedy=error.remedy)
