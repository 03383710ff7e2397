"""The bench's arithmetic: medians, ratios, projections, verdicts. Nothing is measured here."""

from __future__ import annotations

import json

import pytest

from bench.accuracy import of_card
from bench.boards import BOARDS, FOUR_CORES, measured_boards
from bench.clock import Clock, Figures, Taken, Timed, figures, ratio, simple
from bench.closure import required_name, wanted
from bench.goals import Goal, goals
from bench.networks import gmacs_per_s
from bench.page import filled, sections
from bench.plot import plot, ticks
from bench.projection import Here, project, project_all
from bench.results import Dot, Results
from bench.rounds import Found, in_turns
from bench.table import markdown, number, written
from bench.training import rate
from edge.cli.progress import Progress


def took(ms):
    return Figures(ms, ms, ms, ms, 1)


# Times


def test_median_and_minimum_are_of_wall_and_processor_apart():
    found = figures([Taken(5.0, 1.0), Taken(1.0, 9.0), Taken(3.0, 2.0)])
    assert found == Figures(3.0, 1.0, 2.0, 1.0, 3)


def test_what_is_timed_twice_in_a_round_is_added_up():
    clock = Clock()
    clock.add("pointer", Taken(2.0, 1.0))
    clock.add("pointer", Taken(3.0, 1.5))
    assert clock.taken() == {"pointer": Taken(5.0, 2.5)}


def test_a_clock_gives_what_was_done_and_counts_it_though_it_fails():
    clock = Clock()
    assert clock.time("sum", sum, [1, 2]) == 3
    with pytest.raises(ZeroDivisionError):
        clock.time("fault", lambda: 1 / 0)
    assert set(clock.taken()) == {"sum", "fault"}


def test_a_ratio_says_how_many_times_longer_the_first_takes():
    assert ratio(took(300.0), took(10.0)) == pytest.approx(30.0)


def test_things_take_turns_and_a_slow_one_takes_part_in_fewer_rounds():
    order = []
    things = [
        simple("fast", "g", lambda: order.append("fast")),
        simple("slow", "g", lambda: order.append("slow"), every=2),
    ]
    found = Found(in_turns(things, 4, Progress()))
    # The first pair warms up and counts for nothing.
    assert order == ["fast", "slow", "fast", "slow", "fast", "fast", "slow", "fast"]
    assert (found.get("g", "fast").n, found.get("g", "slow").n) == (4, 2)
    assert found.get("g", "absent") is None


def test_parts_of_one_thing_have_a_row_each():
    def run(clock):
        clock.add("a", Taken(1.0, 1.0))
        clock.add("b", Taken(2.0, 2.0))

    rows = in_turns([Timed("whole", "g", run, threads="all")], 3, Progress())
    assert [(row.name, row.threads, row.figures.n) for row in rows] == [
        ("a", "all", 3),
        ("b", "all", 3),
    ]


def test_a_rate_counts_products_of_a_second_and_several_threads_by_the_wall():
    taken = Figures(4.0, 1.0, 8.0, 2.0, 3)
    assert gmacs_per_s(200_000_000, taken, "one") == pytest.approx(100.0)
    assert gmacs_per_s(200_000_000, taken, "all") == pytest.approx(200.0)


def test_training_is_the_difference_of_two_runs():
    assert rate((10, 50), (30.0, 50.0)) == pytest.approx(32 * 40 / 20)


# Boards


def board(name):
    return next(board for board in BOARDS if board.name == name)


def test_by_the_yardstick_a_board_is_as_many_times_slower_as_in_mobilenet():
    there = project(Here(2.0), board("Pi 4"), mobilenet_here_ms=17.0)
    assert there.by_yardstick == pytest.approx(2.0 * FOUR_CORES)


def test_by_rates_networks_count_by_their_products_and_the_rest_by_the_estimate():
    pi = board("Pi 3B+")
    there = project(Here(3.0, networks_ms=2.0, macs=100e6), pi, mobilenet_here_ms=1e9)
    assert there.by_rates == pytest.approx(100e6 / (pi.gmacs_per_s / FOUR_CORES) / 1e6 + pi.slower)
    assert there.ms == there.by_rates


