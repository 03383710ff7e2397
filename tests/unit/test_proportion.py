"""Exact bounds of a rate, against published values and against their own definition."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.core.proportion import interval, needed, upper

counts = st.integers(1, 300).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))


@pytest.mark.parametrize(
    ("errors", "trials", "bound"),
    [  # one-sided 95 %, as R1.6 tabulates them
        (0, 100, 3.0e-2),
        (1, 100, 4.7e-2),
        (2, 100, 6.2e-2),
        (5, 100, 1.0e-1),
        (0, 3000, 1.0e-3),
        (5, 3000, 3.5e-3),
        (0, 30000, 1.0e-4),
        (5, 300, 3.5e-2),
    ],
)
def test_the_upper_bound_is_the_tabulated_one(errors, trials, bound):
    assert float(f"{upper(errors, trials):.1e}") == bound


@pytest.mark.parametrize(
    ("errors", "trials", "ends"),
    [
        (1, 20, (0.0013, 0.2487)),
        (3, 20, (0.0321, 0.3789)),
        (10, 20, (0.2720, 0.7280)),
        (0, 20, (0.0, 0.1684)),
        (20, 20, (0.8316, 1.0)),
    ],
)
def test_the_interval_is_the_one_of_the_tables(errors, trials, ends):
    assert tuple(round(end, 4) for end in interval(errors, trials)) == ends


def chance(errors, trials, rate):
    return math.fsum(
        math.comb(trials, k) * rate**k * (1 - rate) ** (trials - k) for k in range(errors + 1)
    )


@given(counts)
def test_at_its_ends_what_was_seen_has_just_the_chance_that_is_left_out(count):
    errors, trials = count
    low, high = interval(errors, trials)
    assert low <= errors / trials <= high
    if errors < trials:
        assert chance(errors, trials, high) == pytest.approx(0.025, rel=1e-6)
    if errors:
        assert 1 - chance(errors - 1, trials, low) == pytest.approx(0.025, rel=1e-6)
    assert upper(errors, trials) <= high


@given(st.integers(1, 500))
def test_without_an_error_it_is_the_rule_of_three_or_less(trials):
    assert upper(0, trials) == pytest.approx(1 - 0.05 ** (1 / trials))
    assert upper(0, trials) < 3 / trials


@pytest.mark.parametrize("rate", [0.5, 0.1, 0.01, 0.001])
def test_so_many_are_needed_and_one_less_is_too_few(rate):
    assert upper(0, needed(rate)) <= rate < upper(0, needed(rate) - 1)
