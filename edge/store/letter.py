"""The content of a file for other doors, read strictly: what is not exactly so is refused.

It has been signed by a door that is trusted here, and is still of another machine: every length has
a limit before anything is made of it, and every value its form.
"""

from __future__ import annotations

import re
from datetime import date
from typing import Any

import msgpack

from edge.contract.errors import DataError
from edge.store.differences import Party
from edge.store.lineage import (
    GONE,
    HASH_BYTES,
    MOST_BEFORE,
    MOST_GONE,
    History,
    Line,
    content_of,
)
from edge.store.people import Gallery, Person, Template

MOST_PEOPLE, MOST_TEMPLATES = 1000, 50
_MOST_TEXT, _MOST_EMBEDDING, _MOST_NAME = 1000, 4096, 64
_ID = re.compile(r"p-[0-9a-z]{1,16}")


def packed(people: Party, model: str) -> bytes:
    """The content of a file.

    Raises:
        DataError: something in it is longer than another door would read.
    """
    content = [
        [_person_out(person, model) for person in people.gallery.people],
        [[i, line.version, line.content, line.before] for i, line in people.history.items()],
    ]
    made: bytes = msgpack.packb(content)
    try:
        unpacked(made, model)
    except (TypeError, ValueError) as e:
        raise DataError(
            f"the gallery cannot go to another door: {e}.",
            remedy="Change what is named (onelook edit), or enrol that person anew.",
        ) from e
    return made


def unpacked(data: bytes, model: str) -> Party:
    """Raises: TypeError, ValueError: not what `packed` makes."""
    people, lines = msgpack.unpackb(
        data,
        strict_map_key=True,
        max_array_len=MOST_PEOPLE + MOST_GONE,
        max_str_len=4 * _MOST_TEXT,
        max_bin_len=_MOST_EMBEDDING,
        max_map_len=0,
        max_ext_len=0,
    )
    if len(people) > MOST_PEOPLE:
        raise ValueError(f"more than {MOST_PEOPLE} people")
    gallery = Gallery(tuple(_person(fields, model) for fields in people))
    for what in ([p.id for p in gallery.people], [p.name.casefold() for p in gallery.people]):
        if len(set(what)) != len(what):
            raise ValueError("somebody is in it twice")
    return Party(gallery, _history(lines, gallery, model))


def _person_out(person: Person, model: str) -> list[Any]:
    templates = [
        [t.embedding, t.source, t.added, t.label] for t in person.templates if t.model == model
    ]
    return [person.id, person.name, person.disabled, person.until, person.hours, templates]


def _person(fields: list[Any], model: str) -> Person:
    identity, name, disabled, until, hours, templates = fields
    if not isinstance(disabled, bool) or not isinstance(templates, list):
        raise TypeError("a switch is neither on nor off, or templates are no list")
    if not _ID.fullmatch(_text(identity)):
        raise ValueError(f"{identity!r} is no number of a person")
    shown = _text(name)
    if not shown.strip() or shown != shown.strip() or not shown.isprintable():
        raise ValueError(f"{shown!r} is no name")
    if len(shown) > _MOST_NAME or len(templates) > MOST_TEMPLATES:
        raise ValueError(f"{shown!r}: a name too long, or too many templates")
    if _text(until):
        date.fromisoformat(until)
    kept = tuple(_template(one, model) for one in templates)
    return Person(identity, shown, kept, disabled, until, _text(hours))


def _template(fields: list[Any], model: str) -> Template:
    embedding, source, added, label = fields
    if not isinstance(embedding, bytes) or not embedding:
        raise TypeError("an embedding is not bytes")
    return Template(embedding, model, _text(source), _text(added), _text(label))


def _history(lines: list[Any], gallery: Gallery, model: str) -> History:
    history = {_text(identity): _line(*rest) for identity, *rest in lines}
    there = {p.id: content_of(p, model) for p in gallery.people}
    told = {i: line.content for i, line in history.items() if not line.gone}
    if len(history) != len(lines) or told != there:
        raise ValueError("the history is not of these people")
    return history


def _line(version: object, content: object, before: object) -> Line:
    if not isinstance(before, list) or len(before) > MOST_BEFORE:
        raise ValueError("a history is too long")
    return Line(
        _hash(version), GONE if content == GONE else _hash(content), tuple(map(_hash, before))
    )


def _hash(value: object) -> bytes:
    if not isinstance(value, bytes) or len(value) != HASH_BYTES:
        raise ValueError("a version is no hash")
    return value


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{type(value).__name__} where text belongs")
    if len(value) > _MOST_TEXT:
        raise ValueError(f"text of more than {_MOST_TEXT} characters")
    return value
