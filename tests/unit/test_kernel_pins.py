"""The real pins, on a kernel that is played: what lgpio would ask of it is written down."""

from __future__ import annotations

import importlib
import os
import sys
from types import ModuleType, SimpleNamespace

import pytest
from gpiozero import Device
from gpiozero.pins.local import LocalPiFactory
from gpiozero.pins.mock import MockFactory

from edge.contract.errors import PinError
from edge.door.devices import kernel
from edge.door.devices.button import Button
from edge.door.devices.strike import Strike

PI_4B = 0xC03115


class Lgpio(ModuleType):
    """lgpio over a kernel with these chips. claims: (line, direction, level) in their order."""

    SET_PULL_NONE, SET_PULL_UP, SET_PULL_DOWN = 128, 32, 64
    BOTH_EDGES = RISING_EDGE = FALLING_EDGE = 3

    def __init__(self, labels):
        super().__init__("lgpio")
        self.labels, self.claims, self.levels = labels, [], {}
        self.output = set()
        self.opened = []

    def gpiochip_open(self, number):
        self.opened.append(number)
        return number

    def gpio_get_chip_info(self, handle):
        return [0, 54, f"gpiochip{handle}", self.labels[handle]]

    def gpio_claim_input(self, _handle, line, flags=0):
        self.claims.append((line, "in", None))
        self.output.discard(line)
        self.levels[line] = int(flags == self.SET_PULL_UP)

    def gpio_claim_output(self, _handle, line, level=0):
        self.claims.append((line, "out", level))
        self.output.add(line)
        self.levels[line] = level

    def gpio_write(self, _handle, line, level):
        self.claims.append((line, "write", int(level)))
        self.levels[line] = int(level)

    def gpio_read(self, _handle, line):
        return self.levels[line]

    def gpio_get_mode(self, _handle, line):
        return 2 * (line in self.output)

    def _nothing(self, *_):
        return 0

    gpiochip_close = gpio_free = gpio_set_debounce_micros = gpio_claim_alert = _nothing

    def callback(self, *_):
        return SimpleNamespace(cancel=lambda: None)


@pytest.fixture
def chips(monkeypatch, tmp_path):
    """Play a kernel with chips of these labels; gives its lgpio."""
    before = Device.pin_factory

    def play(*labels):
        played = Lgpio(labels)
        monkeypatch.setitem(sys.modules, "lgpio", played)
        monkeypatch.delitem(sys.modules, "gpiozero.pins.lgpio", raising=False)
        importlib.import_module("gpiozero.pins.lgpio")
        monkeypatch.setattr("gpiozero.pins.local.get_pi_revision", lambda: PI_4B)
        monkeypatch.delenv("GPIOZERO_PIN_FACTORY")
        monkeypatch.setattr(kernel, "_DEVICES", tmp_path)
        for number in range(len(labels)):
            (tmp_path / f"gpiochip{number}").touch()
        return played

    yield play
    Device.pin_factory = before
    # gpiozero keeps the pins of all its factories of this family in one place.
    LocalPiFactory.pins.clear()
    LocalPiFactory._reservations.clear()
    sys.modules.pop("gpiozero.pins.lgpio", None)


@pytest.mark.parametrize("active_high", [True, False])
def test_the_lock_is_claimed_with_its_level_and_never_the_other_one(chips, active_high):
    played = chips("pinctrl-bcm2711")
    kernel.take_kernel_pins()
    strike = Strike("GPIO17", active_high=active_high)
    off = int(not active_high)
    assert played.claims == [(17, "in", None), (17, "out", off)]
    assert not strike.energised
    strike.close()
    driven = {level for _, _, level in played.claims if level is not None}
    assert driven == {off}
    assert played.claims[-1] == (17, "in", None)


def test_gpiozeros_own_claim_would_have_opened_an_active_low_lock(chips):
    """What this module is there for: without it the line is low, which is open, for a moment."""
    played = chips("pinctrl-bcm2711")
    Device.pin_factory = importlib.import_module("gpiozero.pins.lgpio").LGPIOFactory(chip=0)
    Strike("GPIO17", active_high=False).close()
    assert (17, "out", 0) in played.claims


def test_the_headers_chip_is_found_by_its_label_wherever_it_is(chips):
    played = chips("raspberrypi-exp-gpio", "brcmvirt-gpio", "pinctrl-rp1")
    factory = kernel.kernel_pins()
    assert factory.chip == 2
    assert played.opened[:3] == [0, 1, 2]


def test_a_button_hangs_on_the_same_chip_and_is_pulled_up(chips):
    played = chips("pinctrl-bcm2835")
    kernel.take_kernel_pins()
    button = Button("GPIO27", debounce_s=0.03, pressed=lambda: None)
    assert played.levels == {27: 1}
    button.close()


@pytest.mark.parametrize("labels", [(), ("gpio-pch", "nct6775")])
def test_a_machine_without_the_header_is_told_what_it_has(chips, labels):
    chips(*labels)
    with pytest.raises(PinError, match="no GPIO chip of a Raspberry Pi") as refusal:
        kernel.take_kernel_pins()
    assert all(label in refusal.value.why for label in labels)


def test_without_lgpio_the_remedy_is_apt(monkeypatch):
    monkeypatch.setitem(sys.modules, "lgpio", None)
    monkeypatch.delitem(sys.modules, "gpiozero.pins.lgpio", raising=False)
    with pytest.raises(PinError, match="lgpio") as refusal:
        kernel.kernel_pins()
    assert "apt install python3-lgpio" in refusal.value.remedy


def test_pins_that_the_environment_names_are_left_to_gpiozero(monkeypatch):
    before, Device.pin_factory = Device.pin_factory, MockFactory()
    monkeypatch.setenv("GPIOZERO_PIN_FACTORY", "mock")
    try:
        kernel.take_kernel_pins()
        assert isinstance(Device.pin_factory, MockFactory)
    finally:
        Device.pin_factory = before


@pytest.mark.parametrize(
    ("switch", "release", "armed"),
    [
        ("pinctrl_bcm2835 N", "6.12.20+rpt-rpi-v8", True),
        ("pinctrl_bcm2835 Y", "6.12.20+rpt-rpi-v8", False),
        ("pinctrl_rp1 N", "6.12.20+rpt-rpi-2712", True),
        ("pinctrl_rp1 Y", "6.12.20+rpt-rpi-2712", False),
        ("", "6.1.0-rpi7-rpi-v8", False),  # too old for the switch: keeps what was driven
        ("", "6.12.30-amd64", True),  # upstream: has always let go
    ],
)
def test_a_kernel_that_keeps_a_dead_processs_level_arms_no_door(
    monkeypatch, tmp_path, switch, release, armed
):
    monkeypatch.setattr(kernel, "_PARAMETERS", tmp_path)
    monkeypatch.setattr(os, "uname", lambda: SimpleNamespace(release=release))
    if switch:
        driver, value = switch.split()
        file = tmp_path / driver / "parameters" / "persist_gpio_outputs"
        file.parent.mkdir(parents=True)
        file.write_text(f"{value}\n")
    if armed:
        kernel.require_release()
        return
    with pytest.raises(PinError, match="not armed") as refusal:
        kernel.require_release()
    assert "dtparam=strict_gpiod" in refusal.value.remedy
