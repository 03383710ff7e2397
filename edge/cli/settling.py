"""What speaks against a gallery that another door's people would make: as at an enrolment."""

from __future__ import annotations

from collections import Counter

from edge.cli.likeness import Ruler
from edge.cli.standing import Standing
from edge.contract.errors import OnelookError
from edge.contract.manifest import Manifest
from edge.store.people import Gallery, Person


def refuse_unsafe(manifest: Manifest, before: Gallery, after: Gallery, then: Standing) -> None:
    """Nothing is said against what is here already.

    Raises:
        OnelookError: two people of one name, more than was measured, or two who look alike.
    """
    if after == before:
        return
    _refuse_one_name(after)
    if then.step is None:
        raise OnelookError(
            f"the gallery would be too large: {then.fault}.",
            remedy="Remove people on either door, or choose another level or bundle.",
        )
    known = {person.id: person for person in before.people}
    taken = [person for person in after.people if known.get(person.id) != person]
    for person in taken:
        _refuse_lookalike(Ruler(manifest), after, person, then.step.distance)


def _refuse_one_name(gallery: Gallery) -> None:
    names = Counter(person.name.casefold() for person in gallery.people)
    for person in gallery.people:
        if names[person.name.casefold()] > 1:
            raise OnelookError(
                f"two people would be called {person.name}.",
                remedy=f"Rename the one of here: onelook edit {person.name!r} --rename NAME",
            )


def _refuse_lookalike(ruler: Ruler, gallery: Gallery, person: Person, limit: float) -> None:
    """Raises: OnelookError: a press of one could be taken for the other."""
    mine = ruler.of(person)
    for other in gallery.people:
        theirs = ruler.of(other)
        if other.id == person.id or not theirs:
            continue
        if any(ruler.distances(face, theirs).min() < limit for face in mine):
            raise OnelookError(
                f"{person.name} looks like {other.name} to this network "
                "(a press could confuse them).",
                remedy="Choose a stricter level (onelook calibrate --choose strict), or do not "
                "enrol both. If it is one person, give both one name (onelook edit --rename) and "
                "merge: then it is one conflict to decide.",
            )
