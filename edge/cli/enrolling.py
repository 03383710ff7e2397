"""From photographs to templates: the checks of an enrolment, the same for `enroll` and the demo."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from difflib import get_close_matches
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edge.cli.crops import crop_file
from edge.cli.desk import Desk, Photograph, look_at, usable
from edge.contract.errors import (
    BundleError,
    FaceError,
    MissingError,
    OnelookError,
    UsageError,
)
from edge.contract.levels import Step
from edge.door.match import Matcher
from edge.door.people import step_for
from edge.store.gallery import Gallery, GalleryStore, Person, Template

MAX_NAME = 64
_CLEARLY = 1.5  # times the limit: so far everybody else should be


@dataclass(frozen=True)
class Request:
    """Who, and from which photographs. add: the person is enrolled and gets more templates.

    keep_crops: the aligned faces too, for networks to come.
    """

    name: str
    photos: Sequence[Path]
    add: bool = False
    label: str = ""
    keep_crops: bool = False


@dataclass(frozen=True)
class Skipped:
    """A photograph that was not used, and why."""

    path: Path
    error: OnelookError


@dataclass(frozen=True)
class Tried:
    """What a press of the new photographs would meet, as distances.

    own: of the photograph that is farthest from the person's others; None: there is no other one.
    other: of the one that is nearest to anybody else, and who that is; None: there is nobody else.
    """

    limit: float
    own: float | None
    other: tuple[str, float] | None

    @property
    def good(self) -> bool:
        """They are known by each other, and nobody else is near."""
        known = self.own is None or self.own < self.limit
        return known and (self.other is None or self.other[1] >= _CLEARLY * self.limit)


@dataclass(frozen=True)
class Enrolment:
    """What an enrolment did. known: photographs that were enrolled before, byte for byte."""

    person: Person
    kept: tuple[Path, ...]
    known: tuple[Path, ...]
    skipped: tuple[Skipped, ...]
    warnings: tuple[str, ...]
    tried: Tried

    @property
    def given(self) -> int:
        return len(self.kept) + len(self.known) + len(self.skipped)


def enrol(desk: Desk, store: GalleryStore, request: Request) -> Enrolment:
    """Let a person in from photographs, each of which is embedded once.

    Raises:
        FaceError: none of the photographs can be used. A single one raises its own error.
        OnelookError: the person is enrolled already, looks like another one, or the gallery would
            be larger than the level was measured for.
        MissingError: more templates were asked for, and there is no such person.
    """
    name, add = request.name, request.add
    check_name(name)
    _find(store.load(), name, add=add)  # the quick refusal, before seconds of looking
    looked, skipped = _look(desk, request.photos)
    with store.change() as change:
        gallery = change.gallery
        person = _find(gallery, name, add=add) or Person(_new_id(gallery), name, ())
        known_sources = {t.source for t in person.templates if t.model == desk.model}
        kept: list[Photograph] = []
        for photograph in looked:
            if photograph.source not in known_sources:
                known_sources.add(photograph.source)
                kept.append(photograph)
        templates = (*person.templates, *_templates(desk, kept, request))
        grown = gallery.with_person(replace(person, templates=templates))
        step, warnings = _step_after(desk, gallery, grown)
        _refuse_lookalike(desk, gallery, person, kept, step.distance)
        warnings += _strangers_among(desk, person, kept, step.distance)
        person = replace(person, templates=templates)
        if kept:
            change.commit(grown)
    used = {id(p) for p in kept}
    return Enrolment(
        person,
        tuple(p.path for p in kept),
        tuple(p.path for p in looked if id(p) not in used),
        tuple(skipped),
        tuple(warnings),
        _tried(desk, grown, person, step.distance),
    )


def find_person(gallery: Gallery, name: str) -> Person:
    """The person of that name, whatever the capitals.

    Raises:
        MissingError: nobody; the message names the nearest one.
    """
    for person in gallery.people:
        if person.name.casefold() == name.casefold():
            return person
    names = [person.name for person in gallery.people]
    near = get_close_matches(name, names, n=1)
    raise MissingError(
        f"nobody called {name!r} is enrolled.",
        remedy=f"Did you mean {near[0]!r}? See: onelook list" if near else "See: onelook list",
    )


def matrix(templates: Sequence[Template]) -> NDArray[np.int8]:
    """The embeddings of templates, (n, dimensions) int8."""
    return np.stack([np.frombuffer(t.embedding, np.int8) for t in templates])


def check_name(name: str) -> None:
    """Raises: UsageError: it is none."""
    if not name.strip() or name != name.strip() or len(name) > MAX_NAME or not name.isprintable():
        raise UsageError(
            f"{name!r} is no name.",
            remedy=f"Give 1 to {MAX_NAME} printable characters, without spaces around them.",
        )


def _find(gallery: Gallery, name: str, *, add: bool) -> Person | None:
    if add:
        return find_person(gallery, name)
    check_free(gallery, name)
    return None


def check_free(gallery: Gallery, name: str) -> None:
    """Raises: OnelookError: somebody is enrolled under this name."""
    for person in gallery.people:
        if person.name.casefold() == name.casefold():
            raise OnelookError(
                f"{person.name} is enrolled already, with {len(person.templates)} template(s).",
                remedy=f"For more templates: onelook enroll {person.name!r} --add PHOTO",
            )


def _look(desk: Desk, photos: Sequence[Path]) -> tuple[list[Photograph], list[Skipped]]:
    looked, skipped = [], []
    for path in photos:
        try:
            photograph = look_at(desk, path)
            usable(photograph)
            looked.append(photograph)
        except OnelookError as e:
            if len(photos) == 1:
                raise
            skipped.append(Skipped(path, e))
    if not looked:
        reasons = "\n".join(f"  {s.error.what}" for s in skipped)
        raise FaceError(
            f"none of the {len(photos)} photographs can be used.",
            why=reasons,
            remedy="Take one from the front, about 60 cm away, with light on the face.",
        )
    return looked, skipped


def _step_after(desk: Desk, gallery: Gallery, grown: Gallery) -> tuple[Step, list[str]]:
    """The threshold of the gallery as it will be, and a word if it is a stricter one (R1.10).

    Raises:
        OnelookError: nobody has measured how often so large a gallery lets strangers in.
    """
    level, manifest = desk.level, desk.bundle.manifest
    try:
        step = step_for(level, Matcher(manifest, grown))
    except BundleError as e:
        raise OnelookError(f"the gallery is full: {e.what}.", why=e.why, remedy=e.remedy) from e
    if step == step_for(level, Matcher(manifest, gallery)):
        return step, []
    told = f"from now on the threshold is that for {step.people} people, {step.distance:.5f}"
    return step, [f"{told}: more templates give a stranger more chances."]


def _refuse_lookalike(
    desk: Desk, gallery: Gallery, person: Person, kept: Sequence[Photograph], threshold: float
) -> None:
    for other in gallery.people:
        theirs = [t for t in other.templates if t.model == desk.model]
        if other.id == person.id or not theirs:
            continue
        for photograph in kept:
            if desk.distances(usable(photograph), matrix(theirs)).min() < threshold:
                raise OnelookError(
                    f"{person.name} looks like {other.name} to this network "
                    f"({photograph.path}; a press could confuse them).",
                    remedy='Choose [recognition] level = "strict", or do not enrol both. '
                    f"If it is one person: onelook enroll {other.name!r} --add PHOTO",
                )


def _strangers_among(
    desk: Desk, person: Person, kept: Sequence[Photograph], threshold: float
) -> list[str]:
    """A warning for each new photograph that looks like none of the person's others."""
    new = [usable(p) for p in kept]
    old = [np.frombuffer(t.embedding, np.int8) for t in person.templates if t.model == desk.model]
    warnings = []
    for i, photograph in enumerate(kept):
        others = [*old, *new[:i], *new[i + 1 :]]
        if others and desk.distances(new[i], np.stack(others)).min() >= threshold:
            warnings.append(
                f"{photograph.path} looks like no other photograph of {person.name}: "
                "is it the same person?"
            )
    return warnings


