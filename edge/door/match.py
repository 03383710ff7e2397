"""One embedding against everybody at once."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from edge.contract.manifest import Manifest
from edge.contract.matching import Templates, dequantize
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
        # Everybody's templates lie together, and so begin where another person's end.
        place = {person: i for i, person in enumerate(self._people)}
        usable.sort(key=lambda pair: place[pair[0]])
        owners = [person for person, _ in usable]
        self._begins = np.flatnonzero([a != b for a, b in pairwise([None, *owners])])
        embeddings = np.array([e for _, e in usable], np.int8).reshape(-1, manifest.dimensions)
        self._templates = Templates(manifest.head, self._real(embeddings))

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
        return len(self._templates)

    def nearest(self, embedding: bytes) -> Nearest | None:
        """The nearest person to a probe, (dimensions,) int8 as bytes; None if it can be nobody."""
        if self.empty or not self._is_somebodys(embedding):
            return None
        probe = self._real(np.frombuffer(embedding, np.int8))
        found = self._templates.distances(probe)
        # A NaN stays one, and is below no threshold.
        best = np.minimum.reduceat(found, self._begins)
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
