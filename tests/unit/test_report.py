"""What the log says of a door: counted as said, told in a page that needs nothing else."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from datetime import UTC, datetime, timedelta

import pytest

from edge.contract.reasons import Reason
from edge.report.figures import figures
from edge.report.told import lines, page

START = datetime(2026, 11, 1, 12, tzinfo=UTC)


def press(second, reason, *, band=None, total=400, trusted=True):
    when = START + timedelta(seconds=second)
    return {
        "kind": "decision",
        "reason": reason,
        "time": when.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "clock": "trusted" if trusted else "unknown",
        "at_ms": 1000 * second,
        "frames": 2,
        "band": band,
        "ms": {"total": total},
    }


@pytest.fixture
def found():
    """Refused twice and let in; a stranger three times, near once; ten in the dark at once."""
    day = [
        press(0, "not_recognised", band="near"),
        press(20, "too_dark"),
        press(40, "granted", band="above", total=900),
        *(
            press(2000 + 100 * n, "not_recognised", band="near" if n == 0 else "far")
            for n in range(3)
        ),
        *(press(7200 + n, "too_dark", total=300) for n in range(10)),
        press(90000, "granted", total=350, trusted=False),
        {**press(90010, "door_forced"), "kind": "door"},
        *(press(180000 + 600 * n, "granted", total=350) for n in range(5)),
    ]
    return figures(day)


def test_presses_are_counted_by_outcome_day_and_hour(found):
    assert (found["presses"], found["granted"]) == (22, 7)
    assert found["reasons"] == {"too_dark": 11, "granted": 7, "not_recognised": 4}
    assert sum(map(sum, found["by_day"].values())) == 22
    assert [sum(found["by_hour"]), sum(found["light_by_hour"])] == [22, 11]
    assert found["happenings"] == {"door_forced": 1}
    assert found["clock_unknown"] == 1


def test_who_was_let_in_within_a_minute_was_a_resident_who_was_refused(found):
    assert found["residents_refused"] == 2
    assert figures([press(0, "not_recognised"), press(70, "granted")])["residents_refused"] == 0
    # The door's own faults refuse nobody, and another start of the machine is another time.
    faults = [press(0, "camera_error"), press(5, "granted")]
    assert figures(faults)["residents_refused"] == 0
    restarted = [press(500, "not_recognised"), press(3, "granted")]
    assert figures(restarted)["residents_refused"] == 0


def test_waiting_is_told_by_its_middle_and_its_tail(found):
    assert found["ms"] == {"p50": 350, "p95": 400}
    assert figures([press(n, "granted", total=n) for n in range(100)])["ms"] == {
        "p50": 50,
        "p95": 95,
    }


def test_what_would_help_is_said_only_of_enough_presses(found):
    told = "\n".join(found["suggestions"])
    assert "11 times too_dark: a lamp" in told
    assert "let in within a minute" not in told  # two are too few
    assert "1 times door_forced" in told
    assert figures([press(0, "too_dark")] * 5)["suggestions"] == [
        "5 presses are few: look again when there are more."
    ]


def test_a_page_is_well_formed_and_holds_the_numbers_and_no_markup_of_others(found):
    made = page(found | {"suggestions": ["<script>alert(1)</script>"]})
    root = ET.fromstring(  # noqa: S314 - our own page
        made.removeprefix("<!doctype html>\n")
        .replace('<meta charset="utf-8">', "")
        .replace('<meta name="viewport" content="width=device-width">', "")
    )
    text = "".join(root.itertext())
    assert "22, of which 7 opened" in text
    assert "<script>" in text
    assert "<script>" not in made
    assert len(root.findall(".//svg")) == 3
    assert "http" not in made


@pytest.mark.parametrize("entries", [[], [{**press(0, "rex"), "kind": "door"}]])
def test_a_door_that_nobody_has_pressed_has_a_report_too(entries):
    found = figures(entries)
    assert found["presses"] == 0
    assert "presses   0, of which 0 opened" in list(lines(found))
    assert "0 presses are few" in page(found)


def test_every_line_fits_a_terminal_but_for_what_to_do(found):
    assert all(len(line) <= 80 for line in lines(found) if not line.startswith("- "))
    assert all(Reason(word) for word in found["reasons"])
