"""Several frames, one decision: enough of them must show one and the same enrolled person."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from edge.contract.reasons import Reason

_ORDER = {reason: place for place, reason in enumerate(Reason)}
# The door's own faults: no frame of the press can speak against the person, so nothing is counted.
_FAULTS = (Reason.ENGINE_ERROR, Reason.CAMERA_ERROR)


@dataclass(frozen=True)
class Rule:
    """`agree` of at most `frames` frames. margin: distance between the best person and the next."""

    frames: int
    agree: int
    threshold: float
    margin: float


@dataclass(frozen=True)
class Nearest:
    """The best person for a frame, and how far the nearest of all others is (inf if nobody)."""

    person: str
    distance: float
    next_distance: float


@dataclass(frozen=True)
class Finding:
    """What one frame says: a person, or the reason why not. Exactly one is set."""

    person: str | None
    reason: Reason | None

    def __post_init__(self) -> None:
        if (self.person is None) == (self.reason is None) or self.reason is Reason.GRANTED:
            raise ValueError(f"a frame says one thing, and never lets in by itself: {self}")


@dataclass(frozen=True)
class Verdict:
    """How a press ends. `person` only where the reason says that somebody was recognised."""

    reason: Reason
    person: str | None = None


def find(nearest: Nearest | None, rule: Rule) -> Finding:
    """Judge a usable frame. None, or a distance that is no number, matches nobody."""
    if nearest is None or not nearest.distance < rule.threshold:
        return Finding(None, Reason.NOT_RECOGNISED)
    # More than the margin: of two people at one distance neither is the first.
    if not nearest.next_distance - nearest.distance > rule.margin:
        return Finding(None, Reason.AMBIGUOUS)
    return Finding(nearest.person, None)


def decide(findings: Sequence[Finding], rule: Rule) -> Verdict | None:
    """The verdict as soon as further frames cannot change it; None while they can."""
    votes = _votes(findings)
    most = max(votes.values(), default=0)
    if most >= rule.agree:
        return conclude(findings, rule)
    left = rule.frames - len(findings)
    return conclude(findings, rule) if most + left < rule.agree or left <= 0 else None


def conclude(findings: Sequence[Finding], rule: Rule) -> Verdict:
    """The verdict if no further frame comes. The order of the frames does not matter.

    Without a person it is the most frequent reason, of equals the earlier word.
    """
    votes = _votes(findings)
    agreed = [person for person, count in votes.items() if count >= rule.agree]
    if len(agreed) == 1:
        return Verdict(Reason.GRANTED, agreed[0])
    reasons = Counter(finding.reason for finding in findings if finding.reason is not None)
    for fault in _FAULTS:
        if fault in reasons:
            return Verdict(fault)
    if votes:  # different people, or one in too few frames
        return Verdict(Reason.INCONSISTENT)
    # Who showed a face once is not helped by hiding it in the other frames.
    failures = [reason for reason in reasons if reason.counts_as_failure]
    most = min(failures or reasons, key=lambda r: (-reasons[r], _ORDER[r]), default=Reason.TIMEOUT)
    return Verdict(most)


def _votes(findings: Sequence[Finding]) -> Counter[str]:
    return Counter(finding.person for finding in findings if finding.person is not None)
