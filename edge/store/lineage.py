"""Which version of a person came after which, so that two doors agree without a server.

Every person has a line: the version that counts here and those it came after, the same wherever it
went. Who has another door's version among their own earlier ones is newer; where neither has, the
person was changed on both. Whoever was removed keeps a line, without a name or a measurement.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, replace

import msgpack

from edge.store.people import Gallery, Person

HASH_BYTES = 16
GONE = b""
MOST_BEFORE = 64  # whoever missed so many sees a conflict, no loss
MOST_GONE = 1000


@dataclass(frozen=True)
class Line:
    """version: its name. content: hash of what it says, GONE for somebody who was removed.

    before: the versions that it came after, the newest last.
    """

    version: bytes
    content: bytes
    before: tuple[bytes, ...] = ()

    @property
    def gone(self) -> bool:
        return self.content == GONE


History = Mapping[str, Line]  # by the person's id


def content_of(person: Person, model: str) -> bytes:
    """A hash of all that goes from door to door: not kept crops, not other networks' templates."""
    templates = sorted(
        [t.embedding, t.source, t.added, t.label] for t in person.templates if t.model == model
    )
    return _hash(
        msgpack.packb([person.name, person.disabled, person.until, person.hours, templates])
    )


def digest_of(gallery: Gallery) -> str:
    """SHA-256 in hex over everybody and everything."""
    whole = [
        [
            *(p.id, p.name, p.disabled, p.until, p.hours),
            [[t.embedding, t.model, t.source, t.added, t.label, t.crop] for t in p.templates],
        ]
        for p in gallery.people
    ]
    return hashlib.sha256(msgpack.packb(whole)).hexdigest()


def tracked(history: History, gallery: Gallery, model: str) -> dict[str, Line]:
    """The history as the gallery is now: whatever was changed since it was kept is a new version.

    A version that did not leave the door yet has another name each time; whoever sends it keeps it.
    """
    now = {p.id: _followed(history.get(p.id), content_of(p, model)) for p in gallery.people}
    gone = {i: _followed(line, GONE) for i, line in history.items() if i not in now}
    return now | dict(list(gone.items())[-MOST_GONE:])


def descended(line: Line, content: bytes) -> Line:
    """The version after it."""
    return Line(_fresh(), content, (*line.before, line.version)[-MOST_BEFORE:])


def joined(winner: Line, other: Line) -> Line:
    """The winner, which the other and all before it now lead to as well."""
    both = dict.fromkeys((*other.before, other.version, *winner.before))
    before = tuple(version for version in both if version != winner.version)
    return replace(winner, before=before[-MOST_BEFORE:])


def chosen(winner: Line | None, other: Line | None) -> Line:
    """What comes of two doors' lines when one side was chosen; None: never heard of there."""
    if winner is None or other is None:
        if winner is not None:
            return winner
        if other is None:
            raise ValueError("nobody to choose from")
        return other if other.gone else descended(other, GONE)
    if winner.version in other.before:  # going back on purpose is a step forward
        return descended(joined(other, winner), winner.content)
    return joined(winner, other)


def _followed(line: Line | None, content: bytes) -> Line:
    if line is None:
        return Line(_fresh(), content)
    return line if line.content == content else descended(line, content)


def _fresh() -> bytes:
    """By chance, not of the content: two doors that did the same each did it by itself."""
    return secrets.token_bytes(HASH_BYTES)


def _hash(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()[:HASH_BYTES]
