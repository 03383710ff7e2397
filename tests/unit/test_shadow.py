"""Presses in shadow: what the log keeps, whose they were, what the levels make of them."""

from __future__ import annotations

import pytest

from edge.contract.reasons import Reason
from edge.contract.wire import Seen
from edge.core.burst import Nearest, Rule, find
from edge.core.trials import Agreement
from edge.door.press import Ending, Judged, Press, entry
from edge.report.levels import advice, lines, measure, sentences
from edge.report.shadow import LABELLED, Label, Whose, label_fields, shadow_of
from edge.store.people import Person

CUTS = {"normal": 0.3, "strict": 0.1}
ADA, BEA = Person("p-ada", "Ada", ()), Person("p-bea", "Bea", ())
RULE = Agreement(3, 2)
SEEN = Seen(1, 1, 1.0, None, b"", (), (), (1.0, 2.0, 3.0))


def row(nearest, *, person=ADA, reason=Reason.GRANTED, mode="shadow", level="normal"):
    """The log's row of a press with these frames: (person, distance, next distance)."""
    rule = Rule(3, 2, CUTS[level], 0.0)
    frames = [Nearest(*one) for one in nearest]
    press = Press(1, 1.0, [Judged(SEEN, find(one, rule), one) for one in frames], cuts=CUTS)
    return entry(Ending(press, reason, person, 2.0, CUTS[level], "m", mode))


def shadow(*entries, people=("p-ada", "p-bea"), cuts=CUTS):
    return shadow_of(enumerate(entries, 1), model="m", cuts=cuts, people=people, since="")


def label(whose, by, *seqs):
    person = by if whose is Whose.PERSON else None
    fields = {"person": person, "whose": whose.value, "presses": list(seqs)}
    return {"kind": "people", "reason": LABELLED, "time": "", **fields}


def test_a_row_in_shadow_says_which_levels_and_no_distance():
    made = row([("p-ada", 0.05, 0.2), ("p-ada", 0.2, 0.9), ("p-bea", 0.05, 0.4)])
    said = [(frame["matched"], frame["others"]) for frame in made["looked"]]
    assert said == [
        (["normal", "strict"], ["normal"]),
        (["normal"], []),
        ([], ["normal", "strict"]),  # it shows somebody else
    ]
    assert made["threshold"] == 0.3
    assert "0.05" not in str(made["looked"])


def test_a_row_of_any_other_mode_is_as_before():
    made = row([("p-ada", 0.05, 0.2)], mode="normal")
    assert "threshold" not in made
    assert made["looked"][0].keys() == {"reason", "band", "gates"}


def test_where_nobody_is_recognised_everybody_near_is_another():
    near = ("p-ada", 0.2, 0.25)
    made = row([near], person=None, reason=Reason.INCONSISTENT)
    assert (made["looked"][0]["matched"], made["looked"][0]["others"]) == ([], ["normal"])


def test_presses_are_whose_the_owner_said_last():
    press = row([("p-ada", 0.05, 0.9)] * 2)
    rows = [press, press, press, label(Whose.PERSON, "p-bea", 1, 2), label(Whose.NOBODY, "", 2)]
    found = shadow(*rows)
    assert [one.label for one in found.presses] == [
        Label(Whose.PERSON, "p-bea"),
        Label(Whose.NOBODY, "visitor-5"),
        None,
    ]
    assert [one.seq for one in found.unlabelled] == [3]
    assert [one.by for one in found.trials] == ["p-bea"]


def test_two_labels_of_visitors_are_two_strangers():
    press = row([("p-ada", 0.9, 0.95)], person=None, reason=Reason.NOT_RECOGNISED)
    rows = [press, press, press, label(Whose.VISITOR, "", 1, 2), label(Whose.VISITOR, "", 3)]
    assert [one.by for one in shadow(*rows).trials] == ["visitor-4", "visitor-4", "visitor-5"]


def test_what_was_measured_with_something_else_is_left_out():
    press = row([("p-ada", 0.05, 0.9)] * 2)
    assert shadow({**press, "bundle": "older"}).stale == 1
    assert shadow(press, cuts={"normal": 0.29}).stale == 1  # another gallery's threshold
    assert shadow({**press, "mode": "normal"}).presses == ()
    of_ada = label(Whose.PERSON, "p-ada", 1)
    assert shadow(press, of_ada, people=["p-bea"]).stale == 1
    added = {"kind": "people", "reason": "template_added", "person": "p-ada", "time": ""}
    assert shadow(press, added, label(Whose.PERSON, "p-ada", 1)).stale == 1
    assert shadow(press, {**added, "person": "p-bea"}, of_ada).stale == 0


