"""Every document that `--json` prints, from the real commands, held against its schema."""

from __future__ import annotations

import ast
import json
import os
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
from dataclasses import replace

import jsonschema
import pytest

from edge.cli.main import main
from edge.contract.bundle import MANIFEST, SIGNATURE, load_bundle
from edge.contract.manifest import to_bytes
from edge.contract.signing import UNCHECKED
from edge.demo.stage import Stage
from edge.door.press import row_of
from edge.schemas import FOLDER, files
from edge.schemas.documents import DOCUMENTS
from edge.shipped import shipped
from edge.store.events import EventStore

PRESS_S = 30.0
NOT_PUBLISHED = {"error", "event"}  # printed by `report`, and line by line by `events --follow`
OPTIONAL = {"report": {"html"}, "event": {"threshold"}}  # of presses in shadow


def held(document):
    """The document, after its schema was found to name every key of it, and to require them."""
    name = name_of(document)
    schema = json.loads((FOLDER / f"{name}-1.json").read_text())
    validator(schema).validate(document)
    validator(closed(schema)).validate(document)
    for key in set(document) - OPTIONAL.get(name, set()):
        rest = {k: v for k, v in document.items() if k != key}
        # An event that is no press has keys of some words only.
        needed = name != "event" or document["kind"] == "decision"
        assert not (needed and validator(schema).is_valid(rest)), f"{name}: {key} is not required"
    return document


def name_of(document):
    return re.fullmatch(r"onelook\.(.+)/1", document["schema"]).group(1)


def validator(schema):
    return jsonschema.Draft202012Validator(schema)


