"""`onelook mqtt` against a real mosquitto: `make test-fleet`. Needs paho-mqtt and mosquitto.

What is told is held against `onelook events --json`, byte for byte of its meaning.
"""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from contextlib import contextmanager

import pytest

from edge.clock import boottime
from edge.door.press import row_of
from edge.store.database import transaction
from edge.store.events import EventStore
from edge.store.rows import append
from tests.cli.conftest import REPOSITORY, Door
from tests.fleet.mosquitto import MISSING, Authority, Broker, Reader, retained
from tests.fleet.witness import Witness

pytest.importorskip("paho.mqtt.client", reason="paho-mqtt is not installed")
pytestmark = pytest.mark.skipif(bool(MISSING), reason=f"not installed: {MISSING}")

BACKLOG = 10_000
EVENT, STATE = "onelook/front/event", "onelook/front/state"
AVAILABILITY = "onelook/front/availability"


@pytest.fixture
def door(tmp_path):
    made = Door(tmp_path)
    made.configure(mqtt={"name": "front", "tls": False, "history": True, "broker": "localhost"})
    return made


@pytest.fixture
def broker(tmp_path):
    with Broker(tmp_path) as running:
        yield running


def record(door, count, *, word="rex"):
    """So many things that happen at the door."""
    with EventStore(door.state) as events, transaction(events._database):
        for _ in range(count):
            append(events._database, row_of("door", word, boottime()))


def logged(door):
    """The door's own account; `events` inside, without what only that command needs."""
    return door.json("events")[0]["events"]


@contextmanager
def telling(door, port, **settings):
    """`onelook mqtt`, running."""
    door.configure(mqtt={"port": port, **settings})
    with (door.folder / "told").open("ab") as told:
        process = subprocess.Popen(
            [sys.executable, "-m", "edge", "mqtt", "--config", door.config],
            cwd=REPOSITORY,
            stderr=told,
        )
    try:
        yield process
    finally:
        process.terminate()
        process.wait(30)


def until(true, within_s=60.0):
    deadline = time.monotonic() + within_s
    while not true():
        assert time.monotonic() < deadline, "it did not come to that"
        time.sleep(0.2)


def documents(payloads):
    return [json.loads(payload) for payload in payloads]


def without_repeats(told):
    """As a reader should: what is not newer than the newest is a repeat."""
    kept = []
    for event in told:
        if not kept or event["seq"] > kept[-1]["seq"]:
            kept.append(event)
    return kept


def test_a_backlog_of_ten_thousand_arrives_in_order_none_lost_none_invented(
    door, broker, record_testsuite_property
):
    record(door, BACKLOG)
    with Reader(broker) as reader:
        started = time.monotonic()
        with telling(door, broker.port):
            until(lambda: len(reader.of(EVENT)) >= BACKLOG, within_s=300)
            record_testsuite_property("backlog_s", round(time.monotonic() - started, 1))
            until(lambda: reader.of(STATE))
        told = documents(reader.of(EVENT))
    assert told == logged(door)
    assert [event["seq"] for event in told] == list(range(1, BACKLOG + 1))


def test_a_broker_that_is_killed_in_the_middle_of_a_message_costs_nothing(door, broker):
    """Five times, each time with half a message in its hands; what it held in memory is gone."""
    record(door, 600)
    witness = Witness(broker.port)

    def die():
        broker.kill()
        broker.start()

    witness.cuts = [(n, die) for n in (1, 40, 150, 151, 500)]
    with telling(door, witness.port):
        until(lambda: receipts(witness) == 600, within_s=120)
    witness.close()
    assert witness.cuts == []
    taken = documents(payload for topic, payload in witness.receipts if topic == EVENT)
    assert without_repeats(taken) == logged(door)
    sent = documents(payload for topic, payload in witness.sent if topic == EVENT)
    assert len(sent) > 600, "nothing was sent again: the broker did not die in time"
    assert all(event in taken for event in sent), "something was sent that is in no log"


def receipts(witness):
    return len({payload for topic, payload in witness.receipts if topic == EVENT})


def test_what_happens_while_the_broker_is_away_is_told_when_it_is_back(door, broker):
    record(door, 3)
    with telling(door, broker.port):
        until(lambda: retained(broker, STATE))
        broker.stop()
        record(door, 5, word="tamper")
        time.sleep(0.3)
        broker.start()
        with Reader(broker) as reader:  # before the door tries again, a second later at least
            until(lambda: len(reader.of(EVENT)) == 5)
            until(lambda: AVAILABILITY in dict(reader.told))
            told = documents(reader.of(EVENT))
    assert told == logged(door)[3:]


def test_a_door_that_is_killed_or_stopped_is_offline_and_goes_on_where_it_was(door, broker):
    record(door, 3)
    with telling(door, broker.port) as process:
        until(lambda: retained(broker, AVAILABILITY) == "online")
        until(lambda: retained(broker, STATE))
        process.kill()
        until(lambda: retained(broker, AVAILABILITY) == "offline")
    record(door, 2)
    with Reader(broker) as reader:
        with telling(door, broker.port):
            until(lambda: [e["seq"] for e in documents(reader.of(EVENT))][-1:] == [5])
        until(lambda: reader.of(AVAILABILITY)[-1] == "offline")
        # Killed before it knew what was acknowledged, it tells that again.
        assert without_repeats(documents(reader.of(EVENT)))[-2:] == logged(door)[3:]


def test_the_first_start_tells_only_what_is_new_unless_the_owner_wants_all(door, broker):
    record(door, 3)
    with Reader(broker) as reader, telling(door, broker.port, history=False):
        until(lambda: reader.of(STATE))
        record(door, 1, word="tamper")
        until(lambda: reader.of(EVENT))
        assert [event["seq"] for event in documents(reader.of(EVENT))] == [4]