def _tried(desk: Desk, gallery: Gallery, person: Person, limit: float) -> Tried:
    """The person's templates against each other, and against everybody else's."""

    def usable_of(somebody: Person) -> list[NDArray[np.int8]]:
        mine = (t for t in somebody.templates if t.model == desk.model)
        return [np.frombuffer(t.embedding, np.int8) for t in mine]

    own, mine = [], usable_of(person)
    for i, embedding in enumerate(mine):
        rest = [*mine[:i], *mine[i + 1 :]]
        if rest:
            own.append(float(desk.distances(embedding, np.stack(rest)).min()))
    others = [
        (other.name, float(min(desk.distances(e, np.stack(theirs)).min() for e in mine)))
        for other in gallery.people
        if other.id != person.id and (theirs := usable_of(other)) and mine
    ]
    return Tried(limit, max(own, default=None), min(others, key=lambda o: o[1], default=None))


def _templates(desk: Desk, kept: Sequence[Photograph], request: Request) -> tuple[Template, ...]:
    now = datetime.now(UTC).isoformat(timespec="seconds")
    return tuple(
        Template(
            usable(p).tobytes(),
            desk.model,
            p.source,
            now,
            request.label,
            crop_file(p.sight.crop) if request.keep_crops else b"",
        )
        for p in kept
    )


def _new_id(gallery: Gallery) -> str:
    taken = {person.id for person in gallery.people}
    while (fresh := f"p-{secrets.token_hex(2)}") in taken:
        pass
    return fresh
