"""The people who may come in, as values: a change makes a new gallery."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Template:
    """One enrolled embedding with its origin.

    embedding: the int8 embedding's bytes. model: id of the network that made it; another network's
    cannot be compared with it. source: names the photograph's bytes. added: ISO 8601. crop: where
    the owner keeps such, a PNG of the aligned face, for networks to come; else empty.
    """

    embedding: bytes
    model: str
    source: str
    added: str
    label: str
    crop: bytes = b""


@dataclass(frozen=True)
class Person:
    """Somebody who may come in. `id` stands for them in logs, where the name never is.

    disabled: may not, for now. until: the last day, ISO 8601, or "". hours: when in the week, as
    `edge.core.admission` has it, or "".
    """

    id: str
    name: str
    templates: tuple[Template, ...]
    disabled: bool = False
    until: str = ""
    hours: str = ""


@dataclass(frozen=True)
class Gallery:
    """All people with their templates."""

    people: tuple[Person, ...] = ()

    def with_person(self, person: Person) -> Gallery:
        """The person added, or in place of the one with the same id."""
        if all(p.id != person.id for p in self.people):
            return Gallery((*self.people, person))
        return Gallery(tuple(person if p.id == person.id else p for p in self.people))

    def without(self, identity: str) -> Gallery:
        """The person with that id taken away."""
        return Gallery(tuple(p for p in self.people if p.id != identity))