def test_another_log_is_told_from_its_beginning(door, broker):
    record(door, 5)
    with telling(door, broker.port), Reader(broker) as reader:
        until(lambda: reader.of(STATE))
    for file in door.state.glob("events*"):
        file.unlink()
    record(door, 7, word="tamper")  # longer than the one before: its number alone tells nothing
    with Reader(broker) as reader, telling(door, broker.port):
        until(lambda: len(reader.of(EVENT)) >= 7)
        until(lambda: "log_anew" in (door.folder / "told").read_text())
        assert documents(reader.of(EVENT))[-7:] == logged(door)


def test_nobody_commands(door, broker):
    """It asks a broker for nothing, so a broker has nothing to send it."""
    record(door, 1)
    with telling(door, broker.port) as process:
        until(lambda: retained(broker, STATE))
        for topic in ("onelook/front/set", "onelook/front/event", "homeassistant/status"):
            subprocess.run(
                ["mosquitto_pub", "-p", str(broker.port), "-t", topic, "-m", '{"do":"unlock"}'],
                check=True,
            )
        record(door, 1)
        time.sleep(0.3)
        assert process.poll() is None
    log = broker.log.read_text()
    assert "Received CONNECT from 127.0.0.1" in log or "as onelook-front" in log
    assert "Received SUBSCRIBE from onelook-front" not in log
    assert "Sending PUBLISH to onelook-front" not in log
    assert {event["reason"] for event in logged(door)} == {"rex"}


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("ours"), "ours")


def tls_lines(authority, host, *more):
    cert, key = authority.sign(host)
    return (f"cafile {authority.ca}", f"certfile {cert}", f"keyfile {key}", *more)


def test_a_broker_with_a_wrong_certificate_is_refused_in_one_line_and_told_nothing(
    door, authority, tmp_path
):
    record(door, 3)
    others = Authority(tmp_path, "others")
    for signer, host, why in (
        (others, "localhost", "certificate"),
        (authority, "elsewhere.example", "Hostname mismatch"),
    ):
        folder = tmp_path / host
        folder.mkdir()
        with Broker(folder, *tls_lines(signer, host)) as broker:
            door.configure(mqtt={"tls": True, "ca": str(authority.ca), "port": broker.port})
            done = door("mqtt", "--check")
            assert done.returncode == 69
            assert done.stderr.count("\n") == 2  # what, and what to do
            assert f"localhost:{broker.port}: not the broker that it should be" in done.stderr
            assert why in done.stderr
            with telling(door, broker.port):
                until(lambda: "broker_lost" in (door.folder / "told").read_text())
                time.sleep(0.3)
            assert "PUBLISH" not in broker.log.read_text()
            assert (door.folder / "told").read_text().count("broker_lost") == 1
            (door.folder / "told").unlink()


def test_tls_with_user_and_password_and_with_a_certificate_of_the_doors(door, authority, tmp_path):
    record(door, 3)
    secret, people = tmp_path / "secret", tmp_path / "people"
    secret.write_text("four words nobody guesses\n")
    secret.chmod(0o600)
    subprocess.run(
        ["mosquitto_passwd", "-b", "-c", people, "front", "four words nobody guesses"], check=True
    )
    door.configure(mqtt={"tls": True, "ca": str(authority.ca)})
    lines = tls_lines(authority, "localhost", "allow_anonymous false", f"password_file {people}")
    with Broker(tmp_path, *lines) as broker:
        door.configure(mqtt={"port": broker.port})
        assert "refuses this door" in door("mqtt", "--check").stderr
        door.configure(mqtt={"user": "front", "password_file": str(secret)})
        assert door("mqtt", "--check").returncode == 0
        secret.write_text("wrong\n")
        assert door("mqtt", "--check").returncode == 69
        secret.chmod(0o644)
        assert door("mqtt", "--check").returncode == 77
    lines = tls_lines(authority, "localhost", "require_certificate true")
    with Broker(tmp_path, *lines) as broker:
        door.configure(mqtt={"port": broker.port, "user": "", "password_file": ""})
        assert door("mqtt", "--check").returncode == 69
        cert, key = authority.sign("front")
        door.configure(mqtt={"cert": str(cert), "key": str(key)})
        assert door("mqtt", "--check").returncode == 0
        shown = ("--cafile", str(authority.ca), "--cert", str(cert), "--key", str(key))
        with Reader(broker, *shown) as reader, telling(door, broker.port):
            until(lambda: len(reader.of(EVENT)) == 3)
            assert documents(reader.of(EVENT)) == logged(door)


def test_a_broker_that_hangs_holds_up_a_stop_no_longer_than_systemd_waits(door, broker):
    record(door, 3)
    with telling(door, broker.port) as process:
        until(lambda: retained(broker, STATE))
        broker._process.send_signal(signal.SIGSTOP)
        started = time.monotonic()
        process.terminate()
        assert process.wait(30) == 0
        assert time.monotonic() - started < 25
        broker._process.send_signal(signal.SIGCONT)


def test_what_home_assistant_is_told_leads_to_topics_that_are_there(door, broker):
    record(door, 2)
    with Reader(broker) as reader, telling(door, broker.port):
        until(lambda: len(reader.of(EVENT)) == 2 and reader.of(STATE))
        told = dict(reader.told)
    found = [json.loads(text) for topic, text in told.items() if topic.endswith("/config")]
    assert len(found) == 11
    assert {one["state_topic"] for one in found} | {AVAILABILITY} <= told.keys()
    assert not [key for one in found for key in one if "command" in key]
