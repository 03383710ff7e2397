"""What is done to a door's store, step by step, and what must be found in it after each step."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from edge.store.events import Counter, EventStore
from edge.store.gallery import GalleryStore
from edge.store.people import Gallery, Person, Template

STEPS = 96
_DIMENSIONS = 128


@dataclass(frozen=True)
class Contents:
    """All that a store says of itself."""

    people: Gallery = field(default_factory=Gallery)
    failures: int = 0
    rows: tuple[dict[str, Any], ...] = ()


def contents(gallery: GalleryStore, events: EventStore) -> Contents:
    """As they are found. Raises: OnelookError: something there cannot be read or believed."""
    events.verify()
    rows = tuple(row for _, row in events.rows())
    return Contents(gallery.load(), events.counter().failures, rows)


def story() -> Iterator[Contents]:
    """What is there before the first step, after the first, ..., after the last."""
    there = Contents()
    yield there
    for step in range(STEPS):
        there = _WAYS[step % len(_WAYS)][0](there, step)
        yield there


def tell(gallery: GalleryStore, events: EventStore) -> Iterator[int]:
    """Do all steps; gives the number of those that are done, after each."""
    for step, there in enumerate(list(story())[1:]):
        _WAYS[step % len(_WAYS)][1](gallery, events, there)
        yield step + 1


def _enrolled(there: Contents, step: int) -> Contents:
    templates = tuple(
        Template(bytes([(step + i) % 256]) * _DIMENSIONS, "m", f"photo-{i}", "2026-11-27", "")
        for i in range(1 + step % 5)
    )
    return replace(there, people=there.people.with_person(Person(f"p-{step}", "Ada", templates)))


def _removed(there: Contents, _: int) -> Contents:
    return replace(there, people=there.people.without(there.people.people[0].id))


def _counted(there: Contents, _: int) -> Contents:
    return replace(there, failures=there.failures + 1)


def _refused(there: Contents, step: int) -> Contents:
    return _with_row(there, {"reason": "not_recognised", "press": step})


def _granted(there: Contents, step: int) -> Contents:
    return replace(_with_row(there, {"reason": "granted", "press": step}), failures=0)


def _with_row(there: Contents, row: dict[str, Any]) -> Contents:
    return replace(there, rows=(*there.rows, row))


def _commit(gallery: GalleryStore, _: EventStore, there: Contents) -> None:
    with gallery.change() as change:
        change.commit(there.people)


def _count(_: GalleryStore, events: EventStore, __: Contents) -> None:
    events.count_press(1.0)


def _record(_: GalleryStore, events: EventStore, there: Contents) -> None:
    granted = there.rows[-1]["reason"] == "granted"
    events.record(there.rows[-1], counter=Counter(0, "", 1.0) if granted else None)


_ENROL, _REMOVE = (_enrolled, _commit), (_removed, _commit)
_COUNT, _REFUSE, _GRANT = (_counted, _count), (_refused, _record), (_granted, _record)
# Two people come for each that goes; a grant follows two failures.
_WAYS = (_ENROL, _COUNT, _REFUSE, _ENROL, _COUNT, _REFUSE, _REMOVE, _COUNT, _GRANT)
