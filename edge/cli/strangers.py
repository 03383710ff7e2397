"""The owner's photographs of people who are not enrolled, as presses that nobody should win.

A folder of a folder is one person; a photograph directly in it is a person by itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edge.cli.desk import Desk, look_at, usable
from edge.cli.progress import watched
from edge.contract.errors import MissingError, OnelookError
from edge.core.burst import Rule, conclude, find
from edge.core.trials import Frame, Trial
from edge.demo.script import pictures_in
from edge.door.match import Matcher
from edge.store.people import Gallery


@dataclass(frozen=True)
class Opened:
    """A photograph that opens, at the loosest level asked about. person: for whom it is taken."""

    photo: Path
    person: str

    def document(self) -> dict[str, Any]:
        return {"photo": str(self.photo), "person": self.person}


@dataclass(frozen=True)
class Strangers:
    """left_out: photographs that are no trial, with why."""

    trials: tuple[Trial, ...]
    opened: tuple[Opened, ...]
    left_out: tuple[tuple[Path, str], ...]

    def document(self) -> dict[str, Any]:
        return {
            "used": len(self.trials),
            "people": len({trial.by for trial in self.trials}),
            "opened": [one.document() for one in self.opened],
            "left_out": [{"photo": str(p), "message": why} for p, why in self.left_out],
        }


def strangers_in(
    folder: Path, desk: Desk, gallery: Gallery, rules: Mapping[str, Rule]
) -> Strangers:
    """Look at every photograph as `onelook test` does.

    Args:
        folder: of photographs, and of folders of photographs.
        desk: what looks.
        gallery: whom they are held against.
        rules: by level, how a burst is judged; the first is the loosest.

    Raises:
        MissingError: no such folder, or no photographs in it.
    """
    matcher = Matcher(desk.bundle.manifest, gallery)
    known = {t.source: p.name for p in gallery.people for t in p.templates}
    trials, opened, left_out = [], [], []
    photos = _photographs(folder)
    for photo in watched(photos, "looking at strangers"):
        try:
            photograph = look_at(desk, photo)
            if photograph.source in known:
                left_out.append((photo, f"{photo}: enrolled, as {known[photograph.source]}."))
                continue
            nearest = matcher.nearest(usable(photograph).tobytes())
        except OnelookError as e:
            left_out.append((photo, e.what))
            continue
        won = {}
        for level, rule in rules.items():
            # A photograph is a camera that sees the same frame again and again.
            verdict = conclude([find(nearest, rule)] * rule.frames, rule)
            if verdict.person is not None:
                won[level] = verdict.person
        loosest = next(iter(rules))
        frames = (Frame(matched=frozenset(won)),) * rules[loosest].frames
        whose, taken_for = _whose(photo, folder), won.get(loosest)
        trials.append(Trial(whose, enrolled=False, told=taken_for, level=loosest, frames=frames))
        if taken_for is not None:
            name = next(p.name for p in gallery.people if p.id == taken_for)
            opened.append(Opened(photo, name))
    return Strangers(tuple(trials), tuple(opened), tuple(left_out))


def _photographs(folder: Path) -> list[Path]:
    if not folder.is_dir():
        raise MissingError(f"{folder}: no such folder.", remedy="Name a folder of photographs.")
    folders = [folder, *sorted(p for p in folder.rglob("*") if p.is_dir())]
    found = [photo for one in folders for photo in pictures_in(one)]
    if not found:
        raise MissingError(
            f"{folder}: no photographs in it.", remedy="Put .jpg, .png or .webp files there."
        )
    return found


def _whose(photo: Path, folder: Path) -> str:
    inside = photo.relative_to(folder)
    return str(inside.parts[0])