def closed(schema):
    """The same, and no key beside those that it names: a reader lets them pass, a test does not."""
    if isinstance(schema, list):
        return [closed(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    parts = {key: closed(part) for key, part in schema.items()}
    return {**parts, "additionalProperties": False} if "required" in schema else parts


def strict(text):
    """What JSON is; Python alone would also read NaN and Infinity."""

    def refuse(word):
        raise ValueError(f"{word} is no JSON")

    return json.loads(text, parse_constant=refuse)


class Told:
    """Runs commands with --json and holds what they print. names: of the documents so far."""

    def __init__(self, onelook):
        self._onelook = onelook
        self.names = set()

    def __call__(self, *arguments):
        done = self._onelook(*arguments, "--json")
        assert done.stdout, done.stderr
        document = held(strict(done.stdout))
        assert next(iter(document)) == "schema"
        assert document["ok"] is (done.returncode == 0)
        assert document.get("exit", done.returncode) == done.returncode
        self.names.add(name_of(document))
        return document


def test_people(door, obama, pictures):
    told = Told(door)
    phrase = door.folder / "phrase"
    phrase.write_text("correct horse\n")
    assert told("list")["people"] == []
    assert told("enroll", "Ada", obama)["people"][0]["tried"]["other"] is None
    for name, picture in {"Bea": "stranger_harris", "Ada": "obama_2"}.items():
        (door.folder / "people" / name).mkdir(parents=True)
        shutil.copy(pictures / f"{picture}.jpg", door.folder / "people" / name)
    shutil.copy(pictures / "black.jpg", door.folder / "people" / "Bea")
    both = told("import", door.folder / "people")
    assert (len(both["people"]), len(both["people"][0]["skipped"]), both["ok"]) == (1, 1, False)
    assert both["people"][0]["tried"]["other"][0] == "Ada"
    assert both["refused"][0]["code"] == "refused"
    again = told("enroll", "Ada", obama, pictures / "obama_3.jpg", "--add", "--label", "cap")
    assert again["people"][0]["known"] == [str(obama)]
    told("edit", "Ada", "--hours", "Mo-Fr 07:00-19:00", "--until", "2099-12-31", "--disable")
    assert len(told("list")["people"][0]["templates"]) == 2
    kept = ("--passphrase-file", phrase)
    told("backup", door.folder / "b", *kept)
    told("remove", "Ada", "--yes")
    assert told("restore", door.folder / "b", *kept, "--dry-run")["changes"]
    told("restore", door.folder / "b", *kept, "--yes")
    assert told("backup", door.folder / "b", *kept)["code"] == "output"
    strangers = told("calibrate", "--strangers", door.folder / "people", "--choose", "strict")
    assert strangers["strangers"]["left_out"]
    told("events")
    assert told.names == {
        *("list", "enroll", "edit", "backup", "remove", "restore", "error", "events"),
        "calibrate",
    }


def test_people_of_other_doors(door, obama, tmp_path):
    told, file = Told(door), tmp_path / "house.people"
    (tmp_path / "back").mkdir()
    back = type(door)(tmp_path / "back")
    told_there = Told(back)
    assert told("gallery", "trust")["doors"] == []
    there, here = told_there("gallery", "key")["address"], told("gallery", "key")["address"]
    told("gallery", "trust", there, "back")
    told_there("gallery", "trust", here, "front")
    assert door("enroll", "Ada", obama).returncode == 0
    assert told("gallery", "export", file, "--to", "back")["people"] == 1
    assert told_there("gallery", "diff", file)["people"][0]["state"] == "new_there"
    assert told_there("gallery", "merge", file, "--yes")["may_come_in"] == 1
    assert told_there("gallery", "undo", "--yes")["changes"]
    assert told_there("gallery", "import", file, "--yes")["gallery"]["people"] == 1
    assert told("gallery", "diff", file)["code"] == "permissions"
    assert {e["reason"] for e in told_there("events")["events"]} >= {"gallery_imported"}
    parts = ("key", "trust", "export", "diff", "import", "merge", "undo")
    assert told.names | told_there.names == {*(f"gallery_{p}" for p in parts), "error", "events"}


def test_pictures(door, obama, pictures):
    told = Told(door)
    stranger, nobody = pictures / "stranger_harris.jpg", pictures / "noface_rocket.jpg"
    assert told("test", obama)["presses"][0]["reason"] == "empty_gallery"
    assert door("enroll", "Ada", obama).returncode == 0
    tested = told("test", pictures / "obama_2.jpg", stranger, nobody)["presses"]
    assert [one["reason"] for one in tested] == ["granted", "not_recognised", "no_face"]
    assert told("locate", obama, pictures / "group_1.jpg")["ok"]
    assert not told("locate", nobody)["ok"]
    found = told("recognise", pictures / "obama_2.jpg", stranger, "--against", obama.parent)
    assert [one["recognised"] for one in found["pictures"]] == [True, False]
    assert told.names == {"test", "locate", "recognise"}


def test_networks(door, obama):
    """A newer bundle that nobody signed, on a door that lets such in, and back again."""
    told = Told(door)
    door.configure(
        paths={"models_dir": str(door.folder / "models")}, recognition={"allow_unsigned": True}
    )
    assert door("enroll", "Ada", obama).returncode == 0
    faces = shipped("models", "faces")
    manifest = load_bundle(faces, UNCHECKED).manifest
    for more in (1, 2):
        newer = shutil.copytree(faces, door.folder / f"newer-{more}")
        (newer / SIGNATURE).unlink()
        (newer / MANIFEST).write_bytes(to_bytes(replace(manifest, serial=manifest.serial + more)))
        assert told("model", "swap", newer)["changed"]
    assert told("model", "show")["before"]
    assert told("model", "rollback")["serial"] == manifest.serial + 1
    assert told("model", "trust", shipped("models", "keys.json"))["keys"]
    told("events")
    assert told.names == {*("model", "model_swap", "model_rollback", "model_trust", "events")}


def test_the_log(door):
    told = Told(door)
    assert told("log", "verify")["rows"] == 0
    assert told("report")["from"] is None
    door.state.mkdir(mode=0o700)
    (door.state / "events.sqlite3").write_bytes(b"damaged" * 1000)
    with EventStore(door.state) as events:
        for _ in range(2):
            events.record(row_of("system", "heartbeat", 1.0))
    key = door.folder / "log.key"
    key.write_text(told("log", "seal")["key"])
    with EventStore(door.state) as events:
        events.record(row_of("door", "rex", 2.0))
    assert told("log", "verify", "--key", key, "--newest", "5")["sealed"] == 1
    assert not told("log", "verify", "--newest", "9")["ok"]
    assert told("explain", "e-1")["event"]["reason"] == "log_gap"
    with EventStore(door.state) as events:
        assert events.prune(row_of("system", "heartbeat", 3.0), before="", most=2) > 0
    words = [event["reason"] for event in told("events")["events"]]
    assert words == ["log_sealed", "rex", "log_pruned"]
    assert told("report", "--html", door.folder / "page.html")["happenings"] == {"rex": 1}
    with sqlite3.connect(door.state / "events.sqlite3") as hand:
        hand.execute("UPDATE event SET entry = replace(entry, 'rex', 'tamper')")
    assert "not what was recorded" in told("log", "verify")["why"]
    assert told.names == {"log", "report", "explain", "events"}


def test_an_event_begins_with_its_schema(door):
    with EventStore(door.state) as events:
        events.record(row_of("door", "rex", 2.0))
    (event,) = Told(door)("events")["events"]
    assert next(iter(event)) == "schema"


def test_the_machine(door, obama):
    told = Told(door)
    told("config", "show")
    told("config", "check")
    told("wiring")
    told("doctor")
    shutil.copy(obama, door.folder / "camera")
    told("pi-selftest", "--frames", "2", "--runs", "1")
    told("version")
    eye = [sys.executable, "-m", "edge", "eye", "--config", door.config]
    with subprocess.Popen(eye, cwd=FOLDER.parents[1], stderr=subprocess.DEVNULL) as process:
        told("run", "--check")
        process.terminate()
    door.configure(recognition={"bundle": str(door.folder / "none")})
    assert told("version")["fault"]
    assert told.names == {*("config", "wiring", "doctor", "pi-selftest", "version", "run")}


def test_a_door_that_runs(onelook, obama, pictures):
    with Stage(bundle=None, settings={"recognition": {"decide_within": "5s"}}) as stage:
        at = ("--config", stage.config)
        told = Told(lambda *arguments: onelook(*arguments, *at))
        assert onelook("enroll", "Ada", obama, *at).returncode == 0
        for picture in ("obama_2", "stranger_harris", "black"):
            stage.show([pictures / f"{picture}.jpg"])
            held(dict(stage.press(within_s=PRESS_S).event))
        assert told("status")["lockout"]["failures"] == 1
        told("unlock", "--for", "9s", "--because", "parcel")
        told("lock")
        told("mode", "shadow")
        stage.show([pictures / "stranger_hopper.jpg"])
        stage.press(within_s=PRESS_S)
        assert told("calibrate", "--visitor")["levels"][0]["far"]["visitors"]["trials"] == 1
        assert told("mode", "closed")["mode"] == "closed"
        assert told("clear-lockout")["failures"] == 2
        events = told("events")["events"]
        assert [one["result"] for one in events].count("refuse") == 3
        assert told("explain", "last")["event"]["kind"] == "decision"
        assert told("report")["granted"] == 1
        assert [held(one) for one in followed(stage.config, len(events))] == events
        os.kill(stage.processes["eye"], signal.SIGKILL)
        assert not told("status")["ok"]
    assert told.names == {
        *("status", "unlock", "lock", "mode", "clear-lockout", "events", "explain", "report"),
        "calibrate",
    }


def followed(config, count):
    """The first lines of `onelook events --follow`, each of which is a document."""
    command = [sys.executable, "-m", "edge", "events", "-f", "--json", "--config", config]
    with subprocess.Popen(command, cwd=FOLDER.parents[1], stdout=subprocess.PIPE) as process:
        lines = [process.stdout.readline() for _ in range(count)]
        process.kill()
    return [strict(line) for line in lines]


def test_the_demo(onelook, tmp_path):
    document = Told(onelook)("demo", "--show", tmp_path / "drawn")
    assert {press["event"]["result"] for press in document["presses"]} == {"grant", "refuse"}
    assert document["drawings"]


def test_errors(door, tmp_path):
    told = Told(door)
    (tmp_path / "damaged.jpg").write_bytes(b"no picture")
    for arguments, code in {
        (): "usage",
        ("nonsense",): "usage",
        ("enroll", "Ada"): "usage",
        ("explain", "e-9"): "missing",
        ("test", str(tmp_path / "none.jpg")): "missing",
        ("test", str(tmp_path / "damaged.jpg")): "data",
        ("unlock",): "unavailable",
        ("model", "swap", str(tmp_path)): "missing",
    }.items():
        assert told(*arguments)["code"] == code
    door.config.write_text("[door]\npulse = 5\n")
    assert told("config", "check")["code"] == "config"


def test_a_fault_of_the_program_is_an_error_too(door, monkeypatch, capsys):
    monkeypatch.setattr("edge.cli.version._executable", lambda: 1 / 0)
    assert main(["version", "--json", "--config", str(door.config)]) == 70
    assert held(strict(capsys.readouterr().out))["code"] == "software"


def test_a_schema_lets_new_keys_pass_and_refuses_what_breaks_its_promise():
    good = {
        "schema": "onelook.model_trust/1",
        "ok": True,
        "serial": 3,
        "keys": ["0123456789abcdef"],
    }
    promise = validator(json.loads((FOLDER / "model_trust-1.json").read_text()))
    assert promise.is_valid(good)
    assert promise.is_valid({**good, "new": 1})
    for key in good:
        assert not promise.is_valid({k: v for k, v in good.items() if k != key})
    for wrong in ({"ok": False}, {"serial": "3"}, {"serial": -1}, {"keys": [1]}, {"schema": "x"}):
        assert not promise.is_valid({**good, **wrong})


def test_a_reason_that_is_none_is_refused():
    promise = validator(json.loads((FOLDER / "explain-1.json").read_text()))
    event = {
        "schema": "onelook.event/1",
        "ok": True,
        "seq": 1,
        "event": "e-1",
        "time": "2026-11-27T18:00:00.000Z",
        "clock": "trusted",
        "person": None,
        "remedy": "",
        "kind": "door",
        "reason": "rex",
        "result": "none",
        "at_ms": 5,
    }

    def takes(**changes):
        document = {"schema": "onelook.explain/1", "ok": True, "event": {**event, **changes}}
        return promise.is_valid(document)

    assert takes()
    for wrong in ({"reason": "granted"}, {"reason": "rexx"}, {"kind": "people"}, {"time": "now"}):
        assert not takes(**wrong)
    assert takes(kind="people", reason="enrolled", templates=1)


@pytest.mark.parametrize("name", DOCUMENTS)
def test_it_is_a_schema_and_the_one_that_is_made_today(name):
    text = (FOLDER / f"{name}-1.json").read_text()
    assert text == files()[f"{name}-1.json"], "python -m edge.schemas"
    schema = json.loads(text)
    jsonschema.Draft202012Validator.check_schema(schema)
    assert schema["$id"] == f"onelook:{name}/1"


def test_every_document_of_the_source_has_a_schema_and_every_schema_a_document():
    published, named = set(), set()
    for file in FOLDER.parent.rglob("*.py"):
        text = file.read_text()
        named |= set(re.findall(r'"onelook\.([a-z_-]+)/1"', text))
        for call in ast.walk(ast.parse(text)):
            ours = isinstance(call, ast.Call) and isinstance(call.func, ast.Name)
            if ours and call.func.id == "publish":  # a broker's connection has a method of the name
                published.add(ast.literal_eval(call.args[1]))
    assert published | NOT_PUBLISHED == DOCUMENTS.keys()
    assert named - {"keys"} <= DOCUMENTS.keys()  # a file of that name is none of these
    assert {file.name for file in FOLDER.glob("*.json")} == files().keys()