def test_a_press_that_was_no_trial_is_set_aside_and_told():
    faults = [row([], person=None, reason=r) for r in (Reason.LOCKOUT, Reason.CAMERA_ERROR)]
    none = row([], person=None, reason=Reason.NO_FACE)
    found = shadow(*faults, none, label(Whose.PERSON, "p-ada", 1, 2, 3))
    assert found.set_aside == {"lockout": 1, "camera_error": 1}
    assert [one.told for one in found.trials] == [None]  # failing to see a face is refusing


def test_what_the_log_is_told_reads_back():
    (press,) = shadow(row([("p-ada", 0.05, 0.9)] * 2)).presses
    fields = label_fields(Label(Whose.PERSON, "p-ada"), [press])
    assert fields == {"person": "p-ada", "whose": "person", "presses": [1]}


@pytest.fixture
def measured():
    """20 presses of two, of which strict refuses one more and knows too little of another."""
    good = [("p-ada", 0.05, 0.9)] * 2
    rows = [row(good) for _ in range(17)]
    rows.append(row([("p-ada", 0.2, 0.9)] * 2))
    rows.append(row([("p-ada", 0.05, 0.9), ("p-ada", 0.2, 0.9)]))
    rows.append(row([], person=None, reason=Reason.TOO_DARK))
    rows += [label(Whose.PERSON, "p-ada", *range(1, 21))]
    return measure(shadow(*rows).trials, (), cuts=CUTS, in_force="normal", rule=RULE, people=2)


def test_every_stricter_level_is_measured_and_no_looser_one(measured):
    normal, strict = measured
    assert (normal.level, normal.in_force, strict.level) == ("normal", True, "strict")
    assert (normal.frr.errors, normal.frr.unknown, normal.frr.trials) == (1, 0, 20)
    assert (strict.frr.errors, strict.frr.unknown, strict.frr.trials) == (2, 1, 20)
    only = measure((), (), cuts=CUTS, in_force="strict", rule=RULE, people=2)
    assert [one.level for one in only] == ["strict"]


def test_presses_at_a_stricter_level_say_nothing_of_a_looser_one():
    rows = [row([("p-ada", 0.05, 0.9)] * 2, level="strict"), label(Whose.PERSON, "p-ada", 1)]
    found = shadow(*rows)
    assert [one.level for one in found.presses] == ["strict"]
    normal, strict = measure(found.trials, (), cuts=CUTS, in_force="normal", rule=RULE, people=2)
    assert (normal.frr, strict.frr.trials) == (None, 1)


def test_alone_there_is_nobody_to_be_taken_for():
    rows = [row([("p-ada", 0.05, float("inf"))] * 2), label(Whose.PERSON, "p-ada", 1)]
    trials = shadow(*rows).trials
    (only,) = measure(trials, (), cuts={"normal": 0.3}, in_force="normal", rule=RULE, people=1)
    assert only.far["people"] is None
    assert "not measured" in list(lines([only]))[-1]


def test_what_is_told_has_its_bound_and_says_what_so_few_show(measured):
    told = list(lines(measured))
    assert told[1].endswith("1 of 20 presses: between 0.1% and 24.9%")
    assert any("(and 1 that ended before a frame it needs)" in line for line in told)
    said = " ".join(sentences(measured, "The network's own."))
    assert "20 presses of 1 person" in said
    assert "shows nothing yet" in said
    assert said.endswith("The network's own.")


def test_a_stricter_level_is_advised_where_it_costs_nothing_and_enough_is_known(measured):
    assert advice(measured) is None
    good = [row([("p-ada", 0.05, 0.9)] * 2) for _ in range(20)]
    said = label(Whose.PERSON, "p-ada", *range(1, 21))

    def advised(rows):
        trials = shadow(*rows, said).trials
        found = measure(trials, (), cuts=CUTS, in_force="normal", rule=RULE, people=2)
        return advice(found)

    assert advised(good) == "strict"
    assert advised(good[1:]) is None
    unsure = row([("p-ada", 0.05, 0.9), ("p-ada", 0.2, 0.9)])
    assert advised([unsure, *good[1:]]) is None
