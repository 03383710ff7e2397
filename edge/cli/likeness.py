"""What an enrolment compares before it lets anybody in, wherever the faces come from.

A photograph and a look of the door's own camera are the same here: an embedding, and how it is
called in messages. The distance is that of the door.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edge.contract.errors import OnelookError
from edge.contract.levels import TEMPLATES_PER_PERSON
from edge.contract.manifest import Manifest
from edge.contract.matching import dequantize, distances
from edge.contract.spread import spread
from edge.store.people import Gallery, Person, Template

_CLEARLY = 1.5  # times the limit: so far everybody else should be


@dataclass(frozen=True)
class Candidate:
    """A usable face that may become a template.

    told: how messages call it, as a path. source: names its bytes, as a template's. embedding:
    (dimensions,) int8. crop: a PNG of the aligned face where such are kept, else empty.
    """

    told: str
    source: str
    embedding: NDArray[np.int8]
    crop: bytes = b""


@dataclass(frozen=True)
class Ruler:
    """The learned distance of a bundle."""

    manifest: Manifest

    @property
    def model(self) -> str:
        return self.manifest.model

    def distances(
        self, probe: NDArray[np.int8], templates: Sequence[NDArray[np.int8]]
    ) -> NDArray[np.float32]:
        """How far one embedding (d,) int8 is from each of n, at least one; (n,) float32."""
        how = self.manifest.output_quantization
        return distances(
            self.manifest.head, dequantize(probe, how), dequantize(np.stack(templates), how)
        )

    def of(self, person: Person) -> list[NDArray[np.int8]]:
        """The embeddings that this bundle's network made of a person."""
        return [embedding_of(t) for t in person.templates if t.model == self.model]


@dataclass(frozen=True)
class Tried:
    """What a press of the person would meet, as distances.

    own: of the template that is farthest from the person's others; None: there is no other one.
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


def embedding_of(template: Template) -> NDArray[np.int8]:
    """(dimensions,) int8."""
    return np.frombuffer(template.embedding, np.int8)


def best_spread(ruler: Ruler, faces: Sequence[NDArray[np.int8]], limit: float) -> list[int]:
    """The places of those that cover a person best, as many as one person may have; rising."""
    if len(faces) <= TEMPLATES_PER_PERSON:
        return list(range(len(faces)))
    each = np.stack([ruler.distances(face, faces) for face in faces])
    return spread(each, TEMPLATES_PER_PERSON, limit)


def refuse_lookalike(
    ruler: Ruler, gallery: Gallery, person: Person, new: Sequence[Candidate], limit: float
) -> None:
    """Raises: OnelookError: one of the new faces is near enough to be taken for somebody else."""
    for other in gallery.people:
        theirs = ruler.of(other)
        if other.id == person.id or not theirs:
            continue
        for candidate in new:
            if ruler.distances(candidate.embedding, theirs).min() < limit:
                raise OnelookError(
                    f"{person.name} looks like {other.name} to this network "
                    f"({candidate.told}; a press could confuse them).",
                    remedy="Choose a stricter level (onelook calibrate --choose strict), or do "
                    "not enrol both. "
                    f"If it is one person: onelook enroll {other.name!r} --add PHOTO",
                )


def strangers_among(
    ruler: Ruler, person: Person, new: Sequence[Candidate], limit: float
) -> list[str]:
    """A warning for each new face that looks like none of the person's others."""
    faces = [candidate.embedding for candidate in new]
    old, warnings = ruler.of(person), []
    for i, candidate in enumerate(new):
        others = [*old, *faces[:i], *faces[i + 1 :]]
        if others and ruler.distances(candidate.embedding, others).min() >= limit:
            warnings.append(
                f"{candidate.told} looks like no other photograph of {person.name}: "
                "is it the same person?"
            )
    return warnings


def tried(ruler: Ruler, gallery: Gallery, person: Person, limit: float) -> Tried:
    """The person's templates against each other, and against everybody else's."""
    mine = ruler.of(person)
    own = [
        float(ruler.distances(face, [*mine[:i], *mine[i + 1 :]]).min())
        for i, face in enumerate(mine)
        if len(mine) > 1
    ]
    others = [
        (other.name, float(min(ruler.distances(face, theirs).min() for face in mine)))
        for other in gallery.people
        if other.id != person.id and (theirs := ruler.of(other)) and mine
    ]
    return Tried(limit, max(own, default=None), min(others, key=lambda o: o[1], default=None))
