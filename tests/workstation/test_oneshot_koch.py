"""Koch, Zemel, Salakhutdinov 2015: the network's counts, and how it is trained."""

from __future__ import annotations

import json

import keras
import numpy as np
import pytest

from tests.workstation.characters import draw_alphabets
from train.cli import main as train
from train.models import build_siamese, embedding_of, head_of
from train.oneshot.cost import KOCH_MACS, multiply_accumulates
from train.oneshot.drawings import load_drawings
from train.oneshot.koch import (
    PATIENCE,
    LayerRule,
    LayerwiseSGD,
    Validation,
    begin_he,
    read_validation,
    rules_of,
)
from train.oneshot.koch_pairs import COPIES, PairBatches, distort, draw_pairs, split_drawers

ALPHABETS, CHARACTERS, DRAWERS = 4, 20, 20
SIDE = 65  # the smallest side that the network's unpadded layers leave a pixel of
SHARE = 0.5


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    place = tmp_path_factory.mktemp("drawn") / "characters"
    return draw_alphabets(place, alphabets=ALPHABETS, characters=CHARACTERS, drawers=DRAWERS)


@pytest.fixture(scope="module")
def drawings(folder):
    return load_drawings([folder], SIDE)


@pytest.fixture(scope="module")
def koch():
    keras.utils.set_random_seed(0)
    return build_siamese("koch2015")


def test_the_network_has_the_papers_shapes_weights_and_cost(koch):
    twin, head = embedding_of(koch), head_of(koch)
    shapes = [
        layer.output.shape[1:]
        for layer in twin.layers
        if isinstance(layer, (keras.layers.Conv2D, keras.layers.MaxPooling2D, keras.layers.Dense))
    ]
    assert shapes == [
        (96, 96, 64),
        (48, 48, 64),
        (42, 42, 128),
        (21, 21, 128),
        (18, 18, 128),
        (9, 9, 128),
        (6, 6, 256),
        (4096,),
    ]
    weights = [layer.count_params() for layer in twin.layers if layer.trainable_variables]
    assert weights == [6_464, 401_536, 262_272, 524_544, 37_752_832]
    assert twin.count_params() == 38_947_648
    assert head.count_params() == 4_097  # its last unit has a bias
    assert multiply_accumulates(twin) == KOCH_MACS == 908_623_872


def test_its_first_weights_are_drawn_as_the_paper_says(koch):
    layers = [layer for layer in embedding_of(koch).layers if layer.trainable_variables]
    for layer, deviation in zip(layers, (0.01, 0.01, 0.01, 0.01, 0.2), strict=True):
        kernel, bias = layer.get_weights()
        assert kernel.std() == pytest.approx(deviation, rel=0.05)
        assert abs(kernel.mean()) < deviation / 20
        assert bias.mean() == pytest.approx(0.5, abs=0.005)
        assert bias.std() == pytest.approx(0.01, rel=0.3)
        assert layer.kernel_regularizer is not None
    kernel, _ = head_of(koch).get_layer("distance").get_weights()
    assert kernel.std() == pytest.approx(0.2, rel=0.05)


def test_the_variant_begins_as_he_and_others_say():
    siamese = build_siamese("koch2015", input_shape=(SIDE, SIDE, 1))
    begin_he(siamese)
    layers = [layer for layer in embedding_of(siamese).layers if layer.trainable_variables]
    for layer in layers:
        kernel, bias = layer.get_weights()
        fan_in = kernel.size // kernel.shape[-1]
        assert kernel.std() == pytest.approx(np.sqrt(2 / fan_in), rel=0.1)
        assert not bias.any()


def test_twelve_drawers_train_and_four_others_validate(drawings):
    inside = split_drawers(drawings, validation=False)
    out = split_drawers(drawings, validation=True)
    assert set(inside.drawer) == set(range(1, 13))
    assert set(out.drawer) == set(range(13, 17))


def test_half_of_the_pairs_show_one_character_and_every_alphabet_gives_as_many(drawings):
    pairs, same = draw_pairs(drawings, 800, np.random.default_rng(0))
    character, alphabet = drawings.character[pairs], drawings.alphabet[pairs]
    assert same.sum() == 400
    assert ((character[:, 0] == character[:, 1]) == same).all()
    assert (pairs[:, 0] != pairs[:, 1]).all()
    assert (alphabet[:, 0] == alphabet[:, 1]).all()
    assert np.bincount(alphabet[same, 0]).tolist() == [100] * ALPHABETS
    assert np.bincount(alphabet[~same, 0]).tolist() == [100] * ALPHABETS


def test_a_distortion_stays_in_the_papers_bounds():
    picture = np.full((105, 105), 255, np.uint8)
    picture[50:55, 50:55] = 0  # in the middle: only the shift moves it
    rng = np.random.default_rng(0)
    made = [distort(picture, rng) for _ in range(300)]
    middles = [np.argwhere(one < 128).mean(axis=0) for one in made]
    moved = np.abs(np.array(middles) - 52.0)
    assert 1.0 < moved.max() < 3.0
    still = np.mean([np.array_equal(one, picture) for one in made])
    assert still < 0.05  # none of seven components: one in 128
    ink = np.array([(255.0 - one).sum() for one in made]) / (255.0 - picture).sum()
    assert 0.5 < ink.min() < 0.8
    assert 1.2 < ink.max() < 1.8


