"""Streamed pairs against stored ones: the same counts, the same worst pairs, like intervals."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.contract.errors import UsageError
from edge.contract.matching import Difference, Head
from train import blas, choose, genuine, scan, strata
from train.bootstrap import intervals
from train.cli import main
from train.evaluate import Ask, evaluate
from train.faults import SHOWN
from train.grid import Grid
from train.rates import curve, rates_at, threshold_at_fmr
from train.ready import Ready, as_z
from train.sample import stored
from train.streamed import streamed
from train.subject import of_keras

PEOPLE, EACH, DIMENSIONS = 120, 8, 24
ASKED = (1e-4, 0.02, 0.4)
LEVELS = (1e-2, 1e-3, 1e-4)


def drawn(seed, people=PEOPLE, each=EACH, dimensions=DIMENSIONS):
    """(embeddings, person, head), people in no order, some harder than others."""
    rng = np.random.default_rng(seed)
    person = rng.permutation(np.repeat(np.arange(people, dtype=np.int32), each))
    spread = rng.uniform(0.3, 1.2, people)[person, None]
    around = spread * rng.normal(size=(len(person), dimensions))
    embeddings = rng.normal(size=(people, dimensions))[person] + around
    head = Head(Difference.SQUARED, rng.uniform(1, 6, dimensions).astype(np.float32), -5.0)
    return embeddings.astype(np.float32), person, head


def ready_of(embeddings, person, head):
    return Ready.of(embeddings, person, np.arange(len(person)), head)


@pytest.fixture(autouse=True)
def small_parts():
    """Strata, tiles and blocks so small that hundreds of crops fill many of them."""
    with pytest.MonkeyPatch.context() as patch:
        for module in (strata, genuine):
            patch.setattr(module, "ROWS", 4000)
        patch.setattr(scan, "_DOWN", 64)
        patch.setattr(scan, "_ACROSS", 96)
        patch.setattr(genuine, "_BLOCK", 3)
        patch.setattr(genuine, "_BATCH", 50)
        yield


@pytest.fixture(scope="module")
def both():
    """(stored, streamed) of the same crops, which are thousands of times the rows kept."""
    with pytest.MonkeyPatch.context() as patch:
        for module in (strata, genuine):
            patch.setattr(module, "ROWS", 4000)
        patch.setattr(scan, "_DOWN", 64)
        patch.setattr(scan, "_ACROSS", 96)
        given_crops = drawn(1)
        return stored(*given_crops, ASKED), streamed(ready_of(*given_crops), ASKED, 0)


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 2**32), st.integers(2, 30), st.integers(2, 9), st.integers(1, 9))
def test_a_count_at_an_edge_is_that_of_all_pairs(seed, people, each, dimensions):
    embeddings, person, head = drawn(seed, people, each, dimensions)
    ready = ready_of(embeddings, person, head)
    found = streamed(ready, (), 0).sides
    unit = embeddings / np.linalg.norm(embeddings.astype(np.float64), axis=1)[:, None]
    left, right = np.triu_indices(len(person), 1)
    z = (unit[left] - unit[right]) ** 2 @ head.weights.astype(np.float64) + head.bias
    same = person[left] == person[right]
    assert found.trials == (same.sum(), (~same).sum())
    slack = ready.uncertain + 4e-6  # the rows themselves are float32
    counts = found.below(found.grid.distances)
    for side, counted in zip((same, ~same), counts, strict=True):
        rising = np.sort(z[side])
        least, most = (np.searchsorted(rising, found.grid.edges + s * slack) for s in (-1, 1))
        assert (least <= counted).all()
        assert (counted <= most).all()


def test_the_error_of_single_precision_is_within_its_bound():
    ready = ready_of(*drawn(4, 40, 20, 128))
    buffer = np.empty(len(ready) ** 2, np.float32)
    z = ready.tile(ready.left(0, len(ready)), 0, len(ready), buffer)
    left, right = np.divmod(np.arange(z.size), len(ready))
    error = np.abs(z.ravel() - ready.exact(left, right)).max()
    assert 0 < error < ready.uncertain
    assert ready.uncertain < 2 / Grid.of(ready.head).per_unit


def test_every_rate_is_that_of_the_stored_pairs_within_a_bin(both):
    exact, found = (sample.sides for sample in both)
    bin_width = 1 / found.grid.per_unit
    curves = curve(exact), curve(found)
    assert curves[1].auc == pytest.approx(curves[0].auc, abs=1e-4)
    assert curves[1].eer == pytest.approx(curves[0].eer, abs=1e-3)
    for level in LEVELS:
        thresholds = [threshold_at_fmr(side, level) for side in (exact, found)]
        gap = as_z(thresholds[0]) - as_z(thresholds[1])
        assert -1e-5 <= gap <= bin_width + 1e-5
        fmr, fnmr = rates_at(found, thresholds[1])
        wanted = rates_at(exact, thresholds[0])
        assert fmr.value <= level
        assert fmr.errors >= wanted[0].errors - 3
        assert fnmr.value == pytest.approx(wanted[1].value, abs=2e-3)


def test_asked_distances_are_counted_person_by_person_without_bins(both):
    exact, found = both
    for distance in ASKED:
        wanted, got = exact.at[distance], found.at[distance]
        for name in ("fmr", "fnmr"):
            of_stored, of_streamed = (getattr(at.comparison, name) for at in (wanted, got))
            assert of_streamed.trials == of_stored.trials
            assert of_streamed.errors == of_stored.errors
            assert of_streamed.upper == pytest.approx(of_stored.upper, rel=0.1)
        assert got.worst_fmr == pytest.approx(wanted.worst_fmr)
        assert got.worst_fnmr == pytest.approx(wanted.worst_fnmr)


def test_the_worst_pairs_are_the_worst_of_all(both):
    exact, found = both
    for name in ("nearest", "farthest"):
        wanted, got = getattr(exact, name), getattr(found, name)
        assert got.distance[:SHOWN] == pytest.approx(wanted.distance[:SHOWN], rel=1e-4)
        pairs = [
            {frozenset(pair) for pair in zip(ends.left[:SHOWN], ends.right[:SHOWN], strict=True)}
            for ends in (wanted, got)
        ]
        assert pairs[0] == pairs[1]


def test_the_sample_stands_for_every_pair_and_gives_like_intervals(both):
    exact, found = both
    table = found.table(np.random.default_rng(0))
    assert len(table.distance) < 0.1 * sum(found.sides.trials)
    assert table.weight[table.same].sum() == pytest.approx(found.sides.trials[0])
    assert table.weight[~table.same].sum() == pytest.approx(found.sides.trials[1])
    spans = [
        intervals(of, LEVELS, np.random.default_rng(3))
        for of in (exact.table(np.random.default_rng(0)), table)
    ]
    for name, (low, high) in spans[0].items():
        width = high - low
        assert spans[1][name][0] == pytest.approx(low, abs=0.3 * width), name
        assert spans[1][name][1] == pytest.approx(high, abs=0.3 * width), name


def test_the_same_seed_keeps_the_same_sample_on_any_number_of_cores(monkeypatch):
    crops, tables = drawn(2, 60), []
    for cores in (1, 3):
        monkeypatch.setattr("os.cpu_count", lambda cores=cores: cores)
        tables.append(streamed(ready_of(*crops), ASKED, 5).table(np.random.default_rng(0)))
    for name in ("distance", "left", "right", "weight"):
        assert np.array_equal(*(getattr(table, name) for table in tables)), name


def test_a_stratum_that_the_first_look_saw_too_few_of_is_thinned(monkeypatch):
    crops = drawn(3)
    monkeypatch.setattr("train.streamed.plan", lambda grid, *_: strata.plan(grid, np.ones(9), 1))
    found = streamed(ready_of(*crops), (), 0)
    table = found.table(np.random.default_rng(0))
    assert (~table.same).sum() <= strata._OVERFULL * strata.ROWS
    assert table.weight[~table.same].sum() == pytest.approx(found.sides.trials[1])


def test_an_embedding_without_length_is_far_from_all():
    embeddings, person, head = drawn(6, 20, 4)
    embeddings[[3, 11]] = 0
    exact = stored(embeddings, person, head, ASKED)
    found = streamed(ready_of(embeddings, person, head), ASKED, 0)
    assert found.sides.trials == exact.sides.trials
    assert [v.errors for v in rates_at(found.sides, 1.0)] == [
        v.errors for v in rates_at(exact.sides, 1.0)
    ]


def test_products_take_one_thread_and_then_as_many_as_before():
    found = blas._openblas()
    if found is None:
        pytest.skip("numpy has another library")
    before = found["get_num_threads"]()
    with blas.one_thread():
        assert found["get_num_threads"]() == 1
    assert found["get_num_threads"]() == before


def test_every_pair_of_more_crops_than_are_stored(siamese, held_out, monkeypatch):
    subject = of_keras(siamese, name="tiny", config={})
    exact = evaluate(subject, held_out, Ask(all_pairs=True, seed=1))
    monkeypatch.setitem(choose.MOST_CROPS, Difference.SQUARED, 20)
    cut = evaluate(subject, held_out, Ask(seed=1))
    found = evaluate(subject, held_out, Ask(all_pairs=True, seed=1))
    assert cut.measured.crops <= 20
    assert found.measured == exact.measured
    assert found.auc.value == pytest.approx(exact.auc.value, abs=1e-4)
    assert [f.files for f in found.accepts] == [f.files for f in exact.accepts]
    scores = found.judged.scores["accuracy"], exact.judged.scores["accuracy"]
    assert scores[0].value == pytest.approx(scores[1].value, abs=0.01)


def test_a_bundle_at_its_own_thresholds(bundle, others_tar, capsys, monkeypatch):
    given_words = ["evaluate", "--model", str(bundle), "--photos", str(others_tar), "--json"]
    documents = []
    for most in (20_000, 50):
        monkeypatch.setitem(choose.MOST_CROPS, Difference.SQUARED, most)
        assert main([*given_words, "--all-pairs"]) == 0
        documents.append(json.loads(capsys.readouterr().out))
    for exact, found in zip(*(d["at_levels"] for d in documents), strict=True):
        # A threshold is the distance of a pair of these very people: it may fall on either side.
        for name in ("fmr", "fnmr"):
            assert found[name]["trials"] == exact[name]["trials"]
            assert found[name]["errors"] == pytest.approx(exact[name]["errors"], abs=1)
            assert found[name]["upper"] == pytest.approx(exact[name]["upper"], rel=0.1)
        assert found["worst_person"] == pytest.approx(exact["worst_person"], rel=0.1)


def test_a_head_of_absolute_differences_refuses_more_than_it_can(siamese, held_out, monkeypatch):
    subject = of_keras(siamese, name="tiny", config={})
    subject = replace(subject, head=replace(subject.head, difference=Difference.ABSOLUTE))
    monkeypatch.setitem(choose.MOST_CROPS, Difference.ABSOLUTE, 20)
    with pytest.raises(UsageError, match="compares 20 crops with each other at most") as refusal:
        evaluate(subject, held_out, Ask(all_pairs=True))
    assert "--all-pairs" in refusal.value.remedy
    assert evaluate(subject, held_out).measured.crops <= 20
