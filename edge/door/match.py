"""One embedding against everybody at once."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from edge.contract.manifest import Manifest
from edge.contract.matching import dequantize, distances
from edge.core.burst import Nearest
from edge.store.people import Gallery


class Matcher:
    """The templates of a bundle's network as one matrix; those of another network are no use.

    An embedding without length is nobody's, be it a template or a probe.
    """

    def __init__(self, manifest: Manifest, gallery: Gallery) -> None:
        self._manifest = manifest
        usable = [
            (person.id, np.frombuffer(template.embedding, np.int8))
            for person in gallery.people
            for template in person.templates
            if template.model == manifest.model and self._is_somebodys(template.embedding)
        ]
        self._people = list(dict.fromkeys(person for person, _ in usable))
        number = {person: i for i, person in enumerate(self._people)}
        self._owner = np.array([number[person] for person, _ in usable], np.intp)
        embeddings = np.array([e for _, e in usable], np.int8).reshape(-1, manifest.dimensions)
        self._templates = self._real(embeddings)

    @property
    def empty(self) -> bool:
        """Whether nobody can be recognised."""
        return not self._people

    @property
    def people(self) -> int:
        """How many can be recognised."""
        return len(self._people)

    @property
    def templates(self) -> int:
        """How many templates a probe is compared with."""
        return len(self._owner)

    def nearest(self, embedding: bytes) -> Nearest | None:
        """The nearest person to a probe, (dimensions,) int8 as bytes; None if it can be nobody."""
        if self.empty or not self._is_somebodys(embedding):
            return None
        probe = self._real(np.frombuffer(embedding, np.int8))
        found = distances(self._manifest.head, probe, self._templates)
        best = np.full(len(self._people), np.inf)
        np.minimum.at(best, self._owner, found)  # a NaN stays one, and is below no threshold
        at = int(np.argmin(best))
        others = np.delete(best, at)
        next_distance = float(others.min()) if len(others) else math.inf
        return Nearest(self._people[at], float(best[at]), next_distance)

    def _is_somebodys(self, embedding: bytes) -> bool:
        if len(embedding) != self._manifest.dimensions:
            return False
        zero = self._manifest.output_quantization.zero_point
        return bool(np.any(np.frombuffer(embedding, np.int8) != zero))

    def _real(self, embeddings: NDArray[np.int8]) -> NDArray[np.float32]:
        return dequantize(embeddings, self._manifest.output_quantization)
