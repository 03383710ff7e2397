"""What a real Home Assistant makes of a door: part of `make test-fleet`, if HASS names its program.

One story, played once: a door with both its processes, presses at it, and what is shown meanwhile.
tests/fleet/hass.py says how to get one.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from contextlib import contextmanager

import pytest

from edge.demo.stage import Stage
from tests.cli.conftest import OBAMA, PICTURES, REPOSITORY
from tests.fleet.hass import PROGRAM, HomeAssistant
from tests.fleet.mosquitto import MISSING, Broker

pytest.importorskip("paho.mqtt.client", reason="paho-mqtt is not installed")
pytestmark = [
    pytest.mark.skipif(bool(MISSING), reason=f"not installed: {MISSING}"),
    pytest.mark.skipif(not PROGRAM, reason="no Home Assistant: HASS=/path/to/bin/hass"),
]

DEVICE = "onelook front"
ENTITIES = {
    "event.onelook_front_event",
    "sensor.onelook_front_last_press",
    "sensor.onelook_front_last_pressed",
    "sensor.onelook_front_mode",
    "sensor.onelook_front_people",
    "sensor.onelook_front_model",
    "sensor.onelook_front_temperature",
    "binary_sensor.onelook_front_door",
    "binary_sensor.onelook_front_lock_out",
    "binary_sensor.onelook_front_undervoltage",
    "binary_sensor.onelook_front_service",
}
# Domains of Home Assistant's with something to operate.
OPERATED = {"lock", "switch", "button", "cover", "select", "number", "text", "siren", "valve"}
FREE = 3
STRANGER = PICTURES / "stranger_harris.jpg"
# What a Pi says of itself, which this machine cannot.
OF_A_PI = {"temperature_c": 48.5, "undervoltage": True, "running": True}


class House:
    """The door on its stage, the broker, and Home Assistant."""

    def __init__(self, stage, broker, hass):
        self.stage, self.broker, self.hass = stage, broker, hass

    @contextmanager
    def telling(self):
        """`onelook mqtt`; killed in the end, as by a cut of the power."""
        process = subprocess.Popen(
            [sys.executable, "-m", "edge", "mqtt", "--config", str(self.stage.config)],
            cwd=REPOSITORY,
            stderr=subprocess.DEVNULL,
        )
        try:
            yield process
        finally:
            process.kill()
            process.wait()

    def press(self, picture):
        self.stage.show([picture] * 3)
        return self.stage.press(within_s=30.0).event["reason"]

    def shown(self):
        """Each entity's state."""
        entities = self.hass.beside("event.onelook_front_event")
        return {name: self.hass.state(name).get("state") for name in entities}

    def until(self, entity, value):
        """The whole state of an entity once its state, or its kind of event, is that."""
        deadline = time.monotonic() + 30.0
        while True:
            found = self.hass.state(entity)
            if value in (found.get("state"), found.get("attributes", {}).get("event_type")):
                return found
            assert time.monotonic() < deadline, (entity, value, found, self.hass.log)
            time.sleep(0.1)


def settings(port):
    return {
        "door": {"pulse": "500ms", "contact_pin": "GPIO23"},
        "lockout": {"free": FREE},
        "mqtt": {"broker": "127.0.0.1", "port": port, "tls": False, "name": "front"},
    }


@pytest.fixture(scope="module")
def told(tmp_path_factory):
    folder = tmp_path_factory.mktemp("house")
    (folder / "hass").mkdir()
    found = {}
    with Broker(folder) as broker:
        with HomeAssistant(folder / "hass") as hass:
            hass.tell_broker(broker.port)
            with Stage(bundle=None, settings=settings(broker.port)) as stage:
                play(House(stage, broker, hass), found)
        found["devices"] = hass.written("device")
        found["entities"] = hass.written("entity")
        found["log"] = hass.log
        said = broker.log.read_text().splitlines()
        found["asked"] = [line for line in said if "SUBSCRIBE" in line]
    return found


