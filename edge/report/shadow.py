"""The log's presses in shadow, and whose the owner said that they were. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

from edge.contract.reasons import Reason
from edge.core.trials import SET_ASIDE, Trial, trial_of

LABELLED = "presses_labelled"
# What of a person changes what the door makes of their next press.
_ENROLLED = frozenset({"enrolled", "template_added"})

Row = tuple[int, Mapping[str, Any]]


class Whose(Enum):
    """Who pressed. VISITOR: somebody who is not enrolled. NOBODY: the press counts for nothing."""

    PERSON = "person"
    VISITOR = "visitor"
    NOBODY = "nobody"


@dataclass(frozen=True)
class Label:
    """What the owner said of presses. by: a person's id; of a visitor a name for this one."""

    whose: Whose
    by: str


@dataclass(frozen=True)
class Press:
    """A press in shadow. level: what was in force. label: None until the owner says."""

    seq: int
    entry: Mapping[str, Any]
    level: str
    label: Label | None

    @property
    def trial(self) -> Trial | None:
        """As a trial of recognition, if it is one."""
        if self.label is None or self.label.whose is Whose.NOBODY or self.set_aside:
            return None
        enrolled = self.label.whose is Whose.PERSON
        return trial_of(self.entry, self.label.by, self.level, enrolled=enrolled)

    @property
    def set_aside(self) -> bool:
        """Whether nobody was looked at, or the door itself failed."""
        return Reason(self.entry["reason"]) in SET_ASIDE


@dataclass(frozen=True)
class Shadow:
    """Presses, oldest first. stale: of another network, gallery or level than today's."""

    presses: tuple[Press, ...]
    stale: int

    @property
    def unlabelled(self) -> tuple[Press, ...]:
        return tuple(press for press in self.presses if press.label is None)

    @property
    def trials(self) -> tuple[Trial, ...]:
        return tuple(trial for press in self.presses if (trial := press.trial) is not None)

    @property
    def set_aside(self) -> Counter[str]:
        """By reason, of those that somebody is said to have made."""
        said = (
            p for p in self.presses if p.label is not None and p.label.whose is not Whose.NOBODY
        )
        return Counter(press.entry["reason"] for press in said if press.set_aside)


def shadow_of(
    rows: Iterable[Row], *, model: str, cuts: Mapping[str, float], people: Iterable[str], since: str
) -> Shadow:
    """What of the log can be measured with today's network and gallery.

    Args:
        rows: (seq, entry), oldest first.
        model: the network's id.
        cuts: by level, the threshold for the gallery as it is.
        people: the ids of those who are enrolled.
        since: ISO 8601; earlier presses are not looked at.
    """
    kept = list(rows)
    labels, enrolled = _labels(kept), _last_enrolled(kept)
    by_cut = {cut: level for level, cut in reversed([*cuts.items()])}
    known, found, stale = set(people), [], 0
    for seq, entry in kept:
        if entry.get("mode") != "shadow" or entry.get("time", "") < since:
            continue
        level, label = by_cut.get(entry.get("threshold", -1.0)), labels.get(seq)
        of = label.by if label is not None and label.whose is Whose.PERSON else None
        gone = of is not None and (of not in known or enrolled.get(of, 0) > seq)
        if level is None or entry["bundle"] != model or gone:
            stale += 1
        else:
            found.append(Press(seq, entry, level, label))
    return Shadow(tuple(found), stale)


def label_fields(label: Label, presses: Iterable[Press]) -> dict[str, object]:
    """Of the event that says whose presses were. A visitor is told apart by that event's number."""
    return {
        "person": label.by if label.whose is Whose.PERSON else None,
        "whose": label.whose.value,
        "presses": [press.seq for press in presses],
    }


def _labels(rows: Iterable[Row]) -> dict[int, Label]:
    """By a press's seq; what was said last counts."""
    found: dict[int, Label] = {}
    for seq, entry in rows:
        if entry.get("reason") == LABELLED:
            label = Label(Whose(entry["whose"]), entry["person"] or f"visitor-{seq}")
            found |= dict.fromkeys(entry["presses"], label)
    return found


def _last_enrolled(rows: Iterable[Row]) -> dict[str, int]:
    return {
        entry["person"]: seq
        for seq, entry in rows
        if entry.get("reason") in _ENROLLED and entry.get("person")
    }
