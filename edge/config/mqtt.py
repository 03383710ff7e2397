"""[mqtt]: the broker that is told what happens at the door; off as long as none is named."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class MqttConfig:
    """broker: "" for none. ca, cert, key: "" for none. password_file: None for none."""

    broker: str
    port: int
    name: str
    prefix: str
    discovery: str
    tls: bool
    ca: str
    cert: str
    key: str
    user: str
    password_file: Path | None
    names: bool
    history: bool
    health_s: float


def mqtt_config(values: Mapping[str, Any], file: Callable[[str, str], str]) -> MqttConfig:
    """file: a key of a section as an absolute path, or ""."""
    paths = {name: file("mqtt", name) for name in ("ca", "cert", "key", "password_file")}
    password = paths.pop("password_file")
    rest = {k: v for k, v in values.items() if k not in {*paths, "password_file", "health"}}
    return MqttConfig(
        **rest,
        **paths,
        password_file=Path(password) if password else None,
        health_s=values["health"],
    )