def play(house, found):
    onelook(house, "enroll", "Ada", OBAMA)
    with house.telling():
        house.until("sensor.onelook_front_people", "1")
        found["quiet"] = house.shown()
        found["pressed"] = house.press(PICTURES / "obama_2.jpg")
        found["event"] = house.until("event.onelook_front_event", found["pressed"])
        house.until("sensor.onelook_front_last_press", found["pressed"])
        found["after"] = house.shown()
        found["refused"] = [house.press(STRANGER) for _ in range(FREE)]
        house.until("binary_sensor.onelook_front_lock_out", "on")
        found["locked_out"] = house.shown()
        shut_and_open(house, found)
        onelook(house, "mode", "closed")
        found["mode"] = house.until("sensor.onelook_front_mode", "closed")
        say_as_a_pi(house)
        house.until("sensor.onelook_front_temperature", "48.5")
        found["of_a_pi"] = house.shown()
    house.until("event.onelook_front_event", "unavailable")
    found["killed"] = house.shown()
    with house.telling() as again:
        house.until("sensor.onelook_front_mode", "closed")
        found["again"] = house.shown()
        again.terminate()
        again.wait()
        house.until("event.onelook_front_event", "unavailable")
        found["stopped"] = house.shown()


def shut_and_open(house, found):
    """A contact that nobody has wired yet is open."""
    found["doors"] = []
    for level, word, state in ((0, "door_closed", "off"), (1, "door_opened", "on")):
        house.stage.send({"contact": level})
        found["doors"].append(house.until("binary_sensor.onelook_front_door", state)["state"])
        house.until("event.onelook_front_event", word)


def say_as_a_pi(house):
    topic = ["-p", str(house.broker.port), "-t", "onelook/front/health", "-r"]
    subprocess.run(["mosquitto_pub", *topic, "-m", json.dumps(OF_A_PI)], check=True)


def onelook(house, *arguments):
    subprocess.run(
        [sys.executable, "-m", "edge", *map(str, arguments), "--config", str(house.stage.config)],
        cwd=REPOSITORY,
        check=True,
        capture_output=True,
    )


def test_a_door_is_one_device_with_its_entities_and_none_can_be_operated(told):
    ours = [one for one in told["devices"] if one["manufacturer"] == "onelook"]
    assert [one["name"] for one in ours] == [DEVICE]
    entities = [one for one in told["entities"] if one["platform"] == "mqtt"]
    assert {one["entity_id"] for one in entities} == ENTITIES
    assert {one["device_id"] for one in entities} == {ours[0]["id"]}
    assert not {one["entity_id"].partition(".")[0] for one in entities} & OPERATED


def test_an_event_fires_with_its_reason_and_what_it_was(told):
    assert told["pressed"] == "granted"
    shown = told["event"]["attributes"]
    assert (shown["event_type"], shown["result"]) == ("granted", "grant")
    assert shown["person"]["name"] is None
    assert told["quiet"]["event.onelook_front_event"] == "unknown"


def test_the_last_press_and_when_it_was(told):
    assert told["quiet"]["sensor.onelook_front_last_press"] == "unknown"
    assert told["after"]["sensor.onelook_front_last_press"] == "granted"
    assert told["after"]["sensor.onelook_front_last_pressed"].startswith("20")
    assert told["after"]["binary_sensor.onelook_front_lock_out"] == "off"


def test_a_lock_out_the_doors_contact_and_the_mode(told):
    assert told["locked_out"]["binary_sensor.onelook_front_lock_out"] == "on"
    assert told["doors"] == ["off", "on"]
    assert told["mode"]["state"] == "closed"


def test_for_diagnosis_people_network_and_what_the_machine_says_of_itself(told):
    assert told["quiet"]["sensor.onelook_front_people"] == "1"
    assert told["quiet"]["sensor.onelook_front_model"] not in {"", "unknown"}
    assert told["of_a_pi"]["sensor.onelook_front_temperature"] == "48.5"
    assert told["of_a_pi"]["binary_sensor.onelook_front_undervoltage"] == "on"
    assert told["of_a_pi"]["binary_sensor.onelook_front_service"] == "on"


@pytest.mark.parametrize("how", ["killed", "stopped"])
def test_a_door_that_no_longer_tells_is_unavailable_and_comes_back(told, how):
    assert set(told[how].values()) == {"unavailable"}
    assert "unavailable" not in told["again"].values()


def test_home_assistant_finds_nothing_to_complain_of(told):
    ours = [line for line in told["log"].splitlines() if "mqtt" in line or "onelook" in line]
    assert ours == []


def test_the_door_has_asked_the_broker_for_nothing(told):
    assert not [line for line in told["asked"] if "onelook-front" in line]
