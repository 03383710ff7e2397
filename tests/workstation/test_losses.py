"""The losses against a second computation of what their papers say."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from train.losses import MarginSoftmax, batch_hard, contrastive


def as_numpy(tensor):
    return keras.ops.convert_to_numpy(tensor)


@pytest.fixture
def batch():
    """(unit embeddings (8, 5), person (8,), different (8, 8))."""
    rng = np.random.default_rng(2)
    embeddings = rng.normal(size=(8, 5))
    unit = (embeddings / np.linalg.norm(embeddings, axis=1, keepdims=True)).astype("float32")
    person = np.repeat([2, 0, 3, 1], 2).astype("int32")
    return unit, person, (person[:, None] != person).astype("float32")


def test_contrastive_pulls_one_person_together_and_pushes_two_apart(batch):
    unit, person, different = batch
    found = as_numpy(contrastive(unit, different))
    for i in range(8):
        for j in range(8):
            distance = np.linalg.norm(unit[i] - unit[j])
            wanted = distance**2 if person[i] == person[j] else max(1.0 - distance, 0.0) ** 2
            assert found[i, j] == pytest.approx(wanted, abs=1e-5)


def test_batch_hard_takes_the_farthest_of_one_and_the_nearest_of_another(batch):
    unit, person, different = batch
    distance = np.linalg.norm(unit[:, None] - unit, axis=2)
    for i, found in enumerate(as_numpy(batch_hard(unit, different))):
        own, other = distance[i][person == person[i]].max(), distance[i][person != person[i]].min()
        assert found == pytest.approx(max(own - other + 0.3, 0.0), abs=1e-5)


@pytest.mark.parametrize("kind", ["cosface", "arcface"])
def test_a_margin_softmax_is_the_papers(batch, kind):
    unit, person, _ = batch
    layer = MarginSoftmax(4, 5, kind)
    (towards,) = layer.get_weights()
    cosine = unit @ (towards / np.linalg.norm(towards, axis=1, keepdims=True)).T
    found = as_numpy(layer(unit, person))
    for i, own in enumerate(person):
        logits = cosine[i].copy()
        angle = np.arccos(logits[own])
        if kind == "cosface":
            logits[own] -= 0.35
        elif angle + 0.5 <= np.pi:
            logits[own] = np.cos(angle + 0.5)
        else:
            logits[own] -= 0.5 * np.sin(0.5)
        wanted = np.log(np.exp(30 * logits).sum()) - 30 * logits[own]
        assert found[i] == pytest.approx(wanted, rel=1e-4, abs=1e-4)


def test_a_picture_of_nobody_costs_nothing(batch):
    unit, person, _ = batch
    layer = MarginSoftmax(4, 5, "cosface")
    known = as_numpy(layer(unit, person))
    person[3] = -1
    found = as_numpy(layer(unit, person))
    assert found[3] == 0.0
    assert np.delete(found, 3) == pytest.approx(np.delete(known, 3))
