"""One-shot figures: a table for people, `results.json` for programs, a picture of the worst."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from edge.contract.errors import OutputError
from train.files import write_text
from train.oneshot.cost import KOCH_MACS
from train.oneshot.evaluate import Figure, Wrong
from train.subject import Subject

SCHEMA, DOCUMENT, PICTURE = "onelook.oneshot/1", "results.json", "worst.png"
_SIDE, _GAP = 105, 8
_COLUMNS = ("asked", "right", "taken")


@dataclass(frozen=True)
class Measured:
    """Everything that is told.

    macs: multiply-accumulates of one picture looked at once, if known. looks: views of each.
    """

    subject: Subject
    macs: int | None
    looks: int
    seed: int
    figures: tuple[Figure, ...]
    worst: tuple[Wrong, ...]

    @property
    def cost(self) -> int | None:
        return None if self.macs is None else self.macs * self.looks

    def summary(self) -> str:
        """For people, on one screen."""
        network = f"{self.subject.name} ({self.subject.kind}), sha256 {self.subject.sha256[:16]}"
        return "\n".join([network, self._price(), *(figure.line() for figure in self.figures)])

    def _price(self) -> str:
        views = f", {self.looks} views" if self.looks > 1 else ""
        if self.cost is None:
            return f"cost of a picture unknown{views}"
        share = f"1/{KOCH_MACS / self.cost:.0f} of Koch et al. 2015"
        return f"{self.cost / 1e6:.2f} M multiply-accumulates of a picture{views}, {share}"

    def document(self, command: str) -> dict[str, Any]:
        return {
            "schema": SCHEMA,
            "ok": True,
            "command": command,
            "seed": self.seed,
            "model": {
                "name": self.subject.name,
                "kind": self.subject.kind,
                "sha256": self.subject.sha256,
            },
            "views": self.looks,
            "macs": self.cost,
            "macs_koch2015": KOCH_MACS,
            "figures": [_figure(figure) for figure in self.figures],
        }


def write(folder: Path, found: Measured, command: str) -> None:
    """results.json and worst.png. Raises: OutputError: they cannot be written."""
    write_text(folder / DOCUMENT, json.dumps(found.document(command), indent=1) + "\n")
    if found.worst and not cv2.imwrite(str(folder / PICTURE), worst_picture(found.worst)):
        raise OutputError(f"{folder / PICTURE}: cannot be written", remedy="check the free space")


def worst_picture(worst: Sequence[Wrong]) -> NDArray[np.uint8]:
    """A row for each: what was asked about, the right character, the one taken for it."""
    rows = [_row([_fit(w.probe), _fit(w.right), _fit(w.taken)], w.group) for w in worst]
    head = np.full((24, rows[0].shape[1]), 255, np.uint8)
    for place, word in enumerate(_COLUMNS):
        _write(head, word, place * (_SIDE + _GAP) + 4, 17)
    return np.concatenate([head, *rows])


def _row(pictures: list[NDArray[np.uint8]], name: str) -> NDArray[np.uint8]:
    side = np.full((_SIDE + _GAP, 3 * (_SIDE + _GAP) + 90), 255, np.uint8)
    for place, picture in enumerate(pictures):
        left = place * (_SIDE + _GAP)
        side[:_SIDE, left : left + _SIDE] = picture
        cv2.rectangle(side, (left, 0), (left + _SIDE - 1, _SIDE - 1), 170)
    _write(side, name, 3 * (_SIDE + _GAP), _SIDE // 2)
    return side


def _fit(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    grey = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)
    return np.asarray(cv2.resize(grey, (_SIDE, _SIDE), interpolation=cv2.INTER_AREA), np.uint8)


def _write(on: NDArray[np.uint8], text: str, left: int, base: int) -> None:
    cv2.putText(on, text, (left, base), cv2.FONT_HERSHEY_SIMPLEX, 0.45, 0, 1, cv2.LINE_AA)


def _figure(figure: Figure) -> dict[str, Any]:
    return {
        "name": figure.name,
        "trials": figure.trials,
        "accuracy": figure.accuracy.value,
        "low": figure.accuracy.low,
        "high": figure.accuracy.high,
        "interval": figure.how,
        "groups": figure.groups,
    }
