"""The lock's line: I1, I2, I14, I15. Each yields a sentence for whatever breaks it."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

from tests.faults.facts import Drove, Ended, Fact, Kept, Moved, Said, Slipped, Started, Tried
from tests.faults.steps import Slip
from tests.faults.story import GRANTED, SAME, Story

_LATE_S = 0.05
_MOST_S = 10.0


def energised_only_in_a_granted_pulse(story: Story) -> Iterator[str]:
    """I1. Each pulse has its cause: a grant or the owner's word, on the disk, or the exit."""
    on, until = False, 0.0
    for fact, cause in _driven(story):
        match fact.what:
            case Drove(on=False):
                on = False
            case Drove(by="loop"):
                if cause is None:
                    yield f"{fact}: the line is on without a grant on the disk"
                on, until = True, fact.at + _pulse_s(story, cause) + _LATE_S
            case _:
                if not on or fact.at > until:
                    yield f"{fact}: a thread put the line on again"
                on = True


def energised_no_longer_than_the_pulse(story: Story) -> Iterator[str]:
    """I2. It ends by itself, whatever the loop is at, or the thread that should end it."""
    pulse, until = None, math.inf
    for fact, cause in _driven(story):
        if fact.at > until + SAME and not _neither_could(story, pulse, fact):
            yield f"{fact}: the line is on since {pulse.at:.3f}, until {until:.3f} was right"
            until = math.inf
        match fact.what:
            case Drove(on=False):
                until = math.inf
            case Drove(by="loop"):
                pulse, until = fact, fact.at + _pulse_s(story, cause) + _LATE_S


def off_at_a_processs_end_and_first_of_all_at_its_beginning(story: Story) -> Iterator[str]:
    """I14, what the door itself does of it; the kernel lets go of what it could not."""
    dead = {fact.life for fact in story.of(Slipped) if fact.what.place == "loop off"}
    on, begun = False, True
    for fact in story.facts:
        match fact.what:
            case Started():
                begun = False
            case Drove(now, by):
                if not begun and by == "loop" and now:
                    yield f"{fact}: a new process put the line on first"
                on, begun = now, True
            case Ended(how) if on and how != "killed" and fact.life not in dead:
                yield f"{fact}: the process ended ({how}) and left the line on"
            case Kept() | Tried() if not begun and fact.life:
                yield f"{fact}: a new process wrote before it held the line off"


def every_grant_has_its_pulse_or_says_that_it_failed(story: Story) -> Iterator[str]:
    """I15. The other way round, every pulse a grant, is I1. Who was killed says nothing."""
    for fact, row, _ in story.grants():
        if story.mode[fact.place] != "normal":
            continue
        later = (f for f in story.facts[fact.place :] if (f.life, f.turn) == (fact.life, fact.turn))
        if not any(map(_answers, later)):
            yield f"{fact}: press {row['press']} was granted and nothing moved"


def granted_pulse_at(story: Story, felt: Fact) -> bool:
    """Whether the line was on by a grant as that was felt."""
    on = False
    for fact, cause in _driven(story):
        if fact.place > felt.place:
            break
        if fact.what.on and fact.what.by == "loop":
            on = cause is not None and isinstance(cause.what, Kept) and _grants(cause)
        on = on and fact.what.on
    return on


def _driven(story: Story) -> Iterator[tuple[Fact, Fact | None]]:
    """What was done to the line; each pulse of the loop's with the one thing that it came from."""
    causes: list[Fact] = []
    for fact in story.facts:
        match fact.what:
            case Kept(rows) if any(_opens(row, story.mode[fact.place]) for row in rows):
                causes.append(fact)
            case Moved("exit", low=True) if story.config.door.exit_opens:
                causes.append(fact)
            case Drove(on=True, by="loop"):
                new = [cause for cause in causes if _just_before(cause, fact)]
                cause = max(new, key=lambda one: isinstance(one.what, Kept), default=None)
                if cause is not None:
                    causes.remove(cause)
                yield fact, cause
            case Drove():
                yield fact, None


def _neither_could(story: Story, pulse: Fact, end: Fact) -> bool:
    """The thread failed, and the loop was held up, in one pulse: there is nobody else."""
    failed = story.slips(pulse, end, Slip.IO)
    thread = any(fact.what.place == "thread off" for fact in failed)
    return thread and bool(story.slips(pulse, end, Slip.STALLED))


def _opens(row: Mapping[str, Any], mode: str) -> bool:
    granted = row.get("kind") == "decision" and row["reason"] == GRANTED
    return (granted and mode == "normal") or row["reason"] == "manual_unlock"


def _just_before(cause: Fact, fact: Fact) -> bool:
    """Whether the loop has not slept since, or woke up for it."""
    if cause.life != fact.life:
        return False
    if isinstance(cause.what, Moved) and not cause.asleep:
        return fact.turn - cause.turn in {0, 1}
    return fact.turn == cause.turn


def _pulse_s(story: Story, cause: Fact | None) -> float:
    """How long a pulse is that came from there."""
    if cause is None or isinstance(cause.what, Moved) or _grants(cause):
        return story.config.door.pulse_s
    asked = (command.seconds for command in story.commanded("unlock", cause))
    return min(_MOST_S, max(asked, default=0.0))


def _grants(kept: Fact) -> bool:
    return any(row["reason"] == GRANTED for row in kept.what.rows)


def _answers(fact: Fact) -> bool:
    """A pulse, or the word that it failed, or the end of the process."""
    match fact.what:
        case Drove(on=True, by="loop") | Ended():
            return True
        case Said(line):
            return "reason=pulse_failed" in line
    return False
