"""The lock's line and the button on gpiozero's mock pins: only the wire is simulated."""

from __future__ import annotations

import itertools
import threading
import time

import pytest
from gpiozero import Device
from gpiozero.pins.mock import MockFactory, MockPin

from edge.contract.errors import PinError
from edge.door.devices.button import Button
from edge.door.devices.contact import Contact
from edge.door.devices.pins import pin_errors
from edge.door.devices.strike import Strike
from tests.unit.waiting import wait_until

LOCK, BUTTON = "GPIO17", "GPIO27"


class StuckPin(MockPin):
    """A line that something else holds: it can be driven, and stays as it is."""

    def _change_state(self, value):
        return super()._change_state(value) if self.function == "input" else False


class ShortedPin(MockPin):
    """A line that hangs on 3.3 V."""

    def _get_state(self):
        return True


class HeldPin(MockPin):
    """A line that a finger holds to ground, whatever pulls it."""

    def _get_state(self):
        return False


@pytest.fixture(params=[True, False], ids=["active high", "active low"])
def active_high(request):
    return request.param


@pytest.fixture
def strike(factory, active_high):
    assert Device.pin_factory is factory
    made = Strike(LOCK, active_high=active_high)
    yield made
    made.close()


def levels(factory):
    """The levels that the line has had, in order."""
    return [state.state for state in factory.pin(LOCK).states]


def test_the_line_is_off_from_the_first_moment(factory, strike, active_high):
    assert not strike.energised
    # An active-low line that was low first, even for a moment, would have opened the door.
    assert factory.pin(LOCK).state == (not active_high)
    if not active_high:
        assert levels(factory)[-1:] == [True]


def test_a_pulse_energises_at_once_and_ends_by_itself(factory, strike, active_high):
    started = time.monotonic()
    strike.pulse(0.1)
    assert strike.energised
    assert factory.pin(LOCK).state == active_high
    wait_until(lambda: not strike.energised)
    assert 0.1 <= time.monotonic() - started < 1.0
    assert factory.pin(LOCK).state == (not active_high)


def test_a_second_pulse_takes_the_place_of_the_first_and_never_leaves_the_door_open(strike):
    strike.pulse(0.05)
    strike.pulse(0.05)
    wait_until(lambda: not strike.energised)
    time.sleep(0.1)
    assert not strike.energised


def test_release_ends_a_pulse_now_and_for_good(strike):
    strike.pulse(0.1)
    strike.release()
    assert not strike.energised
    time.sleep(0.15)
    assert not strike.energised


def test_close_leaves_the_line_off(factory, active_high):
    made = Strike(LOCK, active_high=active_high)
    made.pulse(5.0)
    made.close()
    assert factory.pin(LOCK).state == (not active_high)


@pytest.mark.usefixtures("factory")
def test_a_line_that_does_not_follow_is_an_error_and_off():
    Device.pin_factory = MockFactory(pin_class=StuckPin)
    stuck = Strike(LOCK, active_high=True)
    with pytest.raises(PinError, match="GPIO17") as refusal:
        stuck.pulse(5.0)
    assert refusal.value.remedy
    assert not stuck.energised
    assert stuck._line._blink_thread is None  # no thread that would drive it later


@pytest.mark.usefixtures("factory")
def test_a_line_that_is_on_before_it_was_ever_driven_is_refused_and_given_back():
    Device.pin_factory = MockFactory(pin_class=ShortedPin)
    for _ in range(2):
        with pytest.raises(PinError, match="GPIO17: the lock's line is on"):
            Strike(LOCK, active_high=True)


@pytest.mark.usefixtures("factory")
@pytest.mark.parametrize("pin", ["GPIO99", "nonsense"])
def test_a_pin_that_does_not_exist_is_one_clear_error(pin):
    with pytest.raises(PinError, match=pin) as lock:
        Strike(pin, active_high=True)
    with pytest.raises(PinError, match=pin) as button:
        Button(pin, debounce_s=0.03, pressed=lambda: None)
    assert lock.value.remedy
    assert button.value.remedy


@pytest.mark.usefixtures("strike")
def test_a_pin_that_is_taken_is_one_clear_error():
    with pytest.raises(PinError, match=LOCK):
        Button(LOCK, debounce_s=0.03, pressed=lambda: None)
    with pytest.raises(PinError, match=LOCK):
        Strike(LOCK, active_high=True)


def test_a_push_is_told_once_and_so_is_letting_go(factory):
    pushed, let_go = [], []
    button = Button(
        BUTTON,
        debounce_s=0.03,
        pressed=lambda: pushed.append(threading.get_ident()),
        let_go=lambda: let_go.append(threading.get_ident()),
    )
    finger = factory.pin(BUTTON)
    assert finger.pull == "up"
    assert finger.bounce == pytest.approx(0.03)
    assert not button.down
    finger.drive_low()
    assert (len(pushed), len(let_go), button.down) == (1, 0, True)
    finger.drive_high()
    assert (len(pushed), len(let_go), button.down) == (1, 1, False)
    finger.drive_low()
    assert len(pushed) == 2
    button.close()


@pytest.mark.usefixtures("factory")
def test_a_button_that_is_down_from_the_start_is_no_press_and_can_be_asked():
    Device.pin_factory = MockFactory(pin_class=HeldPin)
    pushed = []
    button = Button(BUTTON, debounce_s=0.03, pressed=lambda: pushed.append(1))
    assert button.down
    assert pushed == []
    button.close()


def test_a_closed_button_tells_nothing_and_gives_its_pin_back(factory):
    told = []
    Button(BUTTON, debounce_s=0.03, pressed=lambda: told.append(1)).close()
    again = Button(BUTTON, debounce_s=0.03, pressed=lambda: None)
    factory.pin(BUTTON).drive_low()
    assert told == []
    again.close()


class ForeignError(Exception):
    """As lgpio.error is: of no family that gpiozero or the system has."""


def test_what_a_pin_library_raises_becomes_one_clear_error():
    words = "GPIO17 cannot be used for the lock: GPIO busy"
    with pytest.raises(PinError, match=words), pin_errors("GPIO17", "the lock"):
        raise ForeignError("GPIO busy")


@pytest.mark.parametrize("closed_when_shut", [True, False])
def test_a_door_that_opens_and_shuts_is_told_once_each_and_can_be_asked(factory, closed_when_shut):
    told, pin = [], factory.pin(BUTTON)
    shut, open_ = (
        (pin.drive_low, pin.drive_high) if closed_when_shut else (pin.drive_high, pin.drive_low)
    )
    how = {"opened": lambda: told.append("opened"), "shut": lambda: told.append("shut")}
    contact = Contact(BUTTON, "the door's contact", closed_when_shut=closed_when_shut, **how)
    # Nothing is wired yet, so the line is high: an open contact.
    assert contact.stands_open is closed_when_shut
    assert told == []
    for move in (shut, open_, shut):
        move()
    wait_until(lambda: told[-1:] == ["shut"])
    assert contact.stands_open is False
    assert all(a != b for a, b in itertools.pairwise(told))
    contact.close()
    before = list(told)
    open_()
    assert told == before
