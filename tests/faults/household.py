"""Who may come in: what `onelook enroll`, `edit` and `remove` do meanwhile, and worse."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from edge.store.gallery import GalleryStore
from edge.store.people import Gallery, Person, Template
from tests.faults.faces import DIMENSIONS, manifest, template
from tests.faults.facts import Enrolled
from tests.faults.steps import DamageGallery, Deed, Enrol, Limit, MendGallery, Remove, Reorder
from tests.faults.world import World

_JUNK = (
    Template(bytes([252]) * DIMENSIONS, manifest().model, "", "", "without length"),
    Template(template(0)[:-1], manifest().model, "", "", "too short"),
    Template(template(0), "0" * 16, "", "", "of another network"),
)


class Household:
    """galleries: all that there were; the world's facts name them by their number."""

    def __init__(self, state_dir: Path, world: World, enrolled: Sequence[int]) -> None:
        self.galleries: list[Gallery] = []
        self._state_dir, self._world = state_dir, world
        self._store = GalleryStore(state_dir)
        self._damaged: Path | None = None  # the newest file, while it is no gallery
        self._commit(Gallery(tuple(_person(who, 1) for who in enrolled)))

    def do(self, deed: Deed) -> None:
        """Raises: OnelookError: the gallery is damaged, and stays as it is."""
        match deed:
            case DamageGallery():
                self._damage()
            case MendGallery():
                self._mend()
            case Enrol(who, templates, junk):
                person = _person(who, templates, junk=junk)
                self._commit(self._store.load().with_person(person))
            case Remove(who):
                self._commit(self._store.load().without(_person(who, 1).id))
            case Reorder():
                self._commit(Gallery(self._store.load().people[::-1]))
            case Limit():
                people = self._store.load().people
                self._commit(Gallery(tuple(_limited(person, deed) for person in people)))

    def _commit(self, gallery: Gallery) -> None:
        with self._store.change() as change:
            change.commit(gallery)
        self.galleries.append(gallery)
        self._world.saw(Enrolled(len(self.galleries) - 1))

    def _damage(self) -> None:
        if self._damaged is None:
            number = self._store.generation() + 1
            self._damaged = self._state_dir / f"gallery-{number:010d}.sealed"
            self._damaged.write_bytes(b"no gallery")
            self._world.saw(Enrolled(None))

    def _mend(self) -> None:
        if self._damaged is not None:
            self._damaged.unlink()
            self._damaged = None
            self._world.saw(Enrolled(len(self.galleries) - 1))


def _limited(person: Person, limit: Limit) -> Person:
    if person.id != _person(limit.who, 1).id:
        return person
    return replace(person, disabled=limit.disabled, until=limit.until, hours=limit.hours)


def _person(who: int, templates: int, *, junk: bool = False) -> Person:
    known = [Template(template(who, n), manifest().model, "", "", "") for n in range(templates)]
    return Person(f"p-{who}", f"Person {who}", (*known, *(_JUNK if junk else ())))
