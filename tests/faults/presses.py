"""Which presses are taken, and how they end: I3, I4. Each yields a sentence for what breaks it."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from edge.contract.reasons import Reason
from tests.faults.admission import in_hours
from tests.faults.lock import granted_pulse_at
from tests.faults.steps import Slip
from tests.faults.story import GRANTED, SAME, Asking, Story

_MINUTE_S, _A_MINUTE = 60.0, 20
_TURN_S, _LONGEST_STALL_S = 6.0, 20.0


def one_decision_a_press_and_one_pulse_a_decision(story: Story) -> Iterator[str]:
    """I3. But for a grant whose pulse failed: that is said in a second row."""
    ended: dict[tuple[int, int], list[str]] = {}
    for fact, row in story.rows():
        ended.setdefault((fact.life, row["press"]), []).append(row["reason"])
    for (life, press), reasons in ended.items():
        if len(reasons) > 1 and reasons != [GRANTED, Reason.PULSE_FAILED.value]:
            yield f"press {press} of process {life} ended as {', '.join(reasons)}"


def one_at_the_wrong_time_starts_nothing(story: Story) -> Iterator[str]:
    """I4. In a lock-out, in a grant's pulse, while the door is closed."""
    for asking in story.askings:
        fact = asking.fact
        left = story.locked_until(story.counter[fact.place], asking.life) - asking.pushed
        if left > SAME:
            yield f"{fact}: looked at {left:.3f} s before the lock-out ends"
        if asking.felt and asking.felt.asleep and granted_pulse_at(story, asking.felt):
            yield f"{fact}: a press while the lock is open was taken"
        if story.mode[fact.place] == "closed":
            yield f"{fact}: somebody was looked at though the door is closed"
        clocks = story.clocks(asking.pushed, fact.at)
        if not any(in_hours(story, story.config.hours.door, *clock) for clock in clocks):
            yield f"{fact}: somebody was looked at outside the door's hours"


def one_in_anothers_way_starts_nothing(story: Story) -> Iterator[str]:
    """I4 and R3.3. While one is decided, too soon after it, or more than twenty in a minute."""
    for number in story.lives:
        mine = [asking for asking in story.askings if asking.life.number == number]
        for before, after in pairwise(mine):
            yield from _in_the_way(before, after)
            if after.pushed - before.pushed < story.config.button.gap_s - SAME:
                yield f"{after.fact}: {after.pushed - before.pushed:.3f} s after the last"
        for first, last in zip(mine, mine[_A_MINUTE:], strict=False):
            if last.pushed - first.pushed < _MINUTE_S - SAME:
                yield f"{last.fact}: more than {_A_MINUTE} looks within a minute"


def one_that_was_taken_ends_and_says_how(story: Story) -> Iterator[str]:
    """On the disk or, if that takes nothing, in the journal; unless the process ended first."""
    for asking in story.askings:
        ended = asking.life.ended
        if asking.decided is None and ended is not None:
            stalls = story.slips(asking.fact, ended, Slip.STALLED)
            due = max(asking.deadline, asking.fact.at)  # a press may have waited for its turn
            if ended.at > due + _TURN_S + _LONGEST_STALL_S * len(stalls):
                yield f"{asking.fact}: press {asking.number} never ended"


def _in_the_way(before: Asking, after: Asking) -> Iterator[str]:
    end, felt = before.decided, after.felt
    if end is not None and felt is not None and (felt.turn, not felt.asleep) < (end.turn, True):
        yield f"{after.fact}: a press while press {before.number} was decided was taken"
