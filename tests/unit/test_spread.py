"""The photographs of a person that are kept: as far from each other as they come."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.contract.spread import spread

FAR = 1e9  # a limit that every pair is below

points = st.lists(st.tuples(*(st.integers(0, 50),) * 2), min_size=1, max_size=9)


def between(places):
    at = np.array(places, np.float64)
    return np.linalg.norm(at[:, None] - at[None], axis=-1)


def radius(distance, kept):
    """How far somebody left out is, at most, from the nearest that is kept."""
    return distance[:, kept].min(axis=1).max()


@given(points, st.integers(1, 6))
def test_as_many_are_kept_as_there_is_room_for_each_once_and_in_their_order(places, most):
    kept = spread(between(places), most, FAR)
    assert len(kept) == min(len(places), most)
    assert kept == sorted(set(kept))


@given(points, st.integers(1, 5))
def test_one_more_never_covers_less(places, most):
    distance = between(places)
    assert radius(distance, spread(distance, most + 1, FAR)) <= radius(
        distance, spread(distance, most, FAR)
    )


@given(points, st.integers(1, 4))
def test_no_choice_covers_more_than_twice_as_well(places, most):
    """Gonzalez's bound, against every choice there is."""
    distance, size = between(places), min(most, len(places))
    best = min(radius(distance, list(some)) for some in combinations(range(len(places)), size))
    assert radius(distance, spread(distance, most, FAR)) <= 2 * best + 1e-9


@given(st.permutations(range(7)))
def test_the_order_in_which_they_come_changes_nothing(order):
    places = [(0, 0), (1, 3), (9, 2), (4, 17), (30, 1), (13, 40), (44, 45)]  # no two pairs alike
    kept = {places[i] for i in spread(between(places), 3, FAR)}
    shuffled = [places[i] for i in order]
    assert {shuffled[i] for i in spread(between(shuffled), 3, FAR)} == kept


def test_copies_go_first():
    places = [(0, 0), (0, 0), (0, 0), (9, 0), (0, 9)]
    assert spread(between(places), 3, FAR) == [0, 3, 4]


def test_somebody_else_is_kept_only_where_nothing_else_fills_the_place():
    places = [(0, 0), (1, 0), (0, 1), (100, 100)]
    assert spread(between(places), 3, limit=5.0) == [0, 1, 2]
    assert spread(between(places[1:]), 2, limit=5.0) == [0, 1]
    assert 3 in spread(between([(0, 0), (1, 0), (0, 0), (100, 100)]), 3, FAR)


def test_where_nobody_is_alike_nobody_is_somebody_else():
    assert len(spread(between([(0, 0), (10, 0), (0, 20)]), 2, limit=1.0)) == 2


@pytest.mark.parametrize("most", [1, 4])
def test_the_one_in_the_middle_is_among_them(most):
    places = [(0, 0), (10, 0), (5, 0), (4, 5), (11, 2), (6, 9)]
    middle = int(between(places).sum(axis=1).argmin())
    assert middle in spread(between(places), most, FAR)
