"""One-shot recognition: trials, what they are called, the recipe for characters, the command."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from edge.contract.errors import DataError, UsageError
from edge.contract.matching import Difference, Head, distances
from edge.contract.tasks import PICTURES
from tests.workstation.characters import draw_alphabets, pack_runs
from train.cli import main as train
from train.models import build_siamese, embedding_of
from train.oneshot.cost import KOCH_MACS, multiply_accumulates
from train.oneshot.distort import ORIENTATIONS, orient, redraw
from train.oneshot.drawings import load_drawings, split_alphabets
from train.oneshot.evaluate import official, resampled
from train.oneshot.fit import Redrawn
from train.oneshot.official import read_runs
from train.oneshot.trials import Trials, between_alphabets, right, within_alphabets
from train.oneshot.views import COUNTS, head_for, together, views
from train.people import trained_on, untrained
from train.plots import read_history
from train.subject import Subject

ALPHABETS, CHARACTERS, DRAWERS = 5, 20, 6
SHARE = 0.5  # of the alphabets, held out
DIMENSIONS = 16
SHIPPED = Path(__file__).parents[2] / "models" / "omniglot"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    place = tmp_path_factory.mktemp("drawn") / "characters"
    return draw_alphabets(place, alphabets=ALPHABETS, characters=CHARACTERS, drawers=DRAWERS)


@pytest.fixture(scope="module")
def drawings(folder):
    return load_drawings([folder])


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    return pack_runs(tmp_path_factory.mktemp("runs") / "all_runs.zip")


@pytest.fixture(scope="module")
def trained(folder, tmp_path_factory):
    """A run folder of the recipe, some seconds long."""
    out = tmp_path_factory.mktemp("runs") / "oneshot"
    assert train([*recipe(folder, out), "--steps", "50", "--epochs", "2"]) == 0
    return out


def recipe(folder, out):
    return [
        *("fit", "--data", str(folder), "--out", str(out), "--recipe", "characters"),
        *("--preset", "oneshot", "--batch", "64", "--rate", "0.01"),
        *("--held-out-share", str(SHARE)),
    ]


def subject(embed):
    """A network of plain pictures that compares directions."""
    head = Head(Difference.SQUARED, np.ones(DIMENSIONS, np.float32), -1.0)
    return Subject("drawn", "float", "0" * 64, PICTURES, (32, 32, 1), head, embed)


def constant(crops):
    return np.ones((len(crops), DIMENSIONS), np.float32)


def untaught(crops):
    """Directions at random, told by the picture."""
    rng = np.random.default_rng(1)
    away = rng.normal(size=(crops[0].size, DIMENSIONS))
    flat = crops.reshape(len(crops), -1).astype(np.float64)
    return np.sin(flat @ away).astype(np.float32)


def test_drawings_know_their_alphabet_their_character_and_who_drew_them(drawings):
    assert len(drawings) == ALPHABETS * CHARACTERS * DRAWERS
    at = drawings.files.index("characters:alphabet_3/character07/0067_05.png")
    assert drawings.characters[drawings.character[at]] == "alphabet_3/character07"
    assert drawings.alphabets[drawings.alphabet[at]] == "alphabet_3"
    assert drawings.drawer[at] == 5


def test_a_drawing_that_nobody_signed_is_refused(tmp_path):
    place = tmp_path / "alphabet" / "character"
    place.mkdir(parents=True)
    cv2.imwrite(str(place / "nobody.png"), np.full((20, 20), 255, np.uint8))
    with pytest.raises(DataError, match="nobody"):
        load_drawings([tmp_path])


def test_whole_alphabets_are_held_out(drawings):
    inside, out = split_alphabets(drawings, SHARE)
    assert inside.used_alphabets()
    assert out.used_alphabets()
    assert not set(inside.used_alphabets()) & set(out.used_alphabets())
    assert len(inside) + len(out) == len(drawings)


def test_within_an_alphabet_one_drawer_is_asked_about_the_characters_of_another(drawings):
    trials = within_alphabets(drawings, 200, np.random.default_rng(0))
    rows, probe = np.arange(len(trials)), trials.probe
    alphabet, drawer = drawings.alphabet, drawings.drawer
    assert (alphabet[trials.support] == alphabet[probe][:, None]).all()
    assert (drawer[trials.support] == drawer[trials.support[:, :1]]).all()
    assert (drawer[probe] != drawer[trials.support[:, 0]]).all()
    character = drawings.character
    assert (character[trials.support[rows, trials.answer]] == character[probe]).all()
    assert all(len(set(row)) == trials.support.shape[1] for row in character[trials.support])


def test_between_alphabets_the_characters_come_from_several(drawings):
    trials = between_alphabets(drawings, 100, np.random.default_rng(0))
    rows, character = np.arange(len(trials)), drawings.character
    own = trials.support[rows, trials.answer]
    assert (character[own] == character[trials.probe]).all()
    assert (own != trials.probe).all()
    assert all(len(set(row)) == 20 for row in character[trials.support])
    assert np.mean([len(set(row)) for row in drawings.alphabet[trials.support]]) > 2


def test_too_small_alphabets_are_told(drawings):
    with pytest.raises(DataError, match="no alphabet of 21 characters"):
        within_alphabets(drawings, 1, np.random.default_rng(0), ways=21)


def test_shuffled_supports_keep_their_answer():
    support = np.arange(40).reshape(2, 20)
    trials = Trials(np.array([0, 1]), support, np.array([0, 7]), np.array([0, 0]))
    made = trials.shuffled(np.random.default_rng(3))
    assert (made.support != support).any()
    assert [made.support[0, made.answer[0]], made.support[1, made.answer[1]]] == [0, 27]


def test_of_equally_near_ones_chance_takes_one():
    distance, answer = np.zeros((20_000, 4)), np.zeros(20_000, np.int64)
    assert abs(right(distance, answer, np.random.default_rng(0)).mean() - 0.25) < 0.02
    distance[:, 2:] = 1.0
    assert abs(right(distance, answer, np.random.default_rng(0)).mean() - 0.5) < 0.02


def test_a_constant_network_scores_five_percent_whatever_the_order_of_the_classes(runs):
    found = read_runs(runs)
    assert len(found.trials) == 400
    for seed in range(5):
        figure, _ = official(subject(constant), found, looks=1, seed=seed)
        assert figure.trials == 400
        assert abs(figure.accuracy.value - 0.05) <= 0.03


def test_a_network_of_random_directions_is_no_better(runs):
    figure, _ = official(subject(untaught), read_runs(runs), looks=1, seed=0)
    assert figure.accuracy.value < 0.15


def test_all_four_kinds_of_drawn_trials_are_named(drawings):
    figures = resampled(subject(constant), drawings, looks=1, seed=0, count=2000)
    assert [figure.name for figure in figures] == [
        "within an alphabet, 20-way, drawn",
        "within an alphabet, 5-way, drawn",
        "between alphabets (easier), 20-way, drawn",
        "between alphabets (easier), 5-way, drawn",
    ]
    for figure, chance in zip(figures, (0.05, 0.2, 0.05, 0.2), strict=True):
        assert abs(figure.accuracy.value - chance) < 0.03
        assert figure.accuracy.low < figure.accuracy.value < figure.accuracy.high
        assert set(figure.groups) == {f"alphabet_{n}" for n in range(ALPHABETS)}


def test_a_zip_without_runs_is_refused(tmp_path):
    file = tmp_path / "all_runs.zip"
    file.write_bytes(b"no zip")
    with pytest.raises(DataError, match="one-shot runs"):
        read_runs(file)


def test_a_drawing_has_four_orientations():
    picture = np.arange(9, dtype=np.uint8).reshape(3, 3)
    made = {orient(picture, number).tobytes() for number in range(ORIENTATIONS)}
    assert len(made) == ORIENTATIONS
    assert orient(picture, 0).tobytes() == picture.tobytes()


def test_a_redrawn_character_is_another_picture_with_about_as_much_ink(drawings):
    picture, rng = drawings.pictures[0, ..., 0], np.random.default_rng(0)
    plain = cv2.resize(picture, (32, 32), interpolation=cv2.INTER_AREA)
    made = np.stack([redraw(picture, 32, rng) for _ in range(50)])
    assert len({one.tobytes() for one in made}) == 50
    ink, expected = (255.0 - made).mean(axis=(1, 2)), (255.0 - plain).mean()
    assert 0.7 < np.median(ink) / expected < 1.6


def test_a_batch_names_every_orientation_by_a_class_of_its_own_and_follows_from_its_seed(drawings):
    lessons = Redrawn(drawings, 32, batch=64, steps=3, seed=4)
    crops, named = lessons[1]
    assert crops.shape == (64, 32, 32, 1)
    assert crops.dtype == np.float32
    assert lessons.classes == ORIENTATIONS * ALPHABETS * CHARACTERS
    assert named.min() >= 0
    assert named.max() < lessons.classes
    again, _ = lessons[1]
    assert np.array_equal(crops, again)
    lessons.epoch = 1
    assert not np.array_equal(crops, lessons[1][0])


def test_views_of_a_picture_are_its_mirrored_and_turned_copies(drawings):
    picture = np.repeat(drawings.pictures[0], 3, axis=-1)
    made = views(picture, COUNTS[-1])
    assert np.array_equal(made[0], picture)
    assert len({one.tobytes() for one in made}) == COUNTS[-1]
    assert {one.tobytes() for one in views(made[3], COUNTS[-1])} == {one.tobytes() for one in made}


def test_the_distance_of_views_weighs_the_mean_of_what_each_of_them_says():
    head = Head(Difference.SQUARED, np.array([1.0, 2.0], np.float32), -1.0)
    rng = np.random.default_rng(0)
    one, other = rng.normal(size=(2, 4, 2)).astype(np.float32)  # four views of two pictures
    alone = [float(distances(head, a, b[None])[0]) for a, b in zip(one, other, strict=True)]
    logits = np.log(np.array(alone) / (1 - np.array(alone)))
    both = together(np.concatenate([one, other]), 4)
    found = float(distances(head_for(head, 4), both[0], both[1:])[0])
    assert np.log(found / (1 - found)) == pytest.approx(logits.mean(), rel=1e-4)


def test_the_preset_costs_a_hundredth_of_kochs():
    twin = embedding_of(build_siamese("oneshot"))
    assert twin.output_shape == (None, 96)
    assert multiply_accumulates(twin) <= KOCH_MACS / 100


def test_some_seconds_of_the_recipe_teach_more_than_chance(trained, runs, tmp_path):
    out = tmp_path / "report"
    assert (
        train(["evaluate", "--model", str(trained), "--one-shot", str(runs), "--out", str(out)])
        == 0
    )
    document = json.loads((out / "results.json").read_text())
    figure = document["figures"][0]
    assert document["schema"] == "onelook.oneshot/1"
    assert len(document["model"]["sha256"]) == 64
    assert figure["trials"] == 400
    assert len(figure["groups"]) == 20
    assert figure["accuracy"] == pytest.approx(np.mean(list(figure["groups"].values())))
    assert figure["accuracy"] > 0.15
    assert figure["low"] < figure["accuracy"] < figure["high"]
    assert cv2.imread(str(out / "worst.png")) is not None


def test_a_trained_network_goes_on_from_where_it_sees_its_classes(trained, folder, tmp_path):
    further = ["--begin-with", str(trained / "siamese.keras"), "--steps", "3", "--epochs", "1"]
    assert train([*recipe(folder, tmp_path / "more"), *further]) == 0
    losses = [
        read_history(place / "history-fit.csv")["loss"] for place in (trained, tmp_path / "more")
    ]
    assert losses[1][0] < losses[0][0]  # both of a first epoch
    assert "begun_with_sha256" in json.loads((tmp_path / "more" / "config.json").read_text())


def test_the_command_tells_all_figures_by_name(trained, runs, folder, capsys, monkeypatch):
    monkeypatch.setattr("train.oneshot.evaluate.TRIALS", 200)
    command = ["evaluate", "--model", str(trained), "--one-shot", str(runs), "--views", "2"]
    assert train([*command, "--photos", str(folder), "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    twin = embedding_of(build_siamese("oneshot"))
    assert document["views"] == 2
    assert document["macs"] == 2 * multiply_accumulates(twin)
    assert len(document["figures"]) == 5


def test_the_run_says_which_alphabets_it_held_out_and_nothing_else_counts_as_unseen(
    trained, drawings
):
    from train.data import load_pictures

    config = json.loads((trained / "config.json").read_text())
    _, out = split_alphabets(drawings, SHARE)
    assert config["held_out"] == out.used_alphabets()
    faces = load_pictures([Path(config["data"][0])], (32, 32, 1))
    unseen = untrained(faces, config)
    assert unseen.people() == set(out.names())
    assert trained_on(faces, config) == faces.people() - set(out.names())


def test_a_recipe_asks_for_a_preset_that_it_can_train(folder, tmp_path, capsys):
    command = ["fit", "--data", str(folder), "--out", str(tmp_path / "run"), "--preset", "mobile"]
    assert train([*command, "--recipe", "characters"]) == UsageError("", remedy="").exit_code
    assert "does not train --preset mobile" in capsys.readouterr().err
    assert not (tmp_path / "run").exists()


def test_one_shot_is_not_asked_of_a_network_for_faces(runs, capsys):
    model = Path(__file__).parents[2] / "models" / "faces"
    assert train(["evaluate", "--model", str(model), "--one-shot", str(runs)]) != 0
    assert "faces" in capsys.readouterr().err


@pytest.mark.skipif(not SHIPPED.is_dir(), reason="no bundle for characters comes with this tree")
def test_the_shipped_bundle_tells_drawn_characters_apart_at_a_hundredth_of_the_cost(runs, capsys):
    assert train(["evaluate", "--model", str(SHIPPED), "--one-shot", str(runs), "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["model"]["kind"].startswith("int8")
    assert document["macs"] <= KOCH_MACS / 100
    assert document["figures"][0]["accuracy"] > 0.5
