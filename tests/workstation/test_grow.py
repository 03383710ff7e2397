"""A larger network that begins with a smaller one's weights says the same, and can learn more."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from train import models
from train.grow import take_over
from train.models import build_siamese, embedding_of
from train.shrink import cut_to_size

SHAPE = (32, 32, 3)
SMALL = (("stage28", 64, (24, 24)), ("stage14", 128, (32, 24)), ("stage7", 128, (32, 24)))
LARGE = (("stage28", 64, (32, 24, 16)), ("stage14", 128, (40, 24)), ("stage7", 128, (32, 32, 32)))


@pytest.fixture(scope="module")
def pair():
    """(smaller with weights as after a training, larger)."""
    made = []
    with pytest.MonkeyPatch.context() as patch:
        for stages in (SMALL, LARGE):
            patch.setattr(models, "_MOBILE_STAGES", stages)
            made.append(build_siamese("mobile", input_shape=SHAPE))
    rng = np.random.default_rng(0)
    small = made[0]
    small.set_weights(
        [w + rng.uniform(0.0, 0.3, w.shape) * (w.ndim == 1) for w in small.get_weights()]
    )
    return made


def test_it_says_the_same_at_first(pair):
    small, large = pair
    take_over(large, small)
    crops = np.random.default_rng(1).uniform(-1, 1, (3, *SHAPE)).astype(np.float32)
    grown, before = embedding_of(large), embedding_of(small)
    assert grown.count_params() > before.count_params()
    ours, theirs = (twin.predict_on_batch(crops) for twin in (grown, before))
    assert np.abs(theirs).max() > 0.1
    assert ours == pytest.approx(theirs, rel=1e-4, abs=1e-5)


def test_what_is_new_has_something_to_learn_from_the_first_step_on(pair):
    small, large = pair
    take_over(large, small)
    twin = embedding_of(large)
    crops = np.random.default_rng(2).uniform(-1, 1, (8, *SHAPE)).astype(np.float32)
    before = [layer.get_weights() for layer in twin.get_layer("stage28").layers if layer.weights]
    trainer = keras.Sequential([twin])
    trainer.compile(keras.optimizers.SGD(1.0), loss="mse", jit_compile=False)
    trainer.train_on_batch(crops, np.zeros((8, 128), np.float32))
    after = [layer.get_weights() for layer in twin.get_layer("stage28").layers if layer.weights]
    # The first block's hidden layer has grown by a third: the part that reads it has moved.
    projections = [w[0].shape for w in before if w[0].shape[-2:] == (32, 64)]
    assert projections == [(1, 1, 32, 64)]
    at = next(i for i, w in enumerate(before) if w[0].shape == projections[0])
    assert (before[at][0][..., 24:, :] == 0).all()
    assert (after[at][0][..., 24:, :] != 0).any()


def test_cut_back_it_says_what_it_said_before(pair):
    """What was added said nothing, so it is what goes; the given weights are found again."""
    small, large = pair
    take_over(large, small)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(models, "_MOBILE_STAGES", SMALL)
        again = build_siamese("mobile", input_shape=SHAPE)
    cut_to_size(again, large)
    for ours, theirs in zip(again.get_weights(), small.get_weights(), strict=True):
        assert np.array_equal(ours, theirs)


def test_of_what_says_something_the_least_goes(pair):
    small, large = pair
    take_over(large, small)
    twin = embedding_of(large).get_layer("stage28")
    weighted = [layer for layer in twin.layers if layer.weights]
    kernel = weighted[10].get_weights()[0]  # of the first block's projection, 32 -> 64
    assert kernel.shape == (1, 1, 32, 64)
    weighted[10].set_weights(
        [np.linspace(1.0, 0.1, 32)[None, None, ::-1, None] * np.ones_like(kernel)]
    )
    for norm in (weighted[9],):
        gamma, beta, mean, variance = norm.get_weights()
        norm.set_weights([np.ones_like(gamma), np.ones_like(beta), mean, variance])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(models, "_MOBILE_STAGES", SMALL)
        cut = build_siamese("mobile", input_shape=SHAPE)
    cut_to_size(cut, large)
    kept = [layer for layer in embedding_of(cut).get_layer("stage28").layers if layer.weights][10]
    assert np.allclose(kept.get_weights()[0], weighted[10].get_weights()[0][:, :, 8:])


def test_another_layout_is_refused(pair):
    small, large = pair
    with pytest.raises(ValueError, match="fewer layers"):
        take_over(small, large)
    with pytest.raises(ValueError, match=r"is not a|fewer layers"):
        take_over(build_siamese("glyph", input_shape=(32, 32, 1)), small)
