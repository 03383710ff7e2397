"""`onelook doctor`: every fault that can be made here is found, with a line on how to mend it."""

from __future__ import annotations

import json
import os
from types import SimpleNamespace

import pytest

from edge.cli.main import main
from edge.doctor import machine
from edge.store.events import EventStore
from edge.store.gallery import GalleryStore


@pytest.fixture
def unit(tmp_path):
    """A configuration of a unit that nobody has enrolled at yet."""
    config = tmp_path / "onelook.toml"
    config.write_text(
        f'[paths]\nstate_dir = "{tmp_path}/state"\nmodels_dir = "{tmp_path}/models"\n'
        f'[camera]\nsource = "folder:{tmp_path}"\n'
    )
    return config


def examined(config, capsys):
    code = main(["doctor", "--json", "--config", str(config)])
    document = json.loads(capsys.readouterr().out)
    assert document["ok"] is (code == 0)
    return code, {finding["name"]: finding for finding in document["findings"]}


def test_a_unit_without_pins_and_people_is_told_what_to_do(unit, capsys):
    code, found = examined(unit, capsys)
    assert code == 1
    assert list(found)[:6] == ["power", "temperature", "disk", "clock", "kernel", "services"]
    assert list(found)[6:11] == ["model", "engine", "gallery", "camera", "pins"]
    assert list(found)[11:] == ["button", "contact"]
    assert {found[name]["state"] for name in ("disk", "model", "engine")} == {"ok"}
    assert found["gallery"]["fix"] == "onelook enroll NAME PHOTO"
    assert found["camera"]["state"] == "unknown"
    for finding in found.values():
        assert finding["said"]
        assert finding["fix"] or finding["state"] != "problem"


def test_the_same_for_people_ends_with_a_count(unit, capsys):
    assert main(["doctor", "--config", str(unit)]) == 1
    lines = capsys.readouterr().out.splitlines()
    problems = [line for line in lines if line.startswith("problem ")]
    assert lines[-1].split()[0] == str(len(problems))


def test_a_damaged_gallery_is_a_finding_and_the_rest_is_still_examined(unit, tmp_path, capsys):
    assert GalleryStore(tmp_path / "state").load().people == ()
    photo = "application_data/verification_images/obama_1.jpg"
    assert main(["enroll", "Ada", photo, "--config", str(unit)]) == 0
    capsys.readouterr()
    assert examined(unit, capsys)[1]["gallery"]["state"] == "ok"
    for file in (tmp_path / "state").glob("gallery*"):
        file.write_bytes(b"nothing")
    _, found = examined(unit, capsys)
    assert found["gallery"]["state"] == "problem"
    assert found["pins"]["said"]


def test_a_bundle_that_is_not_whole_is_found(unit, tmp_path, capsys):
    (tmp_path / "bundle").mkdir()
    text = unit.read_text() + f'[recognition]\nbundle = "{tmp_path}/bundle"\n'
    unit.write_text(text)
    _, found = examined(unit, capsys)
    assert found["model"]["state"] == found["engine"]["state"] == "problem"


@pytest.mark.parametrize(
    ("alarm", "millicelsius", "state"), [("0", "48312", "ok"), ("1", "83000", "problem")]
)
def test_what_a_pi_tells_of_itself_is_understood(monkeypatch, tmp_path, alarm, millicelsius, state):
    monitor, zone = tmp_path / "class/hwmon/hwmon1", tmp_path / "class/thermal/thermal_zone0"
    for folder, files in (
        (monitor, {"name": "rpi_volt", "in0_lcrit_alarm": alarm}),
        (zone, {"temp": millicelsius}),
    ):
        folder.mkdir(parents=True)
        for name, text in files.items():
            (folder / name).write_text(f"{text}\n")
    monkeypatch.setattr(machine, "_SYS", tmp_path)
    assert [machine.power(None).state, machine.temperature(None).state] == [state, state]


@pytest.mark.parametrize(
    ("year", "synchronized", "state"),
    [(1970, True, "problem"), (2026, True, "ok"), (2026, False, "unknown")],
)
def test_a_date_is_believed_if_a_time_server_set_it(
    monkeypatch, tmp_path, year, synchronized, state
):
    if synchronized:
        (tmp_path / "systemd/timesync").mkdir(parents=True)
        (tmp_path / "systemd/timesync/synchronized").touch()
    monkeypatch.setattr(machine, "_RUN", tmp_path)
    monkeypatch.setattr(machine.time, "gmtime", lambda: SimpleNamespace(tm_year=year))
    assert machine.clock(None).state == state


def test_a_full_disk_is_found(monkeypatch, unit, capsys):
    free = SimpleNamespace(free=150_000_000)
    monkeypatch.setattr(machine.shutil, "disk_usage", lambda _: free)
    _, found = examined(unit, capsys)
    assert found["disk"]["state"] == "problem"
    assert "vacuum" in found["disk"]["fix"]


def test_a_systemd_that_does_not_answer_is_unknown(monkeypatch, tmp_path, unit, capsys):
    slow = tmp_path / "bin/systemctl"
    slow.parent.mkdir()
    slow.write_text("#!/bin/sh\nexec sleep 60\n")
    slow.chmod(0o755)
    monkeypatch.setenv("PATH", str(slow.parent), prepend=os.pathsep)
    monkeypatch.setattr(machine, "_PATIENCE_S", 0.2)
    (tmp_path / "systemd/system").mkdir(parents=True)
    monkeypatch.setattr(machine, "_RUN", tmp_path)
    _, found = examined(unit, capsys)
    assert found["services"]["state"] == "unknown"
    assert "no answer" in found["services"]["said"]


def happened(state, *reasons):
    """Rows of the log, a second apart."""
    with EventStore(state) as events:
        for second, reason in enumerate(reasons):
            kind = "decision" if reason in {"granted", "not_recognised"} else "door"
            row = {"kind": kind, "reason": reason, "time": "then", "at_ms": 1000 * second}
            events.record(row, counter=None)


def test_looking_makes_no_log(unit, tmp_path, capsys):
    _, found = examined(unit, capsys)
    assert found["button"]["state"] == "unknown"
    assert not (tmp_path / "state/events.sqlite3").exists()


def test_a_button_that_hangs_is_told_until_somebody_presses_it(unit, tmp_path, capsys):
    happened(tmp_path / "state", "not_recognised", "button_stuck", "door_opened")
    assert examined(unit, capsys)[1]["button"]["state"] == "problem"
    happened(tmp_path / "state", "not_recognised")
    assert examined(unit, capsys)[1]["button"]["state"] == "ok"


@pytest.mark.parametrize(
    ("moves", "state"),
    [
        (["door_opened", "door_closed"], "ok"),
        (["door_closed", "door_opened"], "problem"),
        ([], "unknown"),
    ],
)
def test_a_contact_that_is_wired_the_other_way_round_is_told(unit, tmp_path, capsys, moves, state):
    unit.write_text(unit.read_text() + '[door]\ncontact_pin = "GPIO6"\n')
    happened(tmp_path / "state", *["granted", *moves] * 4)
    found = examined(unit, capsys)[1]["contact"]
    assert found["state"] == state
    assert ('contact_shut = "open"' in found["fix"]) is (state == "problem")
