"""`onelook calibrate`: presses in shadow at a door that runs, labelled, measured, and a level."""

from __future__ import annotations

import json
import shutil
import time

import pytest

from edge.demo.stage import Stage

PRESS_S = 30.0
HARRIS, HOPPER = "stranger_harris", "stranger_hopper"


class Running:
    """A door that runs, with Ada and Bea enrolled."""

    def __init__(self, stage, onelook, pictures):
        self._stage, self._onelook, self._pictures = stage, onelook, pictures

    def __call__(self, *arguments):
        return self._onelook(*arguments, "--config", self._stage.config)

    def json(self, *arguments):
        done = self(*arguments, "--json")
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    def press(self, *names):
        """Somebody presses the button, looking like each of these pictures; the events."""
        return [self._press(name) for name in names]

    def _press(self, name):
        self._stage.show([self._pictures / f"{name}.jpg"])
        time.sleep(0.25)  # longer than [button] gap
        self._stage.send({"press": True})
        while "event" not in (message := self._stage.receive(PRESS_S)):
            assert message.get("line") != "strike", "the lock moved in shadow"
        return message["event"]


@pytest.fixture
def running(onelook, obama, pictures):
    with Stage(bundle=None, settings={"recognition": {"decide_within": "10s"}}) as stage:
        door = Running(stage, onelook, pictures)
        assert door("enroll", "Ada", obama).returncode == 0
        assert door("enroll", "Bea", pictures / f"{HARRIS}.jpg").returncode == 0
        assert door("mode", "shadow").returncode == 0
        yield door


def test_a_household_measures_its_door_and_makes_it_stricter(running):
    assert [e["reason"] for e in running.press("obama_2", "obama_3", "noface_coffee")] == [
        *("granted", "granted", "no_face")
    ]
    open_ = running("calibrate").stdout
    assert "Whose are these? 3 presses in shadow" in open_
    told = running("calibrate", "--who", "ada").stdout
    assert "labelled: 3 presses in shadow" in told
    assert "Ada: 3 presses: 2 granted, 1 no_face" in told
    assert "does not know you  1 of 3 presses: between 0.8% and 90.6%" in told
    assert "level strict" in told
    assert "Whose" not in told

    running.press(HARRIS)
    running("calibrate", "--who", "Ada")  # a slip: it was Bea
    wrong = running.json("calibrate")["levels"][0]["frr"]
    assert (wrong["errors"], wrong["trials"]) == (2, 4)
    right = running.json("calibrate", "--who", "Bea", "--last", "1")
    assert len(right["labelled"]) == 1
    assert [(p["name"], p["presses"]) for p in right["people"]] == [("Ada", 3), ("Bea", 1)]

    running.press(HOPPER)
    found = running.json("calibrate", "--visitor")
    normal, strict = found["levels"]
    assert (normal["level"], normal["in_force"], strict["level"]) == ("normal", True, "strict")
    assert (normal["frr"]["errors"], normal["frr"]["trials"]) == (1, 4)
    assert normal["far"]["people"]["errors"] == 0
    assert (normal["far"]["visitors"]["errors"], normal["far"]["visitors"]["people"]) == (0, 1)
    assert normal["far"]["visitors"]["upper"] == pytest.approx(0.95)
    assert strict["threshold"] < normal["threshold"]
    assert found["advice"] is None  # far too few presses

    assert "level strict was chosen by command" in running("calibrate", "--choose", "strict").stdout
    (event,) = running.press("obama_2")
    assert event["frames"][0]["threshold"] == strict["threshold"]  # at the door, at once
    assert "level strict, chosen by command" in running("list").stdout
    assert running.json("model", "show")["level"] == "strict"
    assert running.json("calibrate", "--last", "1", "--discard")["people"] == found["people"]
    running("calibrate", "--choose", "configured")
    (event,) = running.press("obama_2")
    assert event["frames"][0]["threshold"] == normal["threshold"]
    words = [event["reason"] for event in running.json("events")["events"]]
    assert (words.count("presses_labelled"), words.count("level_chosen")) == (5, 2)


def test_a_chosen_level_outlives_the_process_and_no_command_loosens(door, obama):
    assert door("enroll", "Ada", obama).returncode == 0
    normal = door.json("config", "check")[0]["threshold"]
    assert door("calibrate", "--choose", "strict").returncode == 0
    document, _ = door.json("config", "check")
    assert (document["level"], document["threshold"] < normal) == ("strict", True)
    assert door.json("test", obama)[0]["level"] == "strict"
    door.configure(recognition={"level": "strict"})
    done = door("calibrate", "--choose", "normal")
    assert (done.returncode, done.stdout) == (1, "")
    assert "'normal' is not stricter than 'strict'" in done.stderr
    assert "change [recognition] level" in done.stderr
    assert door.json("config", "check")[0]["level"] == "strict"
    assert door("calibrate", "--choose", "configured").returncode == 0
    assert door.json("config", "check")[0]["level"] == "strict"


def test_photographs_of_strangers_are_presses_that_nobody_should_win(door, obama, pictures):
    assert door("enroll", "Ada", obama).returncode == 0
    strangers = door.folder / "strangers"
    (strangers / "biden").mkdir(parents=True)
    for name in ("biden_2", "biden_3"):
        shutil.copy(pictures / f"{name}.jpg", strangers / "biden")
    for name in (HOPPER, "black", "obama_2"):
        shutil.copy(pictures / f"{name}.jpg", strangers)
    shutil.copy(obama, strangers / "herself.jpg")
    (strangers / "broken.jpg").write_bytes(b"no picture")
    document, code = door.json("calibrate", "--strangers", strangers)
    assert code == 0
    told = document["strangers"]
    assert (told["used"], told["people"]) == (4, 3)  # two of one person, and obama_2
    assert told["opened"] == [{"photo": str(strangers / "obama_2.jpg"), "person": "Ada"}]
    left_out = " ".join(one["message"] for one in told["left_out"])
    assert len(told["left_out"]) == 3
    assert "herself.jpg: enrolled, as Ada" in left_out
    far = document["levels"][0]["far"]
    assert (far["people"], far["visitors"]) == (None, None)
    assert (far["photographs"]["errors"], far["photographs"]["trials"]) == (1, 4)
    assert far["photographs"]["upper"] == pytest.approx(0.865, abs=0.001)  # 1 of 3 people
    text = door("calibrate", "--strangers", strangers).stdout
    assert "taken for Ada; is it really somebody else?" in text
    assert "may open to 1 of 3 strangers" in text


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        ((), 66, "no press in shadow since then"),
        (("--who", "Ada"), 66, "0 presses in shadow"),
        (("--who", "Adda"), 66, "Did you mean 'Ada'?"),
        (("--last", "3"), 2, "not whose they were"),
        (("--last", "0", "--visitor"), 2, "above 0"),
        (("--who", "Ada", "--visitor"), 2, "not allowed with"),
        (("--since", "soon"), 2, "is no time"),
        (("--strangers", "nowhere"), 66, "no such folder"),
        (("--choose", "lax"), 81, "normal, strict"),
    ],
)
def test_what_cannot_be_done_is_one_message_and_changes_nothing(door, obama, arguments, code, said):
    assert door("enroll", "Ada", obama).returncode == 0
    before = door.json("events")[0]
    done = door("calibrate", *arguments)
    assert (done.returncode, done.stdout) == (code, "")
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert door.json("events")[0] == before
