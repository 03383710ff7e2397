"""The learned distance of a finished twin: fitted on pairs of training people, then calibrated."""

from __future__ import annotations

import keras
import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from edge.contract.matching import Difference, Head
from edge.contract.tensor import to_float
from train.data import NOBODY, Faces, for_network
from train.models import embedding_of, head_of, head_parameters
from train.pairs import distance_matrix
from train.rates import Pairs

_GENUINE_PER_PERSON = 40


def embed(
    siamese: keras.Model, crops: NDArray[np.uint8], *, batch: int = 64
) -> NDArray[np.float32]:
    """Crops (n, 112, 112, 3) uint8 -> (n, dimensions) float32 of the float twin."""
    twin = embedding_of(siamese)
    shape = twin.input_shape[1:]
    parts = [
        keras.ops.convert_to_numpy(
            twin(to_float(for_network(crops[at : at + batch], shape)), training=False)
        )
        for at in range(0, len(crops), batch)
    ]
    return np.concatenate(parts).astype(np.float32)


def fit_head(siamese: keras.Model, faces: Faces, *, seed: int, epochs: int = 8) -> None:
    """Learn the head in place by binary cross-entropy; the twin stays as it is.

    As many pairs of two people as of one: half at random, half the nearest, which decide.
    """
    known = faces.of(faces.person != NOBODY)
    embeddings = embed(siamese, known.crops)
    left, right, different = choose_pairs(
        embeddings, known.person, head_parameters(siamese), np.random.default_rng(seed)
    )
    head = head_of(siamese)
    head.compile(keras.optimizers.Adam(0.05), loss="binary_crossentropy", jit_compile=False)
    head.fit(
        [embeddings[left], embeddings[right]],
        different.astype(np.float32)[:, None],
        batch_size=1024,
        epochs=epochs,
        verbose=0,
    )


def choose_pairs(
    embeddings: NDArray[np.float32],
    person: NDArray[np.int32],
    head: Head,
    rng: np.random.Generator,
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.bool_]]:
    """(left, right, different): indices of pairs to learn from."""
    genuine = []
    for number in np.unique(person):
        own = np.flatnonzero(person == number)
        pairs = np.stack(np.triu_indices(len(own), 1), 1)
        genuine.append(own[pairs[rng.permutation(len(pairs))[:_GENUINE_PER_PERSON]]])
    same = np.concatenate(genuine)
    near = _nearest_others(embeddings, person, head, len(same) // 2, rng)
    random = rng.integers(0, len(person), (2 * len(same), 2))
    random = random[person[random[:, 0]] != person[random[:, 1]]][: len(same) - len(near)]
    left, right = np.concatenate([same, near, random]).T
    return left, right, np.arange(len(left)) >= len(same)


def calibrate(siamese: keras.Model, pairs: Pairs) -> None:
    """Scale the head in place so that a distance is the probability of two people (Platt 1999).

    At even odds, on pairs of people that the twin was not trained on. The order of all distances
    stays as it was, so no rate at any threshold moves.
    """
    raw = np.clip(pairs.distance.astype(np.float64), 1e-12, 1 - 1e-12)
    z = np.log(raw / (1 - raw))
    same, other = int(pairs.same.sum()), int((~pairs.same).sum())
    weight = np.where(pairs.same, 0.5 / same, 0.5 / other)
    # Not 0 and 1, as Platt says: where no pair is wrong the scale would grow without end.
    wanted = np.where(pairs.same, 1.0 / (same + 2), (other + 1) / (other + 2))

    def loss(at: NDArray[np.float64]) -> float:
        scaled = np.exp(at[0]) * z + at[1]
        return float((weight * (np.logaddexp(0.0, scaled) - wanted * scaled)).sum())

    log_scale, shift = minimize(loss, np.zeros(2), method="Nelder-Mead").x
    dense = head_of(siamese).get_layer("distance")
    kernel, bias = dense.get_weights()
    dense.set_weights([kernel * np.exp(log_scale), bias * np.exp(log_scale) + shift])


def _nearest_others(
    embeddings: NDArray[np.float32],
    person: NDArray[np.int32],
    head: Head,
    wanted: int,
    rng: np.random.Generator,
) -> NDArray[np.int64]:
    """Pairs of two people that look most alike, (wanted, 2); found among 2,000 crops at a time."""
    found: list[NDArray[np.int64]] = []
    uniform = Head(Difference.SQUARED, np.ones_like(head.weights), 0.0)
    blocks = np.array_split(rng.permutation(len(person)), max(1, len(person) // 2000))
    each = -(-wanted // len(blocks))
    for block in blocks:
        ruler = uniform if head.difference is Difference.SQUARED else head
        distance = distance_matrix(embeddings[block], ruler)
        one_person = person[block][:, None] == person[block][None]
        distance[one_person | np.tri(len(block), dtype=bool)] = np.inf
        flat = np.argpartition(distance, min(each, distance.size - 1), axis=None)[:each]
        pairs = np.stack(np.unravel_index(flat, distance.shape), 1)
        found.append(block[pairs[np.isfinite(distance.ravel()[flat])]])
    return np.concatenate(found)[:wanted]
