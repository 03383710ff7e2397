"""Twenty doors and one broker, which dies on the way: part of `make test-fleet`."""

from __future__ import annotations

from contextlib import ExitStack

import pytest

from tests.cli.conftest import Door
from tests.fleet.mosquitto import MISSING, Broker, Reader, retained
from tests.fleet.mqtt import documents, logged, record, telling, until, without_repeats

pytest.importorskip("paho.mqtt.client", reason="paho-mqtt is not installed")
pytestmark = pytest.mark.skipif(bool(MISSING), reason=f"not installed: {MISSING}")

DOORS, BEFORE, AFTER = 20, 60, 20
LAST = BEFORE + 2 * AFTER


def test_every_door_is_told_of_under_its_own_name(tmp_path):
    doors = {}
    for name in (f"door{number:02}" for number in range(DOORS)):
        (tmp_path / name).mkdir()
        doors[name] = Door(tmp_path / name)
        doors[name].configure(
            mqtt={"name": name, "tls": False, "history": True, "broker": "localhost"}
        )
        record(doors[name], BEFORE)
    with Broker(tmp_path) as broker, ExitStack() as stack:
        reader = stack.enter_context(Reader(broker))
        for door in doors.values():
            stack.enter_context(telling(door, broker.port))
        until(lambda: all(newest(reader, name) == BEFORE for name in doors), within_s=300)
        broker.kill()
        for door in doors.values():
            record(door, AFTER)
        broker.start()
        # Doors may be back before the reader is, so what they say first nobody may hear.
        until(lambda: all(there(broker, name) for name in doors), within_s=120)
        for door in doors.values():
            record(door, AFTER)
        until(lambda: all(newest(reader, name) == LAST for name in doors), within_s=120)
        for name, door in doors.items():
            log, heard = logged(door), without_repeats(documents(reader.of(topic(name))))
            assert heard[:BEFORE] == log[:BEFORE]
            assert heard[-AFTER:] == log[-AFTER:]
            assert all(event in log for event in heard)


def there(broker, name):
    return retained(broker, f"onelook/{name}/availability") == "online"


def topic(name):
    return f"onelook/{name}/event"


def newest(reader, name):
    return max((event["seq"] for event in documents(reader.of(topic(name)))), default=0)
