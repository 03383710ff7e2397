"""The counter of failures: I10, I11, R2.3. Each yields a sentence for whatever breaks it."""

from __future__ import annotations

from collections.abc import Iterator

from edge.contract.reasons import Reason
from tests.faults.facts import Compared, Kept
from tests.faults.story import GRANTED, Story

_FAILURES = {reason.value for reason in Reason if reason.counts_as_failure}
# These leave the counter raised although no stranger's face was seen: see `Records`.
_STAY = _FAILURES | {Reason.STORAGE_ERROR.value, Reason.PULSE_FAILED.value}
_MS = 1e-3  # to which a row gives the time of its press


def falls_by_a_grant_a_quiet_day_or_the_owner_alone(story: Story) -> Iterator[str]:
    """I10. Or back to what it was before a press that ended as none that counts."""
    for fact in story.of(Kept):
        before = story.counter[fact.place - 1]
        if fact.what.failures >= before.failures:
            continue
        words = {row["reason"] for row in fact.what.rows}
        asking, life = story.running[fact.place], story.lives.get(fact.life)
        given_back = asking and asking.raised and fact.what.failures == asking.before
        cleared = "lockout_cleared" in words and (
            story.commanded("clear-lockout", fact)
            or (life and story.quiet_day(before, life, fact.at))
        )
        if GRANTED not in words and not cleared and not (given_back and words - _STAY):
            fell = f"from {before.failures} to {fact.what.failures}"
            yield f"{fact}: the counter fell {fell}, with {words or 'no row'}"


def no_fault_of_the_door_raises_it(story: Story) -> Iterator[str]:
    """I11. Once a press at most, for a face of that press; and it stays for a failure alone."""
    for fact in story.of(Kept):
        asking = story.running[fact.place]
        if asking is None or asking.raised is None or fact.place < asking.raised.place:
            continue
        if asking.raised is fact and not asking.usable(fact):
            yield f"{fact}: a failure was counted before any face was seen"
        if fact.what.failures > asking.before + 1:
            yield f"{fact}: press {asking.number} was counted twice"
        for row in fact.what.rows:
            mine = row.get("kind") == "decision" and row["press"] == asking.number
            if mine and row["reason"] not in _STAY and fact.what.failures > asking.before:
                yield f"{fact}: {row['reason']} left the counter at {fact.what.failures}"


def no_lockout_lasts_longer_than_its_failures(story: Story) -> Iterator[str]:
    """I11. That it lasts no shorter is I4."""
    for fact, row in story.rows():
        life = story.lives[fact.life]
        if row["reason"] == Reason.LOCKOUT.value:
            pushed = life.booted_at + row["at_ms"] * _MS
            over = pushed - story.locked_until(story.counter[fact.place], life)
            if over > _MS:
                yield f"{fact}: locked out {over:.3f} s after the end of the lock-out"


def raised_on_the_disk_before_anything_is_compared(story: Story) -> Iterator[str]:
    """R2.3. Pulling the plug gives no free try."""
    for fact in story.of(Compared):
        asking = story.running[fact.place]
        if asking is None or asking.raised is None or asking.raised.place > fact.place:
            yield f"{fact}: compared before the failure was counted on the disk"