def test_all_pairs_and_their_copies_come_once_before_any_comes_again(drawings):
    pairs, batch = 16, 12
    steps = pairs * (1 + COPIES) // batch
    lessons = PairBatches(drawings, SIDE, pairs=pairs, batch=batch, steps=steps, seed=3)
    rounds = []
    for lessons.epoch in range(2):
        seen = np.concatenate([lessons[n][0].transpose(1, 0, 2, 3, 4) for n in range(steps)])
        rounds.append([one.tobytes() for one in seen])
    assert len(set(rounds[0])) > 0.9 * pairs * (1 + COPIES)  # few are left as they were
    assert sorted(rounds[0]) == sorted(rounds[1])
    assert rounds[0] != rounds[1]


def test_both_pictures_of_a_pair_are_distorted_by_themselves(drawings):
    lessons = PairBatches(drawings, SIDE, pairs=4, batch=36, steps=1, seed=0)
    plain = drawings.pictures[lessons.pairs]  # (pairs, 2, side, side, 1)
    seen = ((lessons[0][0] + 1.0) * 128.0).transpose(1, 0, 2, 3, 4)
    left = {one[0].tobytes() for one in seen}
    right = {one[1].tobytes() for one in seen}
    assert len(left) > 4 * COPIES * 0.9
    assert len(right) > 4 * COPIES * 0.9
    assert all(one.astype(np.float32).tobytes() in left for one in plain[:, 0])


def test_the_rate_falls_by_a_percent_an_epoch_and_the_momentum_rises_in_a_line():
    steps, epochs = 2, 5
    variable = keras.Variable(np.zeros(1, np.float32), name="w")
    rule = LayerRule(rate=0.1, momentum=0.9)
    optimizer = LayerwiseSGD({variable.path: rule}, steps=steps, epochs=epochs)
    optimizer.build([variable])
    at, move = 0.0, 0.0
    for step in range(steps * epochs):
        epoch = step // steps
        momentum = 0.5 + 0.4 * epoch / (epochs - 1)
        move = momentum * move - 0.1 * 0.99**epoch * 1.0
        at += move
        optimizer.apply([keras.ops.ones(1)], [variable])
        assert float(keras.ops.convert_to_numpy(variable)[0]) == pytest.approx(at, rel=1e-5)


def test_every_layer_has_a_rule_within_the_papers_bounds(koch):
    rules = rules_of(koch)
    assert rules.keys() == {variable.path for variable in koch.trainable_variables}
    for rule in rules.values():
        assert 1e-4 <= rule.rate <= 1e-1
        assert 0.0 <= rule.momentum <= 1.0


def test_it_stops_after_twenty_epochs_without_a_better_one_and_keeps_the_best(
    drawings, tmp_path, monkeypatch
):
    siamese = build_siamese("glyph", input_shape=(SIDE, SIDE, 1))
    judge = Validation(siamese, split_drawers(drawings, validation=True), tmp_path, seed=0)
    judge.set_model(keras.Model())
    saved = []
    monkeypatch.setattr(siamese, "save", saved.append)
    errors = iter([0.9, 0.5, *([0.6] * PATIENCE)])
    monkeypatch.setattr(judge, "error", lambda: next(errors))
    stopped = []
    for epoch in range(2 + PATIENCE):
        judge.on_epoch_end(epoch)
        stopped.append(judge.model.stop_training)
    assert stopped == [*([False] * (1 + PATIENCE)), True]
    assert len(saved) == 2  # at 0.9 and at 0.5
    assert read_validation(tmp_path)[:3].tolist() == [[0, 0.9], [1, 0.5], [2, 0.6]]


@pytest.mark.parametrize("recipe", ["koch2015", "koch2015-adam"])
def test_the_recipe_ends_at_its_best_epoch(recipe, folder, tmp_path, monkeypatch):
    # The report on all pairs is tested elsewhere, and takes minutes with 4,096 dimensions.
    monkeypatch.setattr("train.command.finish", lambda *_: 0)
    out = tmp_path / "run"
    code = train(
        [
            *("fit", "--data", str(folder), "--out", str(out), "--preset", "koch2015"),
            *("--recipe", recipe, "--input-size", str(SIDE), "--held-out-share", str(SHARE)),
            *("--pairs-drawn", "20", "--batch", "4", "--steps", "2", "--epochs", "2"),
        ]
    )
    assert code == 0
    assert len(read_validation(out)) == 2
    assert json.loads((out / "config.json").read_text())["recipe"] == recipe
    best = keras.saving.load_model(out / "best.keras", compile=False)
    last = keras.saving.load_model(out / "siamese.keras", compile=False)
    both = zip(best.get_weights(), last.get_weights(), strict=True)
    assert all(np.array_equal(a, b) for a, b in both)
