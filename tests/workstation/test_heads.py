"""The learned distance: fitted on training people, then made a probability."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from train.data import split_people
from train.heads import calibrate, centre, choose_pairs, embed, fit_head
from train.models import LAST_STAGE, build_siamese, embedding_of, head_of, head_parameters
from train.pairs import all_pairs
from train.rates import Pairs, curve


@pytest.fixture
def copied(siamese):
    """The trained network, free to be changed."""
    copy = keras.models.clone_model(siamese)
    copy.set_weights(siamese.get_weights())
    return copy


def pairs_of(siamese, faces):
    return all_pairs(embed(siamese, faces.crops), faces.person, head_parameters(siamese))


def logits(pairs):
    raw = np.clip(pairs.distance.astype(np.float64), 1e-7, 1 - 1e-7)
    return np.log(raw / (1 - raw))


def test_embedding_in_batches_is_embedding_one_by_one(siamese, held_out):
    together = embed(siamese, held_out.crops[:5], batch=4)
    alone = np.concatenate([embed(siamese, held_out.crops[n : n + 1]) for n in range(5)])
    assert together.shape == (5, embedding_of(siamese).output_shape[-1])
    assert np.allclose(together, alone, atol=1e-4)


def test_a_head_is_learnt_anew_from_equal_weights_and_stays_one_of_distances(copied, faces):
    train, held_out = split_people(faces, 0.25)
    dense = head_of(copied).get_layer("distance")
    kernel, bias = dense.get_weights()
    dense.set_weights([np.full_like(kernel, 0.01), np.zeros_like(bias)])

    def entropy():
        z, same = logits(pairs_of(copied, held_out)), pairs_of(copied, held_out).same
        loss = np.logaddexp(0, np.where(same, z, -z))
        return loss[same].mean() + loss[~same].mean()

    before = entropy()
    twin = embedding_of(copied).get_weights()
    fit_head(copied, train, seed=1)
    assert entropy() < 0.7 * before
    assert head_parameters(copied).weights.min() >= 0
    assert all(map(np.array_equal, embedding_of(copied).get_weights(), twin))


def test_centring_takes_away_what_all_faces_have_in_common_and_nothing_else(faces):
    mobile = build_siamese("mobile", input_shape=(32, 32, 3))
    norm = embedding_of(mobile).get_layer(LAST_STAGE).layers[-2]
    norm.beta.assign(np.linspace(-1, 1, norm.beta.shape[0]))
    before = embed(mobile, faces.crops)
    assert np.abs(before.mean(axis=0)).max() > 0.5
    centre(mobile, faces)
    after = embed(mobile, faces.crops)
    assert np.abs(after.mean(axis=0)).max() < 1e-5
    assert np.allclose(after - before, (after - before)[0], atol=1e-5)


def test_pairs_to_learn_from_are_half_of_one_person_and_half_of_two(faces):
    left, right, different = choose_pairs(faces.person, np.random.default_rng(0))
    assert ((faces.person[left] != faces.person[right]) == different).all()
    assert (left != right).all()
    assert abs(different.mean() - 0.5) < 0.02


def test_calibration_keeps_the_order_and_makes_the_distance_a_probability(copied):
    rng = np.random.default_rng(2)
    # Pairs whose log-odds of being two people are 3 z - 1, at even odds; the head says z.
    same = np.arange(6000) < 3000
    z = rng.normal(np.where(same, -1.0, 1.0), 1.2)
    before = head_parameters(copied)
    calibrate(copied, Pairs((1 / (1 + np.exp(-3 * z + 1))).astype(np.float32), same))
    after = head_parameters(copied)
    scale = float(after.weights[0] / before.weights[0])
    assert np.allclose(after.weights, scale * before.weights)
    assert scale > 0
    shift = after.bias - scale * before.bias
    p = 1 / (1 + np.exp(-(scale * (3 * z - 1) + shift)))
    # Of equal variances: the true log-odds of z are 2 z / 1.2^2.
    assert np.abs(p - 1 / (1 + np.exp(-2 * z / 1.44))).max() < 0.05


def test_calibration_moves_no_rate_at_all(copied, held_out):
    before = pairs_of(copied, held_out)
    dense = head_of(copied).get_layer("distance")
    kernel, bias = dense.get_weights()
    dense.set_weights([kernel / 3, bias / 3 + 0.7])
    skewed = pairs_of(copied, held_out)
    calibrate(copied, skewed)
    after = pairs_of(copied, held_out)
    assert curve(after).auc == pytest.approx(curve(before).auc, abs=1e-4)
    assert curve(after).eer == pytest.approx(curve(before).eer, abs=2e-3)
    order = np.argsort(skewed.distance, kind="stable")
    assert np.diff(after.distance[order]).min() > -1e-6
    assert logits(after)[after.same].mean() < 0 < logits(after)[~after.same].mean()


def test_pairs_that_are_all_told_right_leave_finite_distances(copied):
    same = np.arange(400) < 200
    distance = np.where(same, 0.2, 0.8).astype(np.float32)
    before = head_parameters(copied)
    calibrate(copied, Pairs(distance, same))
    # Without a limit the scale would run away: 202 pairs show odds of 201 to 1 at best.
    scale = float(head_parameters(copied).weights[0] / before.weights[0])
    assert scale * np.log(4) == pytest.approx(np.log(201), rel=0.05)
