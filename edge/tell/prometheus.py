"""The same figures for Prometheus, in the text format of node_exporter's textfile collector."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

_HELP = {
    "last_seq": "Number of the newest event; it only rises, except in a new log.",
    "last_press_timestamp_seconds": "When somebody pressed last, seconds since 1970.",
    "last_press_info": "How that press ended, in `reason`.",
    "mode_info": "normal, closed or shadow, in `mode`.",
    "door_open": "1 while the door's contact says open; absent without a contact.",
    "failures": "Failed presses in a row.",
    "lockout": "1 while the door does not look.",
    "people": "How many are enrolled.",
    "model_info": "The network, in `bundle` and `model`.",
    "temperature_celsius": "Of the processor.",
    "undervoltage": "1 if the supply was too low since the start.",
    "running": "1 while the door's service has a process.",
}
_ESCAPED = str.maketrans({"\\": "\\\\", '"': '\\"', "\n": "\\n"})


def exposition(seq: int, state: Mapping[str, Any], health: Mapping[str, Any]) -> list[str]:
    """Lines with a gauge for each figure that is known."""
    shut_or_open = {"open": True, "shut": False}.get(state["door"])
    values: dict[str, object] = {
        "last_seq": seq,
        "last_press_timestamp_seconds": _seconds(state["time"]),
        "last_press_info": {"reason": state["reason"]} if state["reason"] else None,
        "mode_info": {"mode": state["mode"]},
        "door_open": shut_or_open,
        "failures": state["failures"],
        "lockout": state["lockout"],
        "people": state["people"],
        "model_info": {"bundle": state["bundle"], "model": state["model"]},
        "temperature_celsius": health["temperature_c"],
        "undervoltage": health["undervoltage"],
        "running": health["running"],
    }
    return [line for name, value in values.items() for line in _gauge(name, value)]


def _gauge(name: str, value: object) -> Iterator[str]:
    if value is None:
        return
    labels = ""
    if isinstance(value, dict):
        pairs = (f'{key}="{str(text).translate(_ESCAPED)}"' for key, text in value.items())
        labels, value = "{" + ",".join(pairs) + "}", 1
    yield f"# HELP onelook_{name} {_HELP[name]}"
    yield f"# TYPE onelook_{name} gauge"
    number = int(value) if isinstance(value, bool) else value
    yield f"onelook_{name}{labels} {number}"


def _seconds(time: str | None) -> float | None:
    return datetime.fromisoformat(time).timestamp() if time else None
