"""R1.6 to R1.8: which bound a sample supports, and the threshold that follows from it."""

from __future__ import annotations

import numpy as np
import pytest

from edge.contract.levels import rounded_up
from train.bounds import clopper_pearson_upper, clustered, genuine, impostors, rule_of_three
from train.rates import Pairs


@pytest.mark.parametrize(
    ("errors", "trials", "upper"),
    [(0, 3000, 1.0e-3), (1, 3000, 1.6e-3), (2, 300, 2.1e-2), (5, 100, 1.0e-1), (0, 29956, 1.0e-4)],
)
def test_r1_6_clopper_pearson_is_the_published_table(errors, trials, upper):
    assert clopper_pearson_upper(errors, trials) == pytest.approx(upper, rel=0.06)


def people_with_twins(people, pictures, twins, rng):
    """(pairs, person): strangers far apart but for `twins` pairs of people, who are near."""
    person = np.repeat(np.arange(people, dtype=np.int32), pictures)
    distance = rng.uniform(0.5, 1.0, (len(person), len(person))).astype(np.float32)
    distance[person[:, None] == person] = 0.01
    for a, b in zip(range(0, 2 * twins, 2), range(1, 2 * twins, 2), strict=True):
        near = np.outer(person == a, person == b)
        distance[near | near.T] = rng.uniform(0.02, 0.03, int(2 * near.sum()))
    return every_pair(distance, person), person


def every_pair(distance, person):
    """Above the diagonal of (n, n), row by row."""
    rows, columns = np.triu_indices(len(person), 1)
    return Pairs(distance[rows, columns], person[rows] == person[columns])


def test_r1_7_alike_people_cost_more_than_their_pairs_say():
    rng = np.random.default_rng(0)
    pairs, person = people_with_twins(40, 6, 3, rng)
    found = impostors(pairs, person, 0.02)
    rate = found.rate(0.1)
    assert (rate.errors, rate.trials) == (3 * 36, 780 * 36)
    assert rate.upper > 1.5 * clopper_pearson_upper(rate.errors, rate.trials)


def test_r1_7_nothing_below_three_by_the_pairs_of_people():
    rng = np.random.default_rng(0)
    pairs, person = people_with_twins(40, 6, 0, rng)
    found = impostors(pairs, person, 0.02)
    assert found.rate(0.4).errors == 0
    assert found.rate(0.4).upper == rule_of_three(780)
    assert found.threshold(0.9 * rule_of_three(780)) is None


def test_r1_6_the_bound_at_the_threshold_keeps_the_target_and_the_next_one_does_not():
    rng = np.random.default_rng(1)
    pairs, person = people_with_twins(60, 5, 2, rng)
    found = impostors(pairs, person, 0.02)
    for target in (0.004, 0.01):
        threshold = found.threshold(target)
        rate = found.rate(threshold)
        assert rate.errors == int((pairs.distance[~pairs.same] < np.float32(threshold)).sum())
        assert rate.upper <= target
        assert found.rate(threshold + 0.05).upper > target


def test_r1_7_trials_of_one_person_hang_together():
    owner = np.repeat(np.arange(50, dtype=np.int32), 20)
    apart = np.random.default_rng(0).random(1000) < 0.1
    together = owner < 5  # as many errors, all of five people
    assert clustered(together, owner).errors == 100
    assert clustered(together, owner).upper > 1.4 * clustered(apart, owner).upper
    assert clustered(np.zeros(1000, bool), owner).upper == rule_of_three(50)


def test_fnmr_counts_pairs_of_one_person_at_or_above_the_threshold():
    person = np.array([0, 0, 0, 1, 1], np.int32)
    distance = np.full((5, 5), 0.9, np.float32)
    distance[0, 1] = distance[0, 2] = 0.1
    distance[1, 2], distance[3, 4] = 0.3, 0.2
    rate = genuine(every_pair(distance, person), person, 0.3)
    assert (rate.errors, rate.trials) == (1, 4)


@pytest.mark.parametrize(
    ("rate", "told"), [(1.04e-3, 2e-3), (0.1, 0.1), (7.3e-7, 8e-7), (0.96, 1.0), (3e-4, 3e-4)]
)
def test_r1_8_a_bound_is_told_with_one_figure_and_never_down(rate, told):
    assert rounded_up(rate) == told
