"""Distances of one probe to every template at once: the siamese network's head in plain numpy."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

import numpy as np
from numpy.typing import NDArray


class Difference(Enum):
    """How the head compares two embeddings, component by component."""

    SQUARED = "squared"  # of the embeddings scaled to unit length
    ABSOLUTE = "absolute"  # of the embeddings as they are (Koch et al. 2015, section 3.1)


@dataclass(frozen=True)
class Quantization:
    """real = scale * (integer - zero_point)."""

    scale: float
    zero_point: int


@dataclass(frozen=True)
class Head:
    """The learned distance: sigmoid(bias + sum_i weights_i * difference_i), 0 = one person.

    weights: (dimensions,) float32. For SQUARED they are not negative, so that a larger difference
    never makes two people more alike.
    """

    difference: Difference
    weights: NDArray[np.float32]
    bias: float


def dequantize(embeddings: NDArray[np.int8], how: Quantization) -> NDArray[np.float32]:
    """int8 embeddings (..., dimensions) -> float32, same shape."""
    return np.float32(how.scale) * (embeddings.astype(np.float32) - np.float32(how.zero_point))


def distances(
    head: Head, probe: NDArray[np.float32], templates: NDArray[np.float32]
) -> NDArray[np.float32]:
    """How far one probe is from each template.

    Args:
        head: what compares two embeddings.
        probe: (dimensions,) float32, dequantized.
        templates: (n, dimensions) float32, dequantized.

    Returns:
        (n,) float32 in [0, 1], 0 = one person. An embedding without length is 1 from all.
    """
    return Templates(head, templates, block=max(1, len(templates))).distances(probe)


class Templates:
    """Templates made ready once, for one probe after another."""

    def __init__(self, head: Head, templates: NDArray[np.float32], block: int = 1024) -> None:
        """templates: (n, dimensions) float32, dequantized.

        block: so many are compared at a time. A block's differences stay in the processor's cache;
        those of ten thousand templates at once are written to memory and read again, twice.
        """
        self._head, self._block = head, block
        self._usable = np.ones(len(templates), np.bool_)
        self._ready = templates
        if head.difference is Difference.SQUARED:
            lengths = np.linalg.norm(templates, axis=1)
            self._usable = lengths > 0
            shares = np.where(self._usable, lengths, np.float32(1.0))[:, None]
            self._ready = np.asarray(templates / shares, np.float32)

    def __len__(self) -> int:
        return len(self._ready)

    def distances(self, probe: NDArray[np.float32]) -> NDArray[np.float32]:
        """As the function of that name."""
        squared = self._head.difference is Difference.SQUARED
        length = float(np.linalg.norm(probe)) if squared else 1.0
        if not length > 0.0:
            return np.ones(len(self), np.float32)
        z = self._apart(probe / np.float32(length) if squared else probe)
        return np.where(self._usable, _sigmoid(z), np.float32(1.0)).astype(np.float32)

    def _apart(self, probe: NDArray[np.float32]) -> NDArray[np.float32]:
        """(n,): the head's weighted sums, before the sigmoid."""
        squared = self._head.difference is Difference.SQUARED
        z = np.empty(len(self), np.float32)
        for at in range(0, len(self), self._block):
            apart = self._ready[at : at + self._block] - probe
            np.square(apart, out=apart) if squared else np.abs(apart, out=apart)
            np.matmul(apart, self._head.weights, out=z[at : at + self._block])
        return z + np.float32(self._head.bias)


def _sigmoid(z: NDArray[np.float32]) -> NDArray[np.float32]:
    return (1.0 / (1.0 + np.exp(-np.clip(z, -60.0, 60.0)))).astype(np.float32)
