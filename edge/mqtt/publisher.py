"""`onelook mqtt`: what the log tells, published until the broker has acknowledged it."""

from __future__ import annotations

import json
import select
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager
from socket import socket
from typing import Any

from edge import __version__, journal, notify
from edge.config.mqtt import MqttConfig
from edge.contract.errors import OnelookError, StorageError, UnavailableError
from edge.mqtt.acknowledged import Acknowledged
from edge.mqtt.broker import Broker
from edge.mqtt.discovery import discovery
from edge.mqtt.feed import Feed
from edge.mqtt.topics import OFFLINE, ONLINE, Topics
from edge.tell.place import Place
from edge.vitals import vitals

_FIRST_WAIT_S, _LONGEST_WAIT_S = 1.0, 60.0
_TEND_S = 5.0

Teller = Callable[[], AbstractContextManager[socket]]


def publish_log(settings: MqttConfig, teller: Teller, kept: Acknowledged, stop: int) -> None:
    """Publish until `stop` can be read. teller: opens a way to `onelook tell`.

    Raises:
        ConfigError, PermissionsError: what no second try mends.
    """
    said, wait = "", _FIRST_WAIT_S
    while not _stopped(stop, 0.0):
        session = _Session(settings, kept, stop)
        try:
            session.run(teller)
        except (UnavailableError, StorageError) as e:
            wait = _FIRST_WAIT_S if session.delivered else min(2 * wait, _LONGEST_WAIT_S)
            if session.delivered or e.what != said:  # once for each cause, not every minute
                journal.write("broker_lost", priority=journal.WARNING, what=e.what, remedy=e.remedy)
            said = e.what
            notify.status(e.what)
            if _stopped(stop, wait):
                return


class _Session:
    """From one connection to the broker until it is lost. delivered: the broker took something."""

    def __init__(self, settings: MqttConfig, kept: Acknowledged, stop: int) -> None:
        self._settings, self._kept, self._stop = settings, kept, stop
        self._topics = Topics(settings.prefix, settings.name)
        self._health_at = 0.0
        self.delivered = False

    def run(self, teller: Teller) -> None:
        with Broker(self._settings, self._topics) as broker, teller() as connection:
            self._introduce(broker)
            feed = Feed(connection, self._asked())
            begins, anew, lines = feed.begin()
            if anew:
                journal.write("log_anew", priority=journal.WARNING)
            if anew or self._kept.place is None:
                self._keep(begins)
            self._publish(broker, lines)
            while not self._turn(broker, feed):
                pass
            broker.publish(self._topics.availability, OFFLINE, retain=True)
            broker.settle()

    def _introduce(self, broker: Broker) -> None:
        if self._settings.discovery:
            for topic, text in discovery(self._settings.discovery, self._topics, __version__):
                broker.publish(topic, text, retain=True)
        broker.publish(self._topics.availability, ONLINE, retain=True)
        self._tell_health(broker)
        broker.settle()
        self.delivered = True
        journal.write("broker_connected", broker=self._settings.broker)
        notify.status(f"connected to {self._settings.broker}")

    def _asked(self) -> Place | None:
        if self._kept.place is None and self._settings.history:
            return Place()
        return self._kept.place

    def _turn(self, broker: Broker, feed: Feed) -> bool:
        """Wait for one of three and serve it; whether it is time to end."""
        readable, _, _ = select.select([feed, broker, self._stop], [], [], _TEND_S)
        if self._stop in readable:
            return True
        if feed in readable:
            self._publish(broker, feed.read())
        broker.tend()
        if time.monotonic() >= self._health_at:
            self._tell_health(broker)
            broker.settle()
        return False

    def _publish(self, broker: Broker, lines: Iterable[Mapping[str, Any]]) -> None:
        """Some lines; only what the broker has acknowledged counts as told."""
        last = None
        for line in lines:
            if "event" in line:
                broker.publish(self._topics.event, _compact(line["event"]))
                last = Place(*line["place"])
            elif "state" in line:
                broker.publish(self._topics.state, _compact(line["state"]), retain=True)
        broker.settle()
        if last is not None:
            self._keep(last)

    def _keep(self, place: Place) -> None:
        try:
            self._kept.keep(place)
        except OnelookError as e:  # a full card: repeats after the next start, and none lost
            self._kept.place = place
            journal.write("fault", priority=journal.CRITICAL, what=e.what, remedy=e.remedy)

    def _tell_health(self, broker: Broker) -> None:
        broker.publish(self._topics.health, _compact(vitals()), retain=True)
        self._health_at = time.monotonic() + self._settings.health_s


def check(settings: MqttConfig) -> None:
    """Connect once and leave. Raises: as `Broker`."""
    with Broker(settings, Topics(settings.prefix, f"{settings.name}/check")):
        pass


def _compact(document: Mapping[str, Any]) -> str:
    return json.dumps(document, ensure_ascii=False, separators=(",", ":"))


def _stopped(stop: int, wait_s: float) -> bool:
    return bool(select.select([stop], [], [], wait_s)[0])
