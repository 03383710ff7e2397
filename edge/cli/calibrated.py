"""What `onelook calibrate` found, told to people and to programs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from edge.cli.standing import Standing
from edge.cli.strangers import Strangers
from edge.cli.when import local
from edge.contract.levels import rate_text
from edge.report.levels import Measured, advice, lines, sentences
from edge.report.shadow import Press, Shadow, Whose


@dataclass(frozen=True)
class Calibrated:
    """names: of the enrolled, by id. labelled: the presses that this call said somebody made."""

    standing: Standing
    names: Mapping[str, str]
    labelled: Sequence[Press]
    shadow: Shadow
    strangers: Strangers | None
    measured: Sequence[Measured]

    def lines(self) -> Iterator[str]:
        """For people."""
        if self.labelled:
            yield f"labelled: {_listed(self.labelled)}"
        for one in self._people():
            reasons = ", ".join(f"{count} {word}" for word, count in one["reasons"].items())
            yield f"{one['name'] or 'visitors'}: {_presses(one['presses'])}: {reasons}"
        for word, count in self.shadow.set_aside.items():
            yield f"not counted: {count} {word}"
        if self.shadow.stale:
            yield f"not counted: {self.shadow.stale} of another network, gallery or level than now"
        yield from self._strangers()
        yield from lines(self.measured)
        yield from sentences(self.measured, self._of_the_bundle())
        yield from self._what_to_do()

    def document(self) -> dict[str, Any]:
        """For programs."""
        return {
            "gallery": self.standing.document(),
            "labelled": [f"e-{press.seq}" for press in self.labelled],
            "unlabelled": [f"e-{press.seq}" for press in self.shadow.unlabelled],
            "set_aside": dict(self.shadow.set_aside),
            "stale": self.shadow.stale,
            "people": self._people(),
            "strangers": self.strangers.document() if self.strangers else None,
            "levels": [one.document() for one in self.measured],
            "said": list(sentences(self.measured, self._of_the_bundle())),
            "advice": advice(self.measured),
        }

    def _people(self) -> list[dict[str, Any]]:
        """What came of the labelled presses; of visitors together, under no id."""
        reasons: dict[str | None, Counter[str]] = {}
        for press in self.shadow.presses:
            if press.trial is None or press.label is None:
                continue
            by = press.label.by if press.label.whose is Whose.PERSON else None
            other = press.trial.told not in {None, by}
            word = f"{press.entry['reason']}{' as another' if other else ''}"
            reasons.setdefault(by, Counter())[word] += 1
        return [
            {
                "id": by,
                "name": self.names.get(by) if by else None,
                "presses": found.total(),
                "reasons": dict(found.most_common()),
            }
            for by, found in reasons.items()
        ]

    def _strangers(self) -> Iterator[str]:
        if self.strangers is None:
            return
        for _, why in self.strangers.left_out:
            yield f"left out: {why}"
        for one in self.strangers.opened:
            yield f"opens: {one.photo}, taken for {one.person}; is it really somebody else?"

    def _of_the_bundle(self) -> str:
        press = self.standing.press
        if press is None:
            return ""
        return (
            f"The network's own test, {press.far.trials:,} presses of {self.standing.tested:,} "
            f"strangers, none of yours: {rate_text(press.far)} for a gallery of this size."
        )

    def _what_to_do(self) -> Iterator[str]:
        if better := advice(self.measured):
            yield (
                f"The level {better} would have refused you no more often: "
                f"onelook calibrate --choose {better}"
            )
        level, configured = self.standing.level.name, self.standing.configured
        if level != configured:
            yield (
                f"The level {level} was chosen by command and counts until "
                f"`onelook calibrate --choose configured`; configured is {configured}."
            )
        if self.shadow.unlabelled:
            yield f"Whose are these? {_listed(self.shadow.unlabelled)}"
            yield "  onelook calibrate --who NAME, or --visitor, or --discard"


def _listed(presses: Sequence[Press]) -> str:
    ends = presses[:1] if len(presses) == 1 else (presses[0], presses[-1])
    names = " to ".join(f"e-{press.seq}" for press in ends)
    times = " to ".join(local(press.entry["time"]) for press in ends)
    return f"{_presses(len(presses))} in shadow, {names} ({times})"


def _presses(number: int) -> str:
    return f"{number} press" if number == 1 else f"{number} presses"
