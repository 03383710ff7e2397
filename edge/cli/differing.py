"""Who differs between two doors, in words and for programs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from edge.store.differences import Difference, How
from edge.store.people import Gallery, Person

_SAID = {
    How.SAME: "the same",
    How.NEW_HERE: "only here",
    How.NEW_THERE: "only there",
    How.CHANGED_HERE: "changed here",
    How.CHANGED_THERE: "changed there",
    How.GONE_HERE: "removed here",
    How.GONE_THERE: "removed there",
    How.BOTH: "changed here and there",
}
NEW, NO_MORE, TAKEN = "may come in", "may come in no more", "taken from there"


def told(difference: Difference) -> str:
    """A line."""
    details = details_of(difference)
    said = _SAID[difference.how]
    if len(difference.ids) == 2:
        said = "enrolled here and there, each by itself"
    elif difference.how is How.BOTH and difference.here is None:
        said = "removed here, changed there"
    elif difference.how is How.BOTH and difference.there is None:
        said = "changed here, removed there"
    return f"{difference.name}: {said}" + (f" ({'; '.join(details)})" if details else "")


def details_of(difference: Difference) -> list[str]:
    """What is not the same in two versions of a person."""
    here, there = difference.here, difference.there
    if here is None or there is None or difference.how is How.SAME:
        return []
    return [
        f"{what}: {mine} here, {theirs} there"
        for (what, mine), (_, theirs) in zip(_facts(here, there), _facts(there, here), strict=True)
        if mine != theirs
    ]


def outcome(difference: Difference, after: Gallery) -> str:
    """What becomes of somebody here; "" if nothing does."""
    here = difference.here
    left = [p for p in after.people if p.id in difference.ids]
    if not left:
        return NO_MORE if here else ""
    if here is None:
        return NEW
    return "" if left == [here] else TAKEN


def lines(found: Sequence[Difference], after: Gallery) -> Iterator[str]:
    """Of everybody who differs, and what becomes of them here."""
    for one in found:
        if one.how is not How.SAME:
            yield f"{told(one)}, {outcome(one, after) or 'stays as here'}"


def document(difference: Difference) -> dict[str, Any]:
    """For programs."""
    here, there = difference.here, difference.there
    return {
        "ids": list(difference.ids),
        "name": difference.name,
        "name_there": there.name if there else None,
        "name_here": here.name if here else None,
        "state": difference.how.value,
        "differs": details_of(difference),
    }


def _facts(person: Person, other: Person) -> Iterator[tuple[str, str]]:
    yield "name", person.name
    yield "hours", person.hours or "always"
    yield "last day", person.until or "none"
    yield "switch", "off" if person.disabled else "on"
    theirs = {t.embedding for t in other.templates}
    models = {t.model for t in (*person.templates, *other.templates)}
    model = _shared(person, other, models)
    mine = [t for t in person.templates if t.model == model]
    own = sum(t.embedding not in theirs for t in mine)
    yield "templates", f"{len(mine)}" + (f", {own} of its own" if own else "")


def _shared(person: Person, other: Person, models: set[str]) -> str:
    """The network that both have templates of; what comes from another door has one only."""
    both = {t.model for t in person.templates} & {t.model for t in other.templates}
    return min(both or models, default="")
