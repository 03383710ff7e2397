"""Enrolment before the door's own camera: a door and an eye that run, a person who is told how."""

from __future__ import annotations

from tests.cli.conftest import PICTURES

QUICK = ("--camera", "--pause", "10ms")


def shows(door, *names):
    """What the camera sees from now on."""
    folder = door.folder / "camera"
    for old in folder.iterdir():
        old.unlink()
    for n, name in enumerate(names):
        (folder / f"{n}.jpg").write_bytes((PICTURES / name).read_bytes())


def test_a_person_is_led_through_five_looks_and_known_at_once(running):
    shows(running, "biden_2.jpg", "biden_3.jpg")
    done = running("enroll", "Bea", *QUICK)
    assert done.returncode == 0, done.stderr
    assert [line[:3] for line in done.stderr.splitlines() if line[1:3] == "/5"] == [
        f"{n}/5" for n in range(1, 6)
    ]
    assert "enrolled Bea: kept" in done.stdout
    (bea,) = [p for p in running.json("list")[0]["people"] if p["name"] == "Bea"]
    assert {t["label"] for t in bea["templates"]} == {"at the door"}
    words = [e["reason"] for e in running.json("events")[0]["events"]]
    assert words.count("sitting") == 5
    assert words.count("enrolled") == 2
    assert running.json("status")[0]["people"] == 2


def test_whoever_is_enrolled_already_gets_no_second_name_and_nothing_changes(running, obama):
    (running.folder / "camera" / "0.jpg").write_bytes(obama.read_bytes())
    before = running.gallery()
    done = running("enroll", "Bea", *QUICK)
    assert (done.returncode, "Ada" in done.stderr) == (1, True)
    assert running.gallery() == before


def test_a_camera_that_sees_nobody_says_what_to_do(running):
    shows(running, "noface_coffee.jpg")
    done = running("enroll", "Bea", *QUICK)
    assert done.returncode == 80
    assert "no_face: Stand in front of the camera" in done.stderr
    assert "Traceback" not in done.stderr


def test_it_needs_a_door_that_runs_one_name_and_no_photographs(door, obama):
    assert door("enroll", "Bea", *QUICK).returncode == 69
    assert door("enroll", "--camera").returncode == 2
    assert door("enroll", "Bea", obama, "--camera").returncode == 2
