"""The presets are the networks that they claim to be, and the door computes what Keras computes."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from edge.contract.matching import Difference, Head, distances
from train.models import (
    PRESETS,
    build_head,
    build_siamese,
    embedding_of,
    head_parameters,
)
from train.pairs import between


def test_koch2015_has_the_papers_weights():
    """Koch et al. 2015, figure 4: valid convolutions and a dense layer, all with biases."""
    convolutions = [(64, 10, 1), (128, 7, 64), (128, 4, 128), (256, 4, 128)]
    twin = sum(filters * (size * size * below + 1) for filters, size, below in convolutions)
    twin += 4096 * (6 * 6 * 256 + 1)
    siamese = build_siamese("koch2015")
    assert embedding_of(siamese).count_params() == twin
    assert siamese.count_params() == twin + 4096 + 1 == 38_951_745


def test_mobile_gives_128_numbers_and_has_only_layers_that_stay_int8():
    twin = embedding_of(build_siamese("mobile"))
    assert twin.output_shape == (None, 128)
    kinds = {type(layer).__name__ for layer in twin._flatten_layers()} - {"Functional"}
    assert kinds <= {
        *("InputLayer", "ZeroPadding2D", "Conv2D", "DepthwiseConv2D"),
        *("BatchNormalization", "ReLU", "Add", "Flatten"),
    }


@pytest.mark.parametrize("difference", list(Difference))
def test_the_doors_distance_is_keras_distance(difference):
    keras.utils.set_random_seed(1)
    rng = np.random.default_rng(1)
    head = build_head(difference, 16)
    kernel = rng.uniform(0, 4, (16, 1)).astype(np.float32)
    head.get_layer("distance").set_weights([kernel, np.array([-3.0], np.float32)])
    embeddings = rng.normal(size=(30, 16)).astype(np.float32)
    whole = keras.Sequential([head], name="siamese")
    numbers = head_parameters(whole)
    assert numbers.difference is difference
    left, right = np.divmod(np.arange(900), 30)
    pairs = [embeddings[left], embeddings[right]]
    wanted = keras.ops.convert_to_numpy(head(pairs))[:, 0].reshape(30, 30)
    door = np.stack([distances(numbers, e, embeddings) for e in embeddings])
    assert np.abs(door - wanted).max() < 1e-5
    assert np.abs(between(embeddings, embeddings, numbers) - wanted).max() < 1e-5
    assert wanted.std() > 0.02


def test_an_embedding_without_length_is_far_from_all_in_both_computations():
    head = Head(Difference.SQUARED, np.ones(4, np.float32), -2.0)
    embeddings = np.array([[0, 0, 0, 0], [1, 0, 0, 0], [2, 0, 0, 0]], np.float32)
    door = np.stack([distances(head, e, embeddings) for e in embeddings])
    assert (door[0] == 1).all()
    assert (door[:, 0] == 1).all()
    assert np.allclose(between(embeddings, embeddings, head), door, atol=1e-6)


def test_every_preset_says_what_it_sees():
    assert {name: preset.input_shape for name, preset in PRESETS.items()} == {
        "koch2015": (105, 105, 1),
        "glyph": (64, 64, 1),
        "oneshot": (32, 32, 1),
        "mobile": (112, 112, 3),
    }
