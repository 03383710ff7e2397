"""Presses in shadow of people whom the owner names, and what each level makes of them.

A press ends as soon as the level in force has decided, which a stricter level may not have by then:
where the missing frame could matter, the answer is None.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from edge.contract.reasons import Reason
from edge.core.proportion import interval, upper

# Nobody was looked at, or the door itself failed: no trial of recognition.
SET_ASIDE = frozenset(
    {
        Reason.LOCKOUT,
        Reason.CLOSED,
        Reason.BUSY,
        Reason.NOT_ARMED,
        Reason.EMPTY_GALLERY,
        Reason.CAMERA_ERROR,
        Reason.ENGINE_ERROR,
        Reason.STORAGE_ERROR,
        Reason.PULSE_FAILED,
    }
)


@dataclass(frozen=True)
class Frame:
    """Names of levels: at which it shows the one who was recognised, and somebody else."""

    matched: frozenset[str] = frozenset()
    others: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Trial:
    """A press in shadow. by: a person's id, or what tells one stranger from another.

    told: the id of who was recognised, if anybody was, at the `level` that was in force.
    """

    by: str
    enrolled: bool
    told: str | None
    level: str
    frames: tuple[Frame, ...]


@dataclass(frozen=True)
class Agreement:
    """`agree` of at most `frames` frames let somebody in."""

    frames: int
    agree: int

    def reached(self, votes: int, seen: int) -> bool | None:
        """None: a frame that was not looked at could reach it."""
        if votes >= self.agree:
            return True
        return None if votes + self.frames - seen >= self.agree else False


@dataclass(frozen=True)
class Figure:
    """`errors` of `trials`; of `unknown` more nobody knows. units: people they come from.

    units_wrong: people with an error, or with one that nobody knows of.
    """

    errors: int
    unknown: int
    trials: int
    units: int
    units_wrong: int

    @property
    def interval(self) -> tuple[float, float]:
        """Two-sided 95 %, over trials; what is unknown is no error at its lower end."""
        low, _ = interval(self.errors, self.trials)
        _, high = interval(self.errors + self.unknown, self.trials)
        return low, high

    @property
    def upper(self) -> float:
        """One-sided 95 %, over people: who opens once may open always."""
        return max(
            upper(self.errors + self.unknown, self.trials), upper(self.units_wrong, self.units)
        )


def trial_of(entry: Mapping[str, Any], by: str, level: str, *, enrolled: bool) -> Trial:
    """From a row of the log, in shadow."""
    frames = tuple(
        Frame(frozenset(f.get("matched", ())), frozenset(f.get("others", ())))
        for f in entry["looked"]
    )
    told = entry["person"] if Reason(entry["reason"]).recognised else None
    return Trial(by, enrolled, told, level, frames)


def refused(trial: Trial, level: str, rule: Agreement) -> bool | None:
    """Whether that level, no looser than the one in force, fails to know who pressed."""
    if trial.told != trial.by:
        return True
    known = _matched(trial, level, rule)
    return None if known is None else not known


def mistaken(trial: Trial, level: str, rule: Agreement) -> bool | None:
    """Whether it opens for somebody to whom it should not.

    Somebody who is enrolled counts as if they were not: is another person near enough to them?
    """
    if trial.told is not None and trial.told != trial.by:
        return _matched(trial, level, rule)
    if not trial.enrolled:
        return False
    votes = sum(level in frame.others for frame in trial.frames)
    if trial.told is None:  # it went to its end, or its time was up: no frame more comes
        return votes >= rule.agree
    return rule.reached(votes, len(trial.frames))


def figure(trials: Iterable[Trial], wrong: Callable[[Trial], bool | None]) -> Figure | None:
    """Count; None if there is nothing to count."""
    found = [(trial.by, wrong(trial)) for trial in trials]
    if not found:
        return None
    answers = [answer for _, answer in found]
    return Figure(
        errors=answers.count(True),
        unknown=answers.count(None),
        trials=len(found),
        units=len({by for by, _ in found}),
        units_wrong=len({by for by, answer in found if answer is not False}),
    )


def _matched(trial: Trial, level: str, rule: Agreement) -> bool | None:
    if level == trial.level:
        return True
    votes = sum(level in frame.matched for frame in trial.frames)
    return rule.reached(votes, len(trial.frames))
