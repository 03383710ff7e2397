"""Who was recognised and may still not come in: switched off, expired, outside their hours."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.contract.reasons import Reason
from edge.core.admission import Clock, admitted, opens, parse_hours, parse_until

MONDAY = datetime(2026, 11, 23)  # noqa: DTZ001 - hours are local


def clock(day, time, *, trusted=True, waits=True):
    hour, minute = map(int, time.split(":"))
    return Clock(MONDAY + timedelta(days=day, hours=hour, minutes=minute), trusted, waits)


@pytest.mark.parametrize(
    ("hours", "day", "time", "in_"),
    [
        ("Mo-Fr 07:00-19:00", 0, "07:00", True),
        ("Mo-Fr 07:00-19:00", 0, "06:59", False),
        ("Mo-Fr 07:00-19:00", 4, "18:59", True),
        ("Mo-Fr 07:00-19:00", 4, "19:00", False),
        ("Mo-Fr 07:00-19:00", 5, "12:00", False),
        ("Mo-Fr 07:00-19:00; Sa 09:00-12:30", 5, "12:29", True),
        ("Mo,We 10:00-11:00", 2, "10:30", True),
        ("Mo,We 10:00-11:00", 1, "10:30", False),
        ("Sa-Mo 10:00-11:00", 6, "10:30", True),
        ("Sa-Mo 10:00-11:00", 0, "10:30", True),
        ("Sa-Mo 10:00-11:00", 2, "10:30", False),
        ("Fr 22:00-06:00", 4, "23:00", True),
        ("Fr 22:00-06:00", 5, "05:59", True),
        ("Fr 22:00-06:00", 5, "06:00", False),
        ("Fr 22:00-06:00", 4, "05:00", False),
        ("Su 22:00-06:00", 0, "05:00", True),
        ("Mo 00:00-24:00", 0, "23:59", True),
    ],
)
def test_hours_are_from_a_minute_to_a_minute_also_over_midnight(hours, day, time, in_):
    assert (opens(hours, clock(day, time)) is None) is in_


@pytest.mark.parametrize(
    "hours",
    ["Mo", "Mo 7:00-19:00", "Mo 07:00-25:00", "Xx 07:00-08:00", "Mo 07:61-08:00", "Mo 07:00-07:00"],
)
def test_what_are_no_hours_is_said_with_the_form_and_lets_in_nobody(hours):
    with pytest.raises(ValueError, match="write it as"):
        parse_hours(hours)
    who = {"disabled": False, "until": ""}
    assert admitted(**who, hours=hours, clock=clock(0, "12:00")) is Reason.OUTSIDE_HOURS


def test_the_last_day_is_the_last_and_a_switch_counts_first():
    who = {"until": "2026-11-24", "hours": "always"}
    assert admitted(disabled=False, **who, clock=clock(1, "23:59")) is Reason.GRANTED
    assert admitted(disabled=False, **who, clock=clock(2, "00:00")) is Reason.EXPIRED
    assert admitted(disabled=True, **who, clock=clock(2, "00:00")) is Reason.DISABLED
    with pytest.raises(ValueError, match="2026-12-31"):
        parse_until("31.12.2026")


@pytest.mark.parametrize(("until", "hours"), [("2026-11-24", ""), ("", "Mo 07:00-19:00")])
def test_without_a_clock_those_whose_time_matters_wait_or_not_as_the_owner_says(until, hours):
    who = {"disabled": False, "until": until, "hours": hours}
    late = {"day": 5, "time": "03:00", "trusted": False}
    assert admitted(**who, clock=clock(**late, waits=True)) is Reason.CLOCK_UNKNOWN
    assert admitted(**who, clock=clock(**late, waits=False)) is Reason.GRANTED
    anybody = {"disabled": False, "until": "", "hours": ""}
    assert admitted(**anybody, clock=clock(**late, waits=True)) is Reason.GRANTED


@given(st.integers(0, 6), st.integers(0, 1439), st.integers(0, 1439), st.integers(0, 7 * 1440 - 1))
def test_a_window_is_open_for_its_length_and_no_longer(day, start, end, minute):
    """Every minute of the week is inside it or not, as counted from its beginning."""
    if start == end:
        return
    days = ("Mo", "Tu", "We", "Th", "Fr", "Sa", "Su")
    text = f"{days[day]} {start // 60:02}:{start % 60:02}-{end // 60:02}:{end % 60:02}"
    length = (end - start) % 1440
    since = (minute - (day * 1440 + start)) % (7 * 1440)
    at = Clock(MONDAY + timedelta(minutes=minute), trusted=True, waits=True)
    assert (opens(text, at) is None) is (since < length)
