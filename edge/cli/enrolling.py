"""From faces to templates: who is let in, and on which of their faces.

`enrol` takes photographs, `enrol_faces` what the door's own camera saw.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from difflib import get_close_matches
from pathlib import Path

from edge.cli.crops import crop_file
from edge.cli.desk import Desk, look_at, usable
from edge.cli.likeness import (
    Candidate,
    Ruler,
    Tried,
    best_spread,
    refuse_lookalike,
    strangers_among,
    tried,
)
from edge.cli.progress import watched
from edge.contract.errors import (
    BundleError,
    FaceError,
    MissingError,
    OnelookError,
    UsageError,
)
from edge.contract.levels import Level, Step
from edge.door.match import Matcher
from edge.door.people import step_for
from edge.store.gallery import Gallery, GalleryStore, Person, Template

MAX_NAME = 64


@dataclass(frozen=True)
class Request:
    """Who, and from which photographs; none where the faces come from elsewhere.

    add: the person is enrolled and gets more templates. keep_crops: the aligned faces too, for
    networks to come.
    """

    name: str
    photos: Sequence[Path]
    add: bool = False
    label: str = ""
    keep_crops: bool = False


@dataclass(frozen=True)
class Skipped:
    """A photograph that was not used, and why."""

    told: str
    error: OnelookError


@dataclass(frozen=True)
class Admission:
    """How faces became templates, each by its place among those given.

    known: were enrolled before, byte for byte. left_out: bring less than those that are kept, of
    which one person has no more than five. dropped: templates from before that went for the same
    reason.
    """

    person: Person
    kept: tuple[int, ...]
    known: tuple[int, ...]
    left_out: tuple[int, ...]
    dropped: tuple[Template, ...]
    warnings: tuple[str, ...]
    tried: Tried


@dataclass(frozen=True)
class Enrolment:
    """What an enrolment did, as `Admission`; faces by how messages call them."""

    person: Person
    kept: tuple[str, ...]
    known: tuple[str, ...]
    left_out: tuple[str, ...]
    dropped: tuple[Template, ...]
    skipped: tuple[Skipped, ...]
    warnings: tuple[str, ...]
    tried: Tried

    @property
    def given(self) -> int:
        return len(self.kept) + len(self.known) + len(self.left_out) + len(self.skipped)


def enrol(desk: Desk, store: GalleryStore, request: Request) -> Enrolment:
    """Let a person in from photographs, each of which is embedded once.

    Raises:
        FaceError: none of the photographs can be used. A single one raises its own error.
        OnelookError, MissingError: as `admit`.
    """
    find_for(store.load(), request.name, add=request.add)  # quick, before seconds of looking
    faces, skipped = _look(desk, request)
    done = enrol_faces(store, Ruler(desk.bundle.manifest), desk.level, request, faces)
    return replace(done, skipped=tuple(skipped))


def enrol_faces(
    store: GalleryStore, ruler: Ruler, level: Level, request: Request, faces: Sequence[Candidate]
) -> Enrolment:
    """Let a person in on usable faces. Raises: as `admit`."""
    done = admit(store, ruler, level, request, faces)

    def named(places: Sequence[int]) -> tuple[str, ...]:
        return tuple(faces[place].told for place in places)

    return Enrolment(
        person=done.person,
        kept=named(done.kept),
        known=named(done.known),
        left_out=named(done.left_out),
        dropped=done.dropped,
        skipped=(),
        warnings=done.warnings,
        tried=done.tried,
    )


def admit(
    store: GalleryStore, ruler: Ruler, level: Level, request: Request, faces: Sequence[Candidate]
) -> Admission:
    """Let a person in on usable faces, or give more of them to somebody who is in.

    Raises:
        UsageError: the name is none.
        OnelookError: the person is enrolled already, looks like another one, or the gallery would
            be larger than the level was measured for.
        MissingError: more templates were asked for, and there is no such person.
    """
    with store.change() as change:
        gallery = change.gallery
        found = find_for(gallery, request.name, add=request.add)
        before = found or Person(_new_id(gallery), request.name, ())
        there = {t.source for t in before.templates if t.model == ruler.model}
        new = [
            i
            for i, face in enumerate(faces)
            if face.source not in there and not there.add(face.source)
        ]
        limit = _step(level, ruler, gallery.with_person(before)).distance
        person, kept, dropped = _chosen(
            ruler, before, [faces[i] for i in new], limit, request.label
        )
        grown = gallery.with_person(person)
        step = _step(level, ruler, grown)
        stored = [faces[new[i]] for i in kept]
        refuse_lookalike(ruler, gallery, person, stored, step.distance)
        warnings = strangers_among(ruler, before, [faces[i] for i in new], step.distance)
        if person != before:
            change.commit(grown)
    places = tuple(new[i] for i in kept)
    return Admission(
        person=person,
        kept=places,
        known=tuple(i for i in range(len(faces)) if i not in new),
        left_out=tuple(i for i in new if i not in places),
        dropped=dropped,
        warnings=tuple(warnings),
        tried=tried(ruler, grown, person, step.distance),
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


def check_name(name: str) -> None:
    """Raises: UsageError: it is none."""
    if not name.strip() or name != name.strip() or len(name) > MAX_NAME or not name.isprintable():
        raise UsageError(
            f"{name!r} is no name.",
            remedy=f"Give 1 to {MAX_NAME} printable characters, without spaces around them.",
        )


def check_free(gallery: Gallery, name: str) -> None:
    """Raises: OnelookError: somebody is enrolled under this name."""
    for person in gallery.people:
        if person.name.casefold() == name.casefold():
            raise OnelookError(
                f"{person.name} is enrolled already, with {len(person.templates)} template(s).",
                remedy=f"For more templates: onelook enroll {person.name!r} --add PHOTO",
            )


def find_for(gallery: Gallery, name: str, *, add: bool) -> Person | None:
    """Whom an enrolment under that name gives more templates; None: somebody new.

    Raises:
        UsageError: it is no name. OnelookError: somebody is enrolled under it.
        MissingError: nobody is, to be added to.
    """
    if add:
        return find_person(gallery, name)
    check_name(name)
    check_free(gallery, name)
    return None


def _look(desk: Desk, request: Request) -> tuple[list[Candidate], list[Skipped]]:
    looked, skipped = [], []
    for path in watched(request.photos, request.name):
        try:
            photograph = look_at(desk, path)
            face, crop = usable(photograph), photograph.sight.crop
            kept = crop_file(crop) if request.keep_crops else b""
            looked.append(Candidate(str(path), photograph.source, face, kept))
        except OnelookError as e:
            if len(request.photos) == 1:
                raise
            skipped.append(Skipped(str(path), e))
    if not looked:
        reasons = "\n".join(f"  {s.error.what}" for s in skipped)
        raise FaceError(
            f"none of the {len(request.photos)} photographs can be used.",
            why=reasons,
            remedy="Take one from the front, about 60 cm away, with light on the face.",
        )
    return looked, skipped


def _step(level: Level, ruler: Ruler, gallery: Gallery) -> Step:
    """The threshold of the gallery as it will be (R1.10).

    Raises:
        OnelookError: nobody has measured how often so large a gallery lets strangers in.
    """
    try:
        return step_for(level, Matcher(ruler.manifest, gallery))
    except BundleError as e:
        raise OnelookError(f"the gallery is full: {e.what}.", why=e.why, remedy=e.remedy) from e


def _chosen(
    ruler: Ruler, before: Person, new: Sequence[Candidate], limit: float, label: str
) -> tuple[Person, list[int], tuple[Template, ...]]:
    """The person with the templates that cover them best: those of `new` in it, those that went.

    Templates of other networks stay: who goes back to one of these is known still.
    """
    mine = [t for t in before.templates if t.model == ruler.model]
    faces = [*ruler.of(before), *(candidate.embedding for candidate in new)]
    best = best_spread(ruler, faces, limit)
    kept = [i - len(mine) for i in best if i >= len(mine)]
    dropped = tuple(t for i, t in enumerate(mine) if i not in best)
    stay = tuple(t for t in before.templates if t not in dropped)
    return (
        replace(before, templates=(*stay, *_templates(ruler, [new[i] for i in kept], label))),
        kept,
        dropped,
    )


def _templates(ruler: Ruler, kept: Sequence[Candidate], label: str) -> tuple[Template, ...]:
    now = datetime.now(UTC).isoformat(timespec="seconds")
    return tuple(
        Template(c.embedding.tobytes(), ruler.model, c.source, now, label, c.crop) for c in kept
    )


def _new_id(gallery: Gallery) -> str:
    taken = {person.id for person in gallery.people}
    while (fresh := f"p-{secrets.token_hex(2)}") in taken:
        pass
    return fresh
