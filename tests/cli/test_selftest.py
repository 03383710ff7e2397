"""`onelook pi-selftest`: every row on every machine, and the lock moves for those who ask alone."""

from __future__ import annotations

import csv
import json
import shutil
import socket

import pytest
from gpiozero import Device
from gpiozero.pins.mock import MockConnectedPin, MockFactory

from edge.cli import selftest
from edge.cli.main import main
from edge.selftest import board, boot, camera, engine, line, stages
from edge.selftest.table import COLUMNS

NAMES = [
    *board.NAMES,
    *boot.NAMES,
    *line.NAMES,
    *camera.NAMES,
    *stages.NAMES,
    *engine.NAMES,
    *board.NAMES_AFTERWARDS,
]
QUICK = ("pi-selftest", "--frames", "2", "--runs", "1")


@pytest.fixture
def unit(door, obama):
    """A door with a picture before its camera."""
    shutil.copy(obama, door.folder / "camera")
    return door


def by_name(document):
    return {row["name"]: row for row in document["measurements"]}


def test_every_row_is_there_and_the_lock_is_left_alone(unit):
    document, code = unit.json(*QUICK)
    assert (code, document["ok"], document["schema"]) == (0, True, "onelook.pi-selftest/1")
    assert [row["name"] for row in document["measurements"]] == NAMES
    found = by_name(document)
    for name in ("frame interval", "request to frame", "locate", "embed", "match 1000", "hot"):
        assert found[name]["state"] == "measured"
        assert found[name]["min"] <= found[name]["value"] <= found[name]["max"]
    assert {found[name]["state"] for name in line.NAMES} == {"not measured"}
    for row in document["measurements"]:
        assert row["value"] is not None or (row["said"] and row["fix"]), row["name"]


def test_the_table_says_what_it_does_meanwhile_and_the_file_has_the_same_rows(unit):
    file = unit.folder / "here.csv"
    done = unit(*QUICK, "--csv", file)
    assert done.returncode == 0, done.stderr
    assert [text.partition(":")[0] for text in done.stderr.splitlines()] == [
        "camera",
        "camera",
        "stages",
        "engine",
        "engine",
    ]
    header, _, *rows = csv.reader(file.read_text().splitlines())
    assert tuple(header) == COLUMNS
    assert [row[1] for row in rows] == NAMES
    told = (text.strip() for text in done.stdout.splitlines())
    for name in NAMES:
        assert any(text.startswith(name) for text in told), name  # one after the other
    assert "not measured: it opens the lock" in done.stdout
    assert done.stdout.splitlines()[-1] == f"written: {file}"


def test_a_camera_that_is_not_there_is_unknown_and_the_rest_is_measured(unit):
    unit.configure(camera={"source": "usb:99"})
    document, code = unit.json(*QUICK)
    found = by_name(document)
    assert code == 0
    assert found["frame interval"]["state"] == "unknown"
    assert "/dev/video99" in found["frame interval"]["said"]
    assert "Plug it in" in found["frame interval"]["fix"]
    assert found["embed"]["state"] == "measured"


def test_a_bundle_that_is_not_there_is_unknown_and_the_camera_is_measured(unit):
    unit.configure(recognition={"bundle": str(unit.folder / "none")})
    document, code = unit.json(*QUICK)
    found = by_name(document)
    assert code == 0
    assert found["embed"]["state"] == found["hot"]["state"] == "unknown"
    assert found["frame interval"]["state"] == "measured"


def test_after_a_start_only_the_line_is_read(unit):
    document, code = unit.json("pi-selftest", "--after-boot")
    assert code == 0
    assert [row["name"] for row in document["measurements"]] == list(boot.NAMES)


def test_a_problem_is_a_clear_no(unit, tmp_path, monkeypatch):
    pinctrl = tmp_path / "bin" / "pinctrl"
    pinctrl.parent.mkdir()
    pinctrl.write_text("#!/bin/sh\necho '17: ip    pu | hi // GPIO17 = input'\n")
    pinctrl.chmod(0o755)
    monkeypatch.setenv("PATH", str(pinctrl.parent), prepend=":")
    done = unit("pi-selftest", "--after-boot")
    assert done.returncode == 1
    assert "GPIO17 is ip    pu, level hi  problem" in done.stdout


