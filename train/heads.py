"""The learned distance of a finished twin: fitted on pairs of training people, then calibrated."""

from __future__ import annotations

import keras
import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from edge.contract.tensor import to_float
from train.data import NOBODY, Faces, for_network
from train.models import LAST_STAGE, build_head, embedding_of, head_of, head_parameters
from train.rates import Pairs

_GENUINE_PER_PERSON = 40


def embed(
    siamese: keras.Model, crops: NDArray[np.uint8], *, batch: int = 64
) -> NDArray[np.float32]:
    """Crops (n, 112, 112, 3) uint8 -> (n, dimensions) float32 of the float twin."""
    twin = embedding_of(siamese)
    twin.jit_compile = False  # see distill.compile_student
    seen = for_network(crops, twin.input_shape[1:])
    parts = [
        # `predict_on_batch` keeps no gradients on any backend, and compiles the twin once.
        twin.predict_on_batch(to_float(seen[at : at + batch]))
        for at in range(0, len(seen), batch)
    ]
    return np.concatenate(parts).astype(np.float32)


def centre(siamese: keras.Model, faces: Faces) -> None:
    """Shift the twin's embeddings in place so that their mean over `faces` is zero.

    What all faces have in common says nothing about whom they show, but it takes part in every
    angle. A distilled student has much of it. The shift goes into the last batch norm.
    """
    norms = [
        layer
        for layer in embedding_of(siamese).get_layer(LAST_STAGE).layers
        if isinstance(layer, keras.layers.BatchNormalization)
    ]
    common = embed(siamese, faces.crops).mean(axis=0)
    norms[-1].beta.assign(keras.ops.convert_to_numpy(norms[-1].beta) - common)


def fit_head(siamese: keras.Model, faces: Faces, *, seed: int, epochs: int = 8) -> None:
    """Learn the head in place by binary cross-entropy, from even weights; the twin stays as it is.

    Pairs of two people are drawn at random, as many as pairs of one. Drawing the most alike ones
    was tried: the weights then fit those few and recognise less (docs/experiments.md).
    """
    known = faces.of(faces.person != NOBODY)
    embeddings = embed(siamese, known.crops)
    left, right, different = choose_pairs(known.person, np.random.default_rng(seed))
    head = head_of(siamese)
    fresh = build_head(head_parameters(siamese).difference, embeddings.shape[1])
    head.set_weights(fresh.get_weights())
    # Not `head` itself: its file would hold the optimizer of this backend, and open on no other.
    learner = keras.Model(head.inputs, head.outputs)
    learner.compile(keras.optimizers.Adam(0.05), loss="binary_crossentropy", jit_compile=False)
    learner.fit(
        [embeddings[left], embeddings[right]],
        different.astype(np.float32)[:, None],
        batch_size=1024,
        epochs=epochs,
        verbose=0,
    )


def choose_pairs(
    person: NDArray[np.int32], rng: np.random.Generator
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.bool_]]:
    """(left, right, different): indices of pairs to learn from."""
    genuine = []
    for number in np.unique(person):
        own = np.flatnonzero(person == number)
        pairs = np.stack(np.triu_indices(len(own), 1), 1)
        genuine.append(own[pairs[rng.permutation(len(pairs))[:_GENUINE_PER_PERSON]]])
    same = np.concatenate(genuine)
    random = rng.integers(0, len(person), (2 * len(same), 2))
    random = random[person[random[:, 0]] != person[random[:, 1]]][: len(same)]
    left, right = np.concatenate([same, random]).T
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
