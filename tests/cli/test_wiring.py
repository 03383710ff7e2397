"""`onelook wiring`: the drawing is of this configuration, line by line."""

from __future__ import annotations

import json
from xml.etree import ElementTree as ET

import pytest

from edge.cli.main import main
from edge.wiring import GROUND, HEADER, SUPPLY

FULL = """
[door]
lock_pin = "GPIO16"
exit_pin = "GPIO5"
contact_pin = "GPIO6"
[lights]
green = "GPIO22"
buzzer = "GPIO25"
"""


@pytest.fixture
def config(tmp_path):
    path = tmp_path / "onelook.toml"
    path.write_text(FULL)
    return path


def test_every_pin_of_the_header_is_one_thing():
    pins = [*HEADER.values(), *GROUND, *SUPPLY]
    assert len(pins) == len(set(pins)) == 38
    assert set(range(1, 41)) - set(pins) == {27, 28}  # of the identification of add-on boards


def test_each_line_of_the_configuration_is_told_with_its_pin(config, capsys):
    assert main(["wiring", "--json", "--config", str(config)]) == 0
    document = json.loads(capsys.readouterr().out)
    assert {wire["what"]: (wire["line"], wire["pin"]) for wire in document["wires"]} == {
        "the lock": ("GPIO16", 36),
        "the button": ("GPIO27", 13),
        "the exit button": ("GPIO5", 29),
        "the door's contact": ("GPIO6", 31),
        "the green light": ("GPIO22", 15),
        "the buzzer": ("GPIO25", 22),
    }
    assert "pull-down" in document["wires"][0]["by"]


def test_an_active_low_board_is_warned_of_first(config, capsys):
    config.write_text('[door]\nlock_active = "low"\n')
    assert main(["wiring", "--config", str(config)]) == 0
    said = capsys.readouterr().out
    assert "pull-up" in said
    assert "Use an active-high one." in said


def test_the_drawing_is_an_svg_that_names_every_line(config, tmp_path, capsys):
    assert main(["wiring", "--svg", str(tmp_path / "w.svg"), "--config", str(config)]) == 0
    assert "drawn: " in capsys.readouterr().out
    root = ET.fromstring((tmp_path / "w.svg").read_text())  # noqa: S314 - our own file
    texts = [element.text for element in root.iter("{http://www.w3.org/2000/svg}text")]
    for line in ("GPIO16", "GPIO27", "GPIO5", "GPIO6", "GPIO22", "GPIO25"):
        assert any(text.endswith(f": {line}") for text in texts)
    assert len(list(root.iter("{http://www.w3.org/2000/svg}circle"))) == 40
    assert main(["wiring", "--svg", "/nowhere/w.svg", "--config", str(config)]) == 73