def test_a_boards_own_file_takes_the_place_of_what_was_projected(tmp_path):
    (tmp_path / "zero.csv").write_text(
        "group,name,state,value,unit,min,p95,max,n,said,fix\n"
        "file,format,measured,onelook.pi-selftest/1,,,,,,,\n"
        "board,model,measured,Raspberry Pi Zero 2 W Rev 1.0,,,,,,,\n"
        "stages,embed,measured,31.5,ms,30,33,35,200,,\n"
        'stages,align,unknown,,,,,,,"why, and so on",\n'
    )
    (tmp_path / "other.csv").write_text("group,name,value\nfile,format,something else\n")
    measured = measured_boards(tmp_path)
    assert measured == {"Pi Zero 2 W": {"embed": 31.5}}
    zero = board("Pi Zero 2 W")
    found = project_all({"embed": Here(2.0), "align": Here(1.0)}, zero, 3.0, measured[zero.name])
    assert (found["embed"].ms, found["embed"].label) == (31.5, "measured")
    assert found["align"].label == "projected"


# Goals and tables


@pytest.mark.parametrize(
    ("goal", "verdict"),
    [
        (Goal("g", 8.0, 8.0), "met"),
        (Goal("g", 8.0, 8.1), "missed"),
        (Goal("g", 30.0, 30.0, at_most=False), "met"),
        (Goal("g", 30.0, 29.0, at_most=False), "missed"),
        (Goal("g", 30.0, None), "not measured here"),
    ],
)
def test_a_goal_is_met_up_to_its_limit(goal, verdict):
    assert goal.verdict == verdict


def test_a_goal_without_a_peer_is_said_to_be_unmeasured():
    names = ("press_ms", "than_dlib", "than_seed", "ready_s", "memory_mb", "match_ms", "share")
    found = goals(**dict.fromkeys(names), foreign=0)
    assert {goal.verdict for goal in found[:-1]} == {"not measured here"}
    assert found[-1].verdict == "met"


@pytest.mark.parametrize(
    ("value", "text"),
    [(1234.5, "1,234"), (12.34, "12.3"), (1.234, "1.23"), (0.01234, "0.012"), (None, "-")],
)
def test_numbers_say_three_digits(value, text):
    assert number(value) == text


def test_a_table_has_a_heading_and_a_cell_per_column():
    assert markdown(("what", "ms"), [("a", "1.0")]).splitlines() == [
        "| what |  ms |",
        "| ---- | --: |",
        "| a    | 1.0 |",
    ]


def test_a_run_without_peers_is_told_and_can_be_kept():
    results = Results("python -m bench", {"date": "today"}, absent={"somebody": "no wheel"})
    assert "somebody: not here: no wheel" in written(results)
    assert json.loads(json.dumps(results.document()))["schema"] == "onelook.bench-results/1"


def test_a_page_takes_the_tables_it_has_places_for():
    told = sections(
        "## This run\n\n| what | value |\n| - | -: |\n| command | python -m bench |\n"
        "| date | 2026-11-27 18:00 UTC |\n| processor | P |\n| numpy | 2 |\n\n"
        "## Goals\n\n| goal |\n| - |\n| g |\n"
    )
    page = "a\n<!-- table: Goals -->\nold\n<!-- end -->\n<!-- table: Other -->\nkept\n<!-- end -->"
    done = filled(page, told)
    assert "old" not in done
    assert "| g |\n\n`python -m bench`, 2026-11-27; P; numpy 2." in done
    assert "<!-- table: Other -->\nkept\n<!-- end -->" in done
    assert filled(done, told) == done


# Accuracy


def test_the_shipped_bundles_card_says_how_right_it_is(repository):
    found = of_card((repository / "models/faces/card.md").read_text())
    assert 80.0 < found.tar < 100.0
    assert 97.0 < found.view_2 < 100.0


def test_a_card_that_does_not_say_is_no_accuracy():
    assert of_card("# a network") is None


def test_the_plot_names_everybody_and_leaves_out_an_unknown_rate(repository):
    known = of_card((repository / "models/faces/card.md").read_text())
    dots = [Dot("onelook", 10.0, known, ""), Dot("other", 300.0, known, "")]
    drawn = plot(dots)
    assert drawn.count("<circle") == 4
    assert drawn.startswith("<svg")
    assert plot([]).startswith("<svg")


def test_an_axis_holds_all_of_its_dots():
    assert ticks(3.0, 300.0) == [2, 5, 10, 20, 50, 100, 200, 500]


# Installations


@pytest.mark.parametrize(
    ("line", "name", "always"),
    [
        ("numpy>=1.24.2", "numpy", True),
        ('tqdm ; python_version >= "3.9"', "tqdm", True),
        ("keras<4; extra == 'train'", "keras", False),
    ],
)
def test_what_a_package_needs_is_read_without_its_extras(line, name, always):
    assert (required_name(line), wanted(line)) == (name, always)
