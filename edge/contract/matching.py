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
    if head.difference is Difference.ABSOLUTE:
        z = np.abs(templates - probe) @ head.weights
        return _sigmoid(z + np.float32(head.bias))
    probe_length = float(np.linalg.norm(probe))
    lengths = np.linalg.norm(templates, axis=1)
    usable = (lengths > 0) & (probe_length > 0)
    unit_templates = templates / np.where(usable, lengths, 1.0)[:, None]
    unit_probe = probe / (probe_length or 1.0)
    z = ((unit_templates - unit_probe) ** 2) @ head.weights + np.float32(head.bias)
    return np.where(usable, _sigmoid(z), np.float32(1.0)).astype(np.float32)


def _sigmoid(z: NDArray[np.float32]) -> NDArray[np.float32]:
    return (1.0 / (1.0 + np.exp(-np.clip(z, -60.0, 60.0)))).astype(np.float32)
