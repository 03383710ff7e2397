"""Home Assistant's MQTT discovery: what it needs to show a door without being configured.

One retained document for each entity, as its integrations `event`, `sensor` and `binary_sensor`
read them. None has a `command_topic`: there is nothing at the door that would listen.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from edge.messages import IDS
from edge.mqtt.topics import OFFLINE, ONLINE, Topics

_EVENT = "{{ dict(value_json, event_type=value_json.reason) | to_json }}"
_DIAGNOSTIC = {"entity_category": "diagnostic"}


def _value(key: str) -> str:
    return f"{{{{ value_json.{key} }}}}"


def _flag(key: str) -> str:
    """A key that is true, false or null; of null Home Assistant makes "unknown"."""
    return f"{{{{ {{true: 'ON', false: 'OFF'}}.get(value_json.{key}, 'None') }}}}"


_DOOR = "{{ {'open': 'ON', 'shut': 'OFF'}.get(value_json.door, 'None') }}"

# component, object, name, which topic, and what is its own
_ENTITIES: tuple[tuple[str, str, str, str, dict[str, Any]], ...] = (
    ("event", "event", "Event", "event", {"value_template": _EVENT, "event_types": sorted(IDS)}),
    ("sensor", "reason", "Last press", "state", {"value_template": _value("reason")}),
    (
        "sensor",
        "pressed",
        "Last pressed",
        "state",
        {"value_template": _value("time"), "device_class": "timestamp"},
    ),
    ("sensor", "mode", "Mode", "state", {"value_template": _value("mode")}),
    (
        "binary_sensor",
        "door",
        "Door",
        "state",
        {"value_template": _DOOR, "device_class": "door"},
    ),
    (
        "binary_sensor",
        "lockout",
        "Lock-out",
        "state",
        {"value_template": _flag("lockout"), "device_class": "problem"},
    ),
    ("sensor", "people", "People", "state", {"value_template": _value("people"), **_DIAGNOSTIC}),
    ("sensor", "model", "Model", "state", {"value_template": _value("model"), **_DIAGNOSTIC}),
    (
        "sensor",
        "temperature",
        "Temperature",
        "health",
        {
            "value_template": _value("temperature_c"),
            "device_class": "temperature",
            "state_class": "measurement",
            "unit_of_measurement": "°C",
            **_DIAGNOSTIC,
        },
    ),
    (
        "binary_sensor",
        "undervoltage",
        "Undervoltage",
        "health",
        {"value_template": _flag("undervoltage"), "device_class": "problem", **_DIAGNOSTIC},
    ),
    (
        "binary_sensor",
        "running",
        "Service",
        "health",
        {"value_template": _flag("running"), "device_class": "running", **_DIAGNOSTIC},
    ),
)


def discovery(root: str, topics: Topics, version: str) -> Iterator[tuple[str, str]]:
    """(topic, document) for each entity. root: Home Assistant's own, "homeassistant"."""
    node = f"onelook_{topics.name}"
    for component, entity, name, topic, own in _ENTITIES:
        document = {
            "name": name,
            "unique_id": f"{node}_{entity}",
            "state_topic": getattr(topics, topic),
            "availability_topic": topics.availability,
            "payload_available": ONLINE,
            "payload_not_available": OFFLINE,
            "qos": 1,
            "device": {
                "identifiers": [node],
                "name": f"onelook {topics.name}",
                "manufacturer": "onelook",
                "sw_version": version,
            },
            **own,
        }
        yield f"{root}/{component}/{node}/{entity}/config", json.dumps(document)
