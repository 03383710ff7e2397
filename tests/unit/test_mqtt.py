"""What a broker is told, as far as that can be seen without one; with one: tests/fleet/mqtt.py."""

from __future__ import annotations

import json
import re
import socket

import pytest

from edge.contract.errors import ConfigError, PermissionsError, UnavailableError
from edge.contract.reasons import Happening, Reason
from edge.mqtt.acknowledged import FILE, Acknowledged
from edge.mqtt.discovery import discovery
from edge.mqtt.feed import Feed
from edge.mqtt.secrets import password_of
from edge.mqtt.topics import Topics
from edge.tell.place import Place
from edge.vitals import vitals

TOPICS = Topics("onelook", "front")


@pytest.fixture(scope="module")
def entities():
    return {topic: json.loads(text) for topic, text in discovery("homeassistant", TOPICS, "0.1")}


def test_each_entity_has_a_topic_and_an_id_of_its_own(entities):
    assert len({one["unique_id"] for one in entities.values()}) == len(entities) == 11
    for topic, one in entities.items():
        assert re.fullmatch(r"homeassistant/\w+/onelook_front/\w+/config", topic)
        assert one["state_topic"] in {TOPICS.event, TOPICS.state, TOPICS.health}
        assert one["availability_topic"] == TOPICS.availability
        assert one["device"]["identifiers"] == ["onelook_front"]


def test_home_assistant_knows_every_word_and_can_command_nothing(entities):
    event = entities["homeassistant/event/onelook_front/event/config"]
    assert {one.value for one in (*Reason, *Happening)} <= set(event["event_types"])
    assert not [key for one in entities.values() for key in one if "command" in key]
    assert {topic.split("/")[1] for topic in entities} == {"event", "sensor", "binary_sensor"}


def test_how_far_it_got_is_kept_and_a_damaged_note_costs_repeats_only(tmp_path):
    folder = tmp_path / "mqtt"
    kept = Acknowledged(folder)
    assert kept.place is None
    kept.keep(Place(7, "ab" * 32))
    assert Acknowledged(folder).place == Place(7, "ab" * 32)
    for damaged in ("", "{", "[]", '{"seq": "x"}'):
        (folder / FILE).write_text(damaged)
        assert Acknowledged(folder).place == Place()


def test_lines_of_the_teller_are_whole_however_they_arrive():
    ours, theirs = socket.socketpair()
    with ours, theirs:
        feed = Feed(ours, None)
        assert theirs.recv(100) == b"now\n"
        theirs.sendall(b'{"begins": [3, "aa"], "anew": fal')
        theirs.sendall(b'se}\n{"state": {}}\n{"st')
        assert feed.begin() == (Place(3, "aa"), False, [{"state": {}}])
        theirs.sendall(b'ate": {"a": 1}}\n')
        assert feed.read() == [{"state": {"a": 1}}]
        theirs.sendall(b"no json\n")
        with pytest.raises(UnavailableError, match="no JSON"):
            feed.read()
        theirs.close()
        with pytest.raises(UnavailableError, match="it ended"):
            feed.read()


def test_a_password_that_everybody_may_read_is_none(tmp_path):
    file = tmp_path / "secret"
    file.write_text("four words\nand more\n")
    file.chmod(0o640)
    assert password_of(file) == "four words"
    file.chmod(0o644)
    with pytest.raises(PermissionsError, match="open to everybody"):
        password_of(file)
    with pytest.raises(ConfigError, match="cannot be used"):
        password_of(tmp_path / "none")


def test_the_machines_figures_are_read_where_the_kernel_keeps_them(tmp_path):
    unknown = {"temperature_c": None, "undervoltage": None, "running": None}
    assert vitals(tmp_path) == unknown
    for path, text in {
        "class/thermal/thermal_zone0/temp": "48312\n",
        "class/hwmon/hwmon1/name": "rpi_volt\n",
        "class/hwmon/hwmon1/in0_lcrit_alarm": "1\n",
        "fs/cgroup/system.slice/onelook.service/cgroup.procs": "412\n",
    }.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)
    assert vitals(tmp_path) == {"temperature_c": 48.312, "undervoltage": True, "running": True}
    for old in ("unified", "systemd"):
        (tmp_path / "fs/cgroup/system.slice").rename(tmp_path / "moved")
        (tmp_path / f"fs/cgroup/{old}").mkdir()
        (tmp_path / "moved").rename(tmp_path / f"fs/cgroup/{old}/system.slice")
        assert vitals(tmp_path)["running"] is True
        (tmp_path / f"fs/cgroup/{old}/system.slice").rename(tmp_path / "fs/cgroup/system.slice")
        (tmp_path / f"fs/cgroup/{old}").rmdir()
    (tmp_path / "fs/cgroup/system.slice/onelook.service/cgroup.procs").write_text("")
    assert vitals(tmp_path)["running"] is False
