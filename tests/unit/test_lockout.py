"""The lock-out: how long nobody is looked at, and that neither plug nor clock shortens it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.core.lockout import Lockout, forgotten, remaining, wait_after

OWNERS = Lockout(free=5, first_s=30.0, cap_s=900.0)

lockouts = st.builds(
    Lockout,
    st.integers(0, 20),
    st.floats(1.0, 3600.0),
    st.floats(3600.0, 14400.0),
)
failures = st.one_of(st.integers(0, 60), st.just(1_000_000), st.just(2**60))
seconds = st.floats(0.0, 1e9)


@pytest.mark.parametrize(
    ("count", "wait_s"),
    [(0, 0), (4, 0), (5, 30), (6, 60), (7, 120), (8, 240), (9, 480), (10, 900), (2**60, 900)],
)
def test_five_are_free_then_it_doubles_up_to_the_cap(count, wait_s):
    assert wait_after(count, OWNERS) == wait_s


@given(failures, lockouts)
def test_more_failures_never_wait_less_and_never_beyond_the_cap(count, lockout):
    wait_s = wait_after(count, lockout)
    assert wait_s <= wait_after(count + 1, lockout) <= lockout.cap_s
    assert (wait_s == 0.0) == (count < lockout.free)


@given(failures, lockouts, seconds, st.floats(0.0, 20_000.0))
def test_the_wait_runs_out_after_its_time_and_not_before(count, lockout, counted_at, after):
    left = remaining(count, counted_at, counted_at + after, lockout, same_boot=True)
    wait_s = wait_after(count, lockout)
    assert left == pytest.approx(max(0.0, wait_s - after), abs=1e-3)


@given(failures, lockouts, seconds, st.floats(0.0, 20_000.0))
def test_after_a_new_start_of_the_machine_the_whole_wait_counts_from_it(
    count, lockout, counted_at, now
):
    left = remaining(count, counted_at, now, lockout, same_boot=False)
    assert left == pytest.approx(max(0.0, wait_after(count, lockout) - now))


@given(failures, lockouts, seconds, seconds)
def test_a_count_of_the_future_does_not_wait_longer_than_the_whole(count, lockout, at, now):
    left = remaining(count, at, now, lockout, same_boot=True)
    assert 0.0 <= left <= wait_after(count, lockout) + 1e-3


@given(failures, lockouts, seconds, st.floats(0.0, 20_000.0), st.floats(0.0, 100.0))
def test_time_alone_never_makes_the_wait_longer(count, lockout, counted_at, after, more):
    now = counted_at + after
    first, later = (
        remaining(count, counted_at, at, lockout, same_boot=True) for at in (now, now + more)
    )
    assert later <= first


@pytest.mark.parametrize(
    ("failures", "counted_at", "now", "same_boot", "gone"),
    [
        (7, 100.0, 100.0 + 86_399.0, True, False),
        (7, 100.0, 100.0 + 86_400.0, True, True),
        (0, 100.0, 1e9, True, False),  # nothing to forget
        (7, 5e6, 100.0, True, False),  # a counter of the future is one of now
        (7, 100.0, 86_399.0, False, False),  # pulling the plug forgets nothing sooner
        (7, 100.0, 86_400.0, False, True),
    ],
)
def test_a_quiet_day_forgets_and_nothing_shorter(failures, counted_at, now, same_boot, gone):
    assert forgotten(failures, counted_at, now, same_boot=same_boot) is gone
