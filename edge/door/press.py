"""What the door knows of a press while it lasts, and what it says of it afterwards."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from edge.clock import wall
from edge.contract.reasons import Reason
from edge.contract.wire import Seen
from edge.core.burst import Finding, Nearest
from edge.store.events import Counter
from edge.store.people import Person

SCHEMA = "onelook.event/1"
_NEAR = 1.5  # times the threshold


@dataclass(frozen=True)
class Judged:
    """A frame, what it says, and the nearest person where there was a face to compare."""

    seen: Seen
    finding: Finding
    nearest: Nearest | None


@dataclass
class Press:
    """One press. before: the counter as it was before this press raised it, if it did.

    cuts: by level, the threshold that it has for the gallery of this press.
    """

    number: int
    at: float
    frames: list[Judged] = field(default_factory=list)
    before: Counter | None = None
    cuts: Mapping[str, float] = field(default_factory=dict)

    @property
    def findings(self) -> list[Finding]:
        return [judged.finding for judged in self.frames]

    @property
    def last_taken(self) -> float:
        """When the latest frame was exposed, CLOCK_BOOTTIME seconds; never before the press."""
        return max([self.at, *(judged.seen.taken for judged in self.frames)])


@dataclass(frozen=True)
class Ending:
    """How a press ended at `at`. person: who was let in. threshold: what distances were held to."""

    press: Press
    reason: Reason
    person: Person | None
    at: float
    threshold: float
    model: str
    mode: str


def entry(ending: Ending) -> dict[str, object]:
    """What the event log keeps: no name, no distance, nothing that a face could be told by.

    In shadow, where nobody waits for the door, it is also kept which levels would have known whom:
    `onelook calibrate` reads it.
    """
    when, trusted = wall()
    shadow = {"threshold": ending.threshold} if ending.mode == "shadow" else {}
    return {
        "schema": SCHEMA,
        "kind": "decision",
        "press": ending.press.number,
        "time": when,
        "clock": "trusted" if trusted else "unknown",
        "at_ms": round(ending.press.at * 1000),
        "mode": ending.mode,
        "reason": ending.reason.value,
        "person": ending.person.id if ending.person else None,
        "frames": len(ending.press.frames),
        "looked": [_kept(judged, ending) for judged in ending.press.frames],
        "band": _band(ending),
        "ms": _ms(ending),
        "bundle": ending.model,
        **shadow,
    }


def row_of(kind: str, word: str, at: float) -> dict[str, object]:
    """The same of what is no press, at CLOCK_BOOTTIME seconds. kind: "door" or "system"."""
    when, trusted = wall()
    return {
        "schema": SCHEMA,
        "kind": kind,
        "time": when,
        "clock": "trusted" if trusted else "unknown",
        "at_ms": round(at * 1000),
        "reason": word,
    }


def document(ending: Ending, seq: int, lockout: Mapping[str, int]) -> dict[str, Any]:
    """What is told to whoever may see everything: the demo, not the journal and not the log."""
    kept = entry(ending)
    reason, person = ending.reason, ending.person
    return {
        "schema": SCHEMA,
        "ok": True,
        "seq": seq,
        "event": f"e-{seq}",
        "press": f"b-{ending.press.number}",
        "time": kept["time"],
        "clock": kept["clock"],
        "kind": "decision",
        "mode": ending.mode,
        "reason": reason.value,
        "result": "grant" if reason is Reason.GRANTED else "refuse",
        "counts_as_failure": reason.counts_as_failure,
        "person": {"id": person.id, "name": person.name} if person else None,
        "frames": [_frame(n, judged, ending) for n, judged in enumerate(ending.press.frames, 1)],
        "ms": kept["ms"],
        "lockout": dict(lockout),
        "bundle": ending.model,
        "remedy": reason.remedy,
    }


def _frame(number: int, judged: Judged, ending: Ending) -> Mapping[str, Any]:
    reason = judged.finding.reason
    return {
        "n": number,
        "reason": reason.value if reason else None,
        "face": list(judged.seen.face),
        "distance": judged.nearest.distance if judged.nearest else None,
        "threshold": ending.threshold,
        "gates": [gate.document() for gate in judged.seen.gates],
    }


def _kept(judged: Judged, ending: Ending) -> dict[str, object]:
    """What the log keeps of a frame: what was wrong with it, never what the face was like."""
    reason, nearest = judged.finding.reason, judged.nearest
    return {
        "reason": reason.value if reason else None,
        "band": band(nearest.distance, ending.threshold) if nearest else None,
        "gates": [gate.document() for gate in judged.seen.gates if not gate.passed],
        **(_by_level(judged, ending) if ending.mode == "shadow" else {}),
    }


def _by_level(judged: Judged, ending: Ending) -> dict[str, list[str]]:
    """At which levels a frame shows the one who was recognised, and at which somebody else."""
    nearest, person = judged.nearest, ending.person
    if nearest is None:
        return {"matched": [], "others": []}
    theirs = person is not None and person.id == nearest.person
    # Where nobody was recognised it could be anybody: all who are near enough are others.
    other = nearest.next_distance if theirs else nearest.distance
    matched = theirs and judged.finding.person is not None
    cuts = ending.press.cuts
    return {
        "matched": [level for level, cut in cuts.items() if matched and nearest.distance < cut],
        "others": [level for level, cut in cuts.items() if other < cut],
    }


def _band(ending: Ending) -> str | None:
    found = [judged.nearest.distance for judged in ending.press.frames if judged.nearest]
    return band(min(found), ending.threshold) if found else None


def band(distance: float, threshold: float) -> str:
    """How near a face came, without the number."""
    if distance < threshold:
        return "above"
    return "near" if distance < _NEAR * threshold else "far"


def _ms(ending: Ending) -> dict[str, int]:
    """Milliseconds: of the eye's steps over all frames, and from the press to the decision."""
    times = [judged.seen.ms for judged in ending.press.frames]
    steps = {
        name: round(sum(ms[i] for ms in times))
        for i, name in enumerate(("capture", "locate", "embed"))
    }
    return steps | {"total": round((ending.at - ending.press.at) * 1000)}
