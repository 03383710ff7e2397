"""What the lamps say, and that they say it on the mock pins in time."""

from __future__ import annotations

import itertools
import time

import pytest
from gpiozero import Device

from edge.contract.errors import PinError
from edge.contract.reasons import Reason
from edge.core.lights import Lamp, Pattern, Show, lasts, of_reason
from edge.door.devices.lights import Lights, _at
from tests.unit.waiting import wait_until

PINS = {
    Lamp.GREEN: "GPIO22",
    Lamp.RED: "GPIO23",
    Lamp.WHITE: "GPIO24",
    Lamp.BUZZER: "GPIO25",
}


@pytest.fixture
def lights(factory):
    assert Device.pin_factory is factory
    made = Lights(PINS)
    yield made
    made.close()


def lit(factory):
    return {lamp.value for lamp, pin in PINS.items() if factory.pin(pin).state}


@pytest.mark.parametrize("show", Show)
def test_nothing_blinks_more_than_three_times_a_second(show):
    for lamp in set(show.value.steps) - {Lamp.BUZZER}:
        steps = show.value.steps[lamp]
        for (_, first), (_, second) in itertools.pairwise(steps * 2):
            assert first + second >= 1 / 3.0


def test_every_no_looks_the_same_and_no_fault_or_advice_looks_like_one():
    said = {reason: of_reason(reason) for reason in Reason}
    refusals = {Reason.NOT_RECOGNISED, Reason.AMBIGUOUS, Reason.INCONSISTENT, Reason.EMPTY_GALLERY}
    assert {said[reason] for reason in refusals} == {Show.NO}
    assert said[Reason.GRANTED] is Show.GRANTED
    assert [r for r, show in said.items() if show is Show.GRANTED] == [Reason.GRANTED]
    patterns = [show.value for show in Show]
    assert all(a != b for a, b in itertools.combinations(patterns, 2))


def test_each_is_shown_long_enough_to_be_seen_and_no_longer_than_a_look():
    assert lasts(Show.NO) == pytest.approx(1.2)
    assert lasts(Show.TRY_AGAIN) == pytest.approx(1.2)
    assert all(0.5 <= lasts(of_reason(r)) <= 4.0 for r in Reason if r is not Reason.GRANTED)


def test_a_pattern_is_lit_and_dark_when_it_says_so():
    pattern = Pattern({Lamp.RED: ((True, 1.0), (False, 0.5))})
    assert _at(pattern, Lamp.RED, 0.0) == (True, 1.0)
    assert _at(pattern, Lamp.RED, 1.25) == (False, 0.25)
    assert _at(pattern, Lamp.RED, 1.5) == (False, float("inf"))
    assert _at(pattern, Lamp.WHITE, 0.0) == (False, float("inf"))
    again = Pattern(pattern.steps, repeat=True)
    assert _at(again, Lamp.RED, 3.2) == (True, pytest.approx(0.8))


def test_what_is_shown_is_seen_at_once_and_rest_comes_back(lights, factory):
    lights.rest(Show.FAULT)
    wait_until(lambda: lit(factory) == {"red"})
    started = time.monotonic()
    lights.show(Show.GRANTED, 0.2)
    wait_until(lambda: "green" in lit(factory))
    assert time.monotonic() - started < 0.1  # what people feel as at once
    assert "red" not in lit(factory)
    wait_until(lambda: lit(factory) == {"red"})
    assert 0.2 <= time.monotonic() - started < 1.0
    assert lights.shown is Show.FAULT


def test_a_pattern_that_has_an_end_gives_way_to_rest_by_itself(lights, factory):
    lights.show(Show.NO, lasts(Show.NO))
    wait_until(lambda: lit(factory) >= {"red"})
    wait_until(lambda: lights.shown is Show.DARK)
    wait_until(lambda: lit(factory) == set())


def test_a_new_rest_does_not_interrupt_what_is_being_said(lights, factory):
    lights.show(Show.GRANTED, 0.3)
    wait_until(lambda: "green" in lit(factory))
    lights.rest(Show.LOCKOUT)
    assert lights.shown is Show.GRANTED
    wait_until(lambda: lights.shown is Show.LOCKOUT)


def test_looking_blinks_white_and_nothing_else(lights, factory):
    lights.show(Show.LOOKING, 5.0)
    pin = factory.pin(PINS[Lamp.WHITE])
    wait_until(lambda: sum(state.state for state in pin.states) >= 3)
    assert lit(factory) <= {"white"}


def test_closed_it_is_dark_and_the_lines_are_free(factory):
    lights = Lights(PINS)
    lights.rest(Show.FAULT)
    wait_until(lambda: lit(factory) == {"red"})
    lights.close()
    Lights(PINS).close()


def test_without_lamps_it_says_nothing_and_needs_no_pin(factory):
    lights = Lights({})
    lights.show(Show.GRANTED, 1.0)
    lights.rest(Show.FAULT)
    lights.close()
    assert factory.pins == {}


def test_a_line_that_is_taken_is_an_error_and_gives_the_others_back(factory):
    assert Device.pin_factory is factory
    with pytest.raises(PinError, match="GPIO22 cannot be used for the red light"):
        Lights({Lamp.GREEN: "GPIO22", Lamp.RED: "GPIO22"})
    Lights({Lamp.GREEN: "GPIO22"}).close()
