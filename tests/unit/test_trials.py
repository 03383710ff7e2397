"""What a press in shadow says of the level in force, and of those that are stricter."""

from __future__ import annotations

import pytest

from edge.contract.reasons import Reason
from edge.core.trials import (
    SET_ASIDE,
    Agreement,
    Figure,
    Frame,
    Trial,
    figure,
    mistaken,
    refused,
    trial_of,
)

RULE = Agreement(frames=3, agree=2)
BOTH = frozenset({"normal", "strict"})
NORMAL = frozenset({"normal"})
NONE = frozenset()


def trial(*frames, by="ada", told="ada", enrolled=True):
    made = tuple(Frame(matched, others) for matched, others in frames)
    return Trial(by, enrolled, told, "normal", made)


@pytest.mark.parametrize(
    ("matched", "strict"),
    [
        ((BOTH, BOTH), False),
        ((NORMAL, NORMAL), True),  # the third frame alone could not reach two
        ((BOTH, NORMAL), None),  # the third frame was not looked at
        ((BOTH, NORMAL, BOTH), False),
        ((BOTH, NORMAL, NORMAL), True),
    ],
)
def test_a_stricter_level_knows_whom_enough_frames_show_to_it(matched, strict):
    made = trial(*((one, NONE) for one in matched))
    assert refused(made, "normal", RULE) is False
    assert refused(made, "strict", RULE) is strict


@pytest.mark.parametrize("told", [None, "bea"])
def test_who_is_not_known_or_taken_for_another_is_refused_at_every_level(told):
    made = trial((BOTH, NONE), (BOTH, NONE), told=told)
    assert refused(made, "normal", RULE)
    assert refused(made, "strict", RULE)


@pytest.mark.parametrize(
    ("others", "normal", "strict"),
    [
        ((NONE, NONE), False, False),
        ((NORMAL, NORMAL), True, False),
        ((BOTH, BOTH), True, True),
        ((NORMAL, NONE), None, False),
        ((NORMAL, NONE, NONE), False, False),
    ],
)
def test_somebody_enrolled_is_a_stranger_to_all_the_others(others, normal, strict):
    made = trial(*((BOTH, one) for one in others))
    assert mistaken(made, "normal", RULE) is normal
    assert mistaken(made, "strict", RULE) is strict


def test_a_press_that_nobody_won_was_seen_to_its_end():
    assert mistaken(trial((NONE, NORMAL), told=None), "normal", RULE) is False
    assert mistaken(trial((NONE, NORMAL), (NONE, NORMAL), told=None), "normal", RULE) is True


def test_who_is_taken_for_another_is_a_mistake_of_the_levels_that_agree():
    made = trial((NORMAL, NONE), (NORMAL, NONE), by="bea", told="ada")
    assert mistaken(made, "normal", RULE) is True
    assert mistaken(made, "strict", RULE) is False


def test_a_visitor_is_a_mistake_where_the_door_opens():
    inside = trial((BOTH, NONE), (NORMAL, NONE), by="visitor-3", told="ada", enrolled=False)
    outside = trial((NONE, NORMAL), by="visitor-3", told=None, enrolled=False)
    assert mistaken(inside, "normal", RULE) is True
    assert mistaken(inside, "strict", RULE) is None
    assert mistaken(outside, "normal", RULE) is False


def test_a_figure_counts_trials_and_people_and_keeps_apart_what_nobody_knows():
    made = [trial(by=by) for by in ("ada", "ada", "bea", "cleo")]
    answers = iter([True, False, None, False])
    found = figure(made, lambda _: next(answers))
    assert found == Figure(errors=1, unknown=1, trials=4, units=3, units_wrong=2)
    low, high = found.interval  # of one error at its lower end, of two at its upper
    assert (round(low, 4), round(high, 4)) == (0.0063, 0.9324)
    assert figure([], lambda _: True) is None


def test_a_bound_for_strangers_counts_people_and_not_presses():
    one, many = (Figure(0, 0, trials=300, units=units, units_wrong=0) for units in (1, 300))
    assert one.upper == pytest.approx(0.95)
    assert many.upper < 0.01


@pytest.mark.parametrize("reason", [Reason.GRANTED, Reason.OUTSIDE_HOURS])
def test_who_is_recognised_and_not_admitted_was_recognised(reason):
    entry = {"reason": reason.value, "person": "ada", "looked": [{"matched": ["normal"]}]}
    made = trial_of(entry, "ada", "normal", enrolled=True)
    assert (made.told, made.frames) == ("ada", (Frame(NORMAL, NONE),))
    assert reason not in SET_ASIDE
