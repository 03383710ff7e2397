"""Every rate against the plainest way to count it."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from scipy.stats import binom

from edge.contract.matching import Difference, Head, distances
from train.bootstrap import best_threshold, curve_of, intervals, table_of, tar_at
from train.judge import crossed
from train.pairs import all_pairs
from train.rates import (
    Pairs,
    clopper_pearson,
    curve,
    least_impostors,
    rates_at,
    scores,
    threshold_at_fmr,
)


@pytest.fixture(params=range(5))
def pairs(request):
    """Few different distances, so that ties are the rule."""
    rng = np.random.default_rng(request.param)
    distance = rng.integers(0, 12, 400) / np.float32(16)
    same = rng.random(400) < 0.6 - distance / 2
    return Pairs(distance.astype(np.float32), same)


def counted(pairs, threshold):
    """(FMR, FNMR), pair by pair."""
    taken = [d < threshold for d in pairs.distance]
    false = sum(t and not s for t, s in zip(taken, pairs.same, strict=True))
    missed = sum(s and not t for t, s in zip(taken, pairs.same, strict=True))
    return false / (~pairs.same).sum(), missed / pairs.same.sum()


def test_the_curve_is_what_counting_gives_at_every_threshold(pairs):
    found = curve(pairs)
    assert len(found.threshold) == len(set(pairs.distance.tolist())) + 1
    for threshold, *rates in zip(found.threshold, found.fmr, found.fnmr, strict=True):
        assert rates == pytest.approx(counted(pairs, threshold))
        fmr, fnmr = rates_at(pairs, threshold)
        assert [fmr.value, fnmr.value] == pytest.approx(rates)


def test_auc_is_the_share_of_pairs_in_the_right_order_ties_half(pairs):
    products = list(itertools.product(pairs.genuine, pairs.impostor))
    wanted = np.mean([1.0 if g < i else 0.5 if g == i else 0.0 for g, i in products])
    assert curve(pairs).auc == pytest.approx(wanted)


def test_eer_lies_between_the_rates_where_they_cross(pairs):
    found = curve(pairs)
    at = np.argmax(found.fmr >= found.fnmr)
    around = [*found.fmr[at - 1 : at + 1], *found.fnmr[at - 1 : at + 1]]
    assert min(around) <= found.eer <= max(around)
    swapped = curve(Pairs(1 - pairs.distance - np.float32(1 / 16), ~pairs.same))
    assert swapped.eer == pytest.approx(found.eer)


def test_the_threshold_at_an_fmr_is_the_largest_that_keeps_it(pairs):
    for target in (0.02, 0.1, 0.5):
        threshold = threshold_at_fmr(pairs, target)
        assert counted(pairs, threshold)[0] <= target
        larger = [d for d in pairs.distance if d > threshold]
        assert all(counted(pairs, d)[0] > target for d in larger)


def test_an_fmr_that_the_sample_cannot_show_has_no_threshold(pairs):
    with pytest.raises(ValueError, match=r"cannot show an FMR of 0\.001"):
        threshold_at_fmr(pairs, 1e-3)
    assert [least_impostors(t) for t in (1e-2, 1e-3, 1e-4, 0.07)] == [300, 3000, 30000, 43]


@pytest.mark.parametrize(("errors", "trials"), [(0, 30), (1, 10), (7, 100), (100, 100)])
def test_clopper_pearson_leaves_a_fortieth_on_either_side(errors, trials):
    low, high = clopper_pearson(errors, trials)
    assert low <= errors / trials <= high
    if errors:
        assert binom.sf(errors - 1, trials, low) == pytest.approx(0.025)
    if errors < trials:
        assert binom.cdf(errors, trials, high) == pytest.approx(0.025)


def test_the_four_metrics_weigh_both_kinds_of_pairs_alike(pairs):
    fmr, fnmr = counted(pairs, 0.4)
    found = scores(1 - fnmr, fmr)
    assert found["accuracy"] == pytest.approx(1 - (fmr + fnmr) / 2)
    assert found["recall"] == pytest.approx(1 - fnmr)
    assert found["precision"] == pytest.approx((1 - fnmr) / (1 - fnmr + fmr))
    assert found["f1"] == pytest.approx(2 / (1 / found["precision"] + 1 / found["recall"]))


@pytest.fixture(scope="module")
def crops():
    """(embeddings, person) of nine people, most of them with several crops."""
    rng = np.random.default_rng(3)
    person = np.repeat(np.arange(9), (1, 2, 3, 4, 2, 5, 3, 1, 4)).astype(np.int32)
    centres = rng.normal(size=(9, 6))
    return (centres[person] + rng.normal(size=(len(person), 6))).astype(np.float32), person


@pytest.mark.parametrize("difference", list(Difference))
@pytest.mark.parametrize("block", [3, 512])
def test_all_pairs_are_all_pairs_with_the_doors_own_distance(crops, difference, block):
    embeddings, person = crops
    person = np.where(person == 5, -1, person)  # nobody in particular: in no pair
    head = Head(difference, np.linspace(0, 3, 6).astype(np.float32), -1.0)
    found = all_pairs(embeddings, person, head, block=block)
    known = np.flatnonzero(person >= 0)
    wanted = [
        (distances(head, embeddings[a], embeddings[b][None])[0], person[a] == person[b])
        for a, b in itertools.combinations(known, 2)
    ]
    assert found.distance == pytest.approx([d for d, _ in wanted], abs=1e-5)
    assert found.same.tolist() == [s for _, s in wanted]


def test_drawing_a_person_twice_is_as_if_all_pairs_stood_there_twice(crops):
    embeddings, person = crops
    head = Head(Difference.SQUARED, np.ones(6, np.float32), -1.0)
    pairs = all_pairs(embeddings, person, head)
    # In coarse steps, so that many distances are equal: such pairs match together.
    pairs = Pairs(np.round(pairs.distance * 16) / np.float32(16), pairs.same)
    table = table_of(pairs, person, np.random.default_rng(0))
    undrawn = curve_of(table)
    assert np.array_equal(undrawn.threshold, curve(pairs).threshold)
    assert np.allclose(undrawn.fmr, curve(pairs).fmr)
    assert np.allclose(undrawn.fnmr, curve(pairs).fnmr)
    times = np.array([0, 2, 1, 1, 3, 0, 1, 1, 0])
    ends = list(itertools.combinations(person, 2))
    often = [times[a] if a == b else times[a] * times[b] for a, b in ends]
    wanted = curve(Pairs(np.repeat(pairs.distance, often), np.repeat(pairs.same, often)))
    found = curve_of(table.drawn(times))
    at = np.searchsorted(found.threshold, wanted.threshold)
    assert np.allclose(found.fmr[at], wanted.fmr)
    assert np.allclose(found.fnmr[at], wanted.fnmr)


def test_each_half_is_judged_at_the_threshold_of_the_other():
    """One half is told apart at 0.3, the other at 0.7: crossed, each is half wrong."""

    def half(genuine, impostor):
        distance = np.array([genuine] * 10 + [impostor] * 10, np.float32)
        return curve(Pairs(distance, np.arange(20) < 10))

    metrics, accuracies, thresholds = crossed(half(0.2, 0.4), half(0.6, 0.8))
    assert thresholds == pytest.approx((0.3, 0.7))
    # At 0.3 no pair of the second half matches, at 0.7 every one of the first.
    assert metrics["accuracy"] == pytest.approx(0.5)
    assert metrics["recall"] == pytest.approx(0.5)
    assert accuracies == pytest.approx((0.5, 0.5))


def test_the_best_threshold_lies_in_the_middle_of_the_gap():
    pairs = Pairs(np.array([0.1, 0.2, 0.6, 0.9], np.float32), np.array([1, 1, 0, 0], bool))
    assert best_threshold(curve(pairs)) == pytest.approx(0.4)


def test_tar_at_an_fmr_is_of_the_largest_threshold_that_keeps_it(pairs):
    found = curve(pairs)
    for level in (0.0, 0.05, 0.3, 1.0):
        allowed = [counted(pairs, t) for t in found.threshold if counted(pairs, t)[0] <= level]
        assert tar_at(found, level) == pytest.approx(1 - min(fnmr for _, fnmr in allowed))


def test_an_interval_over_people_is_wider_than_one_over_pairs_and_holds_the_value():
    rng = np.random.default_rng(5)
    person = np.repeat(np.arange(12), 20).astype(np.int32)
    # Some people are hard and others easy, which is what pairs cannot see.
    spread = np.repeat(rng.uniform(0.2, 2.5, 12), 20)[:, None]
    centres = rng.normal(size=(12, 6))[person]
    embeddings = (centres + spread * rng.normal(size=(240, 6))).astype(np.float32)
    head = Head(Difference.SQUARED, np.ones(6, np.float32), -1.0)
    pairs = all_pairs(embeddings, person, head)
    low, high = intervals(table_of(pairs, person, rng), [0.01], rng)["tar@0.01"]
    fnmr = rates_at(pairs, threshold_at_fmr(pairs, 0.01))[1]
    narrow = clopper_pearson(fnmr.errors, fnmr.trials)
    assert low <= 1 - fnmr.value <= high
    assert high - low > 2 * (narrow[1] - narrow[0])
