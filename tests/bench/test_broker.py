"""A press beside a broker: its arithmetic and its place on the page. Nothing is measured here."""

from __future__ import annotations

from bench.broker import STATES, Ratio, Visit, ratio, tables, turned, verdict
from bench.clock import Taken
from bench.page import filled, sections

MACHINE = {"command": "python -m bench", "date": "2026-11-28", "processor": "one", "python": "3"}


def a_round(off, **others):
    """Three presses in each state, ms."""
    took = {**dict.fromkeys(STATES, off), **others}
    return {
        state: Visit(tuple(Taken(ms + n, 40.0) for n in (-1, 0, 1)), {"mqtt": 0.01})
        for state, ms in took.items()
    }


def wall(taken):
    return taken.wall


def test_ten_rounds_put_every_state_into_every_place_twice():
    orders = [turned(list(STATES), times) for times in range(10)]
    places = [sorted(order[place] for order in orders) for place in range(5)]
    assert places == [sorted(2 * list(STATES))] * 5


def test_a_state_is_held_against_off_by_medians():
    found = ratio([a_round(100.0, slow=110.0)] * 6, "slow", wall)
    assert (found.value, found.low, found.high) == (1.1, 1.1, 1.1)


def test_a_round_that_is_disturbed_as_a_whole_moves_no_ratio_and_one_state_widens_its_interval():
    quiet, busy = a_round(100.0, up=100.0), a_round(300.0, up=300.0)
    steady = ratio([quiet] * 4 + [busy] * 3, "up", wall)
    assert (steady.low, steady.high) == (1.0, 1.0)
    uneven = ratio([quiet] * 4 + [a_round(100.0, up=160.0)] * 3, "up", wall)
    assert uneven.low < 1.05 < uneven.high


def test_a_verdict_needs_an_interval_on_one_side_and_enough_rounds():
    assert verdict(Ratio(1.01, 0.98, 1.04), 10) == "yes"
    assert verdict(Ratio(1.10, 1.06, 1.20), 10) == "no"
    assert verdict(Ratio(1.03, 0.98, 1.08), 10) == "not decided"
    assert verdict(Ratio(1.0, 1.0, 1.0), 1) == "not decided"


def test_its_tables_come_to_their_places_and_leave_another_runs_machine():
    page = "".join(
        f"<!-- table: {title} -->\nold\n<!-- end -->\n"
        for title in ("This run", "This run, with a broker", "A press beside a broker")
    )
    found = filled(page, sections(tables(MACHINE, [a_round(100.0)] * 6)))
    assert found.count("old") == 1
    assert "<!-- table: This run -->\nold" in found
    assert "| back " in found
    assert "`python -m bench`, 2026-11-28; one; python 3." in found