def test_while_the_eye_runs_it_refuses_in_one_line(unit):
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as eye:
        eye.bind(str(unit.folder / "eye.sock"))
        eye.listen()
        for more in ((), ("--after-boot",), ("--line", "--loop-back", "GPIO24")):
            done = unit("pi-selftest", *more)
            assert (done.returncode, done.stdout) == (75, "")
            assert "stop onelook first" in done.stderr.splitlines()[0]
            assert "WARNING" not in done.stderr


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--line",), "go together"),
        (("--loop-back", "GPIO24"), "go together"),
        (("--line", "--loop-back", "GPIO17"), "the lock"),
        (("--line", "--loop-back", "GPIO27"), "the button"),
        (("--line", "--loop-back", "24"), "no line of the header"),
        (("--line", "--loop-back", "GPIO24", "--after-boot"), "only reads"),
        (("--frames", "1"), "at least 2"),
        (("--runs", "0"), "at least 1"),
    ],
)
def test_half_an_order_is_refused_before_anything_moves(unit, arguments, says):
    done = unit("pi-selftest", *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert says in done.stderr


def test_a_file_that_is_there_is_not_overwritten(unit):
    file = unit.folder / "mine.csv"
    file.write_text("mine")
    done = unit(*QUICK, "--csv", file)
    assert (done.returncode, done.stdout) == (73, "")
    assert file.read_text() == "mine"
    assert unit(*QUICK, "--csv", unit.folder / "no" / "folder.csv").returncode == 73


def test_a_file_is_not_left_behind_by_work_that_ended_early(unit, monkeypatch, capsys):
    def stop(_config):
        raise KeyboardInterrupt

    monkeypatch.setattr("edge.selftest.parts.after_start", stop)
    file = unit.folder / "early.csv"
    code = main(["pi-selftest", "--after-boot", "--csv", str(file), "--config", str(unit.config)])
    assert (code, capsys.readouterr().out) == (130, "")
    assert not file.exists()


@pytest.fixture
def wired(monkeypatch):
    """gpiozero's mock pins with the lock's joined to GPIO24, and nobody who waits."""
    before, Device.pin_factory = Device.pin_factory, MockFactory()
    far_end = Device.pin_factory.pin("GPIO24")
    Device.pin_factory.pin("GPIO17", pin_class=MockConnectedPin, input_pin=far_end)
    monkeypatch.setattr(selftest, "_GRACE_S", 0.0)
    monkeypatch.setattr("edge.demo.stage.end_on_signals", lambda: None)  # pytest's own stay
    for name in ("PULSE_S", "_REST_S", "_SETTLED_S"):
        monkeypatch.setattr(line, name, 0.02)
    yield
    Device.pin_factory = before


@pytest.mark.usefixtures("wired")
def test_whoever_asks_for_the_line_is_warned_and_gets_it(unit, capsys):
    asked = ["--line", "--loop-back", "GPIO24", "--pulses", "3", "--config", str(unit.config)]
    assert main([*QUICK, *asked, "--json"]) == 0
    printed = capsys.readouterr()
    assert "WARNING: the lock on GPIO17 OPENS 4 times" in printed.err.splitlines()[0]
    found = by_name(json.loads(printed.out))
    assert (found["pulse"]["state"], found["pulse"]["n"]) == ("measured", 3)
    assert found["edges beside pulses"]["value"] == 0
    # The mock pins of another process are another memory: no wire comes from there.
    assert found["edges at starts"]["state"] == "unknown"
    assert "another process" in found["edges at starts"]["said"]


@pytest.mark.usefixtures("wired")
def test_without_a_wire_the_line_is_unknown(unit, capsys):
    Device.pin_factory.pin("GPIO17").input_pin = None
    asked = ["--line", "--loop-back", "GPIO24", "--config", str(unit.config), "--json"]
    assert main([*QUICK, *asked]) == 0
    found = by_name(json.loads(capsys.readouterr().out))
    assert {found[name]["state"] for name in line.NAMES} == {"unknown"}
    assert "by a wire" in found["pulse"]["fix"]
