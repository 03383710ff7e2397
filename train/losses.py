"""What a twin is asked for: the losses of the literature, on embeddings of unit length."""

from __future__ import annotations

import math

import keras
from keras import layers, ops

_CONTRASTIVE_MARGIN = 1.0
_TRIPLET_MARGIN = 0.3
_FAR = 4.0  # more than any two points of the unit sphere are apart
_TINY = 1e-9  # a root has no slope at 0


def contrastive(unit: keras.KerasTensor, different: keras.KerasTensor) -> keras.KerasTensor:
    """Hadsell, Chopra, LeCun 2006, equation 4, for every pair of a batch.

    unit: (n, d). different: (n, n), 1 where two crops show two people. Returns (n, n).
    """
    squared = _squared(unit)
    apart = ops.square(ops.maximum(_CONTRASTIVE_MARGIN - ops.sqrt(squared), 0.0))
    return (1.0 - different) * squared + different * apart


def batch_hard(unit: keras.KerasTensor, different: keras.KerasTensor) -> keras.KerasTensor:
    """Triplets of the hardest pairs of a batch (Hermans, Beyer, Leibe 2017, equation 5).

    Every crop with the farthest one of its person and the nearest one of another: (n,). Arguments
    as of `contrastive`.
    """
    distance = ops.sqrt(_squared(unit))
    farthest = ops.max(distance * (1.0 - different), axis=1)
    nearest = ops.min(distance + _FAR * (1.0 - different), axis=1)
    return ops.maximum(farthest - nearest + _TRIPLET_MARGIN, 0.0)


class MarginSoftmax(layers.Layer):
    """Tells a batch's people apart among all people of the training, with a margin.

    kind: "cosface" (Wang et al. 2018, equation 4: cos - 0.35) or "arcface" (Deng et al. 2019,
    equation 3: cos(angle + 0.5)). Holds one direction for each person, which training alone needs.
    """

    _MARGIN = {"cosface": 0.35, "arcface": 0.5}  # noqa: RUF012 - read only
    _SCALE = 30.0

    def __init__(self, people: int, dimensions: int, kind: str) -> None:
        super().__init__(name=kind)
        self._people, self._kind = people, kind
        self._towards = self.add_weight(
            shape=(people, dimensions),
            initializer=keras.initializers.RandomNormal(0.0, 1.0, seed=0),
            name="directions",
        )

    def call(self, unit: keras.KerasTensor, person: keras.KerasTensor) -> keras.KerasTensor:
        """unit (n, d), person (n,) int32 -> (n,) loss; a person of -1 is nobody's and costs 0."""
        cosine = ops.matmul(unit, ops.transpose(ops.normalize(self._towards, axis=-1)))
        own = ops.one_hot(person, self._people)  # of -1: nothing but zeros
        logits = self._SCALE * ops.where(own > 0, self._narrowed(cosine), cosine)
        entropy = ops.logsumexp(logits, axis=-1) - ops.sum(own * logits, axis=-1)
        return ops.where(person >= 0, entropy, 0.0)

    def _narrowed(self, cosine: keras.KerasTensor) -> keras.KerasTensor:
        margin = self._MARGIN[self._kind]
        if self._kind == "cosface":
            return cosine - margin
        cosine = ops.clip(cosine, -1.0 + 1e-6, 1.0 - 1e-6)
        sine = ops.sqrt(1.0 - ops.square(cosine))
        turned = cosine * math.cos(margin) - sine * math.sin(margin)
        # Past the half circle the cosine would rise again: go on falling in a straight line.
        beyond = cosine - margin * math.sin(margin)
        return ops.where(cosine > math.cos(math.pi - margin), turned, beyond)


def _squared(unit: keras.KerasTensor) -> keras.KerasTensor:
    """(n, d) -> (n, n) squared distances."""
    return ops.maximum(2.0 - 2.0 * ops.matmul(unit, ops.transpose(unit)), _TINY)
