"""One connection to a broker, by paho-mqtt: it publishes, it waits for receipts, and that is all.

paho would connect again by itself and send again what it still holds. Here a connection that is
lost is thrown away with all it holds: what was not acknowledged is read from the log again.
"""

from __future__ import annotations

import ssl
import time
from types import ModuleType
from typing import Any, Self

from edge.config.mqtt import MqttConfig
from edge.contract.errors import UnavailableError
from edge.mqtt.secrets import context_of, password_of
from edge.mqtt.topics import OFFLINE, Topics

_KEEPALIVE_S = 30
_CONNECT_S = 10.0
_RECEIPTS_S = 20.0
_STEP_S = 0.5
# MQTT 3.1.1, table 3.1; MQTT 5's words for the same in the second line.
_REFUSED = {
    4: "it does not take that user and password",
    5: "it does not let this user or certificate in",
}


class Broker:
    """Use as a context manager. Once the connection is lost, methods raise UnavailableError."""

    def __init__(self, settings: MqttConfig, topics: Topics) -> None:
        """Connect. If this ends without a word, the broker tells everybody: offline.

        Raises:
            UnavailableError: no paho-mqtt, or the broker cannot be reached, is another than the
                certificate says, or refuses us. ConfigError, PermissionsError: of files.
        """
        self._paho, self._topics = _library(), topics
        self._where = f"{settings.broker}:{settings.port}"
        self._answer: int | None = None
        self._sent: list[Any] = []
        self._client = self._made(settings)
        self._reach(settings)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.disconnect()
        self._client.loop(0.0)

    def fileno(self) -> int:
        found = self._client.socket()
        if found is None:
            raise self._lost("it hung up")
        return int(found.fileno())

    def publish(self, topic: str, payload: str, *, retain: bool = False) -> None:
        """Hand over a message, at least once; `settle` says when it is safe there."""
        sent = self._client.publish(topic, payload, qos=1, retain=retain)
        self._check(sent.rc)
        self._sent.append(sent)

    def settle(self) -> None:
        """Wait until the broker has acknowledged all that was published."""
        deadline = time.monotonic() + _RECEIPTS_S
        while waiting := [sent for sent in self._sent if not sent.is_published()]:
            if len(waiting) < len(self._sent):  # slow is not gone
                deadline = time.monotonic() + _RECEIPTS_S
            if time.monotonic() > deadline:
                raise self._lost(f"no receipt within {_RECEIPTS_S:.0f} s")
            self._sent = waiting
            self._check(self._client.loop(_STEP_S))
        self._sent = []

    def tend(self) -> None:
        """What keeps the connection alive; call it when it can be read, and every few seconds."""
        self._check(self._client.loop(0.0))

    def _made(self, settings: MqttConfig) -> Any:  # noqa: ANN401 - paho is there only at run time
        versions = getattr(self._paho, "CallbackAPIVersion", None)  # of paho 2, not of 1.6
        api = () if versions is None else (versions.VERSION2,)
        # Always the same: a broker ends the connection that a killed process left behind.
        name = f"onelook-{self._topics.name}"
        client = self._paho.Client(*api, client_id=name, protocol=self._paho.MQTTv311)
        client.on_connect = self._answered
        client.max_inflight_messages_set(0)  # as many as a batch has: their order is the wire's
        client.will_set(self._topics.availability, OFFLINE, qos=1, retain=True)
        if settings.tls:
            client.tls_set_context(context_of(settings))
        if settings.user:
            file = settings.password_file
            client.username_pw_set(settings.user, password_of(file) if file else None)
        return client

    def _answered(
        self, _client: object, _data: object, _flags: object, code: object, *_: object
    ) -> None:
        # A number of paho 1.6, an object with one of paho 2.
        self._answer = int(getattr(code, "value", code))

    def _reach(self, settings: MqttConfig) -> None:
        try:
            self._client.connect(settings.broker, settings.port, keepalive=_KEEPALIVE_S)
        except ssl.SSLCertVerificationError as e:
            raise UnavailableError(
                f"{self._where}: not the broker that it should be ({e.verify_message}).",
                remedy="[mqtt] ca names who signed its certificate; broker, the name in it.",
            ) from e
        except (OSError, ValueError) as e:  # ssl.SSLError among them
            why = getattr(e, "strerror", None) or str(e)
            raise self._lost(why, "cannot be reached") from e
        deadline = time.monotonic() + _CONNECT_S
        while self._answer is None and time.monotonic() < deadline:
            if self._client.loop(_STEP_S) != self._paho.MQTT_ERR_SUCCESS and self._answer is None:
                raise self._lost("it hung up before it answered; does it want [mqtt] cert?")
        if self._answer is None:
            raise self._lost(f"no answer within {_CONNECT_S:.0f} s", "cannot be reached")
        if self._answer != 0:
            why = _REFUSED.get(self._answer & 0x7F, f"code {self._answer}")
            raise UnavailableError(
                f"{self._where}: refuses this door: {why}.",
                remedy="Check [mqtt] user, password_file, cert and key, and the broker's own list.",
            )

    def _check(self, code: int) -> None:
        if code != self._paho.MQTT_ERR_SUCCESS:
            raise self._lost(self._paho.error_string(code).rstrip("."))

    def _lost(self, why: str, what: str = "the connection is lost") -> UnavailableError:
        return UnavailableError(
            f"{self._where}: {what} ({why}).", remedy="It is tried again; nothing is lost."
        )


def _library() -> ModuleType:
    try:
        from paho.mqtt import client
    except ImportError as e:
        raise UnavailableError(
            "paho-mqtt is not installed.", remedy="sudo apt install python3-paho-mqtt"
        ) from e
    return client
