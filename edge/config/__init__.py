"""The configuration: one TOML file, read once, checked as a whole, frozen."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edge.config.checks import check_together
from edge.config.keys import KEYS, Key, Value
from edge.config.lines import Lines
from edge.config.mqtt import MqttConfig, mqtt_config
from edge.config.paths import anchored, default_path
from edge.config.reading import Fault, read_values
from edge.config.sections import (
    ButtonConfig,
    CameraConfig,
    DoorConfig,
    HooksConfig,
    HoursConfig,
    LightsConfig,
    LockoutConfig,
    LogConfig,
    PathsConfig,
    PrivacyConfig,
    RecognitionConfig,
    TrustConfig,
)
from edge.contract.errors import ConfigError, MissingError
from edge.contract.gates import Limits

SYSTEM_FILE = Path("/etc/onelook/onelook.toml")


@dataclass(frozen=True)
class Setting:
    """A key with its effective value as TOML writes it, and where that came from."""

    key: Key
    value: Value
    origin: str


@dataclass(frozen=True)
class Config:
    """Everything that an owner can choose; each part of the program is handed its own part."""

    paths: PathsConfig
    door: DoorConfig
    button: ButtonConfig
    lights: LightsConfig
    camera: CameraConfig
    recognition: RecognitionConfig
    trust: TrustConfig
    gates: Limits
    lockout: LockoutConfig
    hours: HoursConfig
    privacy: PrivacyConfig
    hooks: HooksConfig
    log: LogConfig
    mqtt: MqttConfig
    settings: tuple[Setting, ...]


def load_config(path: Path | None) -> Config:
    """Read `path`, else $ONELOOK_CONFIG, else /etc/onelook/onelook.toml, else take the defaults.

    Paths in a file count from its folder.

    Raises:
        MissingError: a file was named and is not there. ConfigError: all faults of the file.
    """
    file = _which(path)
    document, lines = _parse(file) if file else ({}, Lines(""))
    values, given, faults = read_values(document, lines)
    folder = file.parent.absolute() if file else Path()
    faults += check_together(values, folder, lines)
    if faults:
        raise _error(file, faults)
    settings = tuple(_setting(key, given, file, lines) for key in KEYS)
    return _build(values, given, folder, settings)


def changed_keys(before: Config, after: Config) -> list[str]:
    """The keys, as "section.name", whose values are not the same."""
    values = {(s.key.section, s.key.name): s.value for s in before.settings}
    return [
        f"{one.key.section}.{one.key.name}"
        for one in after.settings
        if values[one.key.section, one.key.name] != one.value
    ]


def _which(path: Path | None) -> Path | None:
    named = path or (Path(p) if (p := os.environ.get("ONELOOK_CONFIG")) else None)
    if named is None:
        return SYSTEM_FILE if _is_file(SYSTEM_FILE) else None
    if not _is_file(named):
        raise MissingError(
            f"{named}: no configuration there.",
            remedy="Check the path, or leave --config out for the defaults.",
        )
    return named


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError as e:  # in a folder that is closed to us: it may well be there, and count
        raise _unreadable(path, e) from e


def _parse(file: Path) -> tuple[dict[str, Any], Lines]:
    try:
        text = file.read_text(encoding="utf-8")
        return tomllib.loads(text), Lines(text)
    except OSError as e:
        raise _unreadable(file, e) from e
    except (ValueError, RecursionError) as e:  # TOMLDecodeError, UnicodeDecodeError
        raise ConfigError(
            f"{file}: not TOML: {e}.", remedy="Mend that place; text values stand in quotes."
        ) from e


def _unreadable(file: Path, error: OSError) -> ConfigError:
    return ConfigError(
        f"{file}: cannot be read ({error.strerror}).", remedy="Check its path, owner and mode."
    )


def _error(file: Path | None, faults: list[Fault]) -> ConfigError:
    told = [f"{file}:{fault.line}: {fault.what}" for fault in sorted(faults, key=lambda f: f.line)]
    return ConfigError(
        told[0] if len(told) == 1 else f"{file}: {len(told)} faults.",
        why="\n".join(told) if len(told) > 1 else "",
        remedy="See docs/configuration.md, or: onelook config show",
    )


def _setting(
    key: Key, given: Mapping[tuple[str, str], Value], file: Path | None, lines: Lines
) -> Setting:
    at = (key.section, key.name)
    if at not in given:
        value = str(default_path(key.name)) if key.section == "paths" else key.default
        return Setting(key, value, "default")
    return Setting(key, given[at], f"{file}:{lines.of(*at)}")


def _build(
    values: Mapping[tuple[str, str], Any],
    given: Mapping[tuple[str, str], Value],
    folder: Path,
    settings: tuple[Setting, ...],
) -> Config:
    def part(section: str) -> dict[str, Any]:
        return {name: value for (of, name), value in values.items() if of == section}

    paths, door, button, camera = part("paths"), part("door"), part("button"), part("camera")
    recognition, lockout = part("recognition"), part("lockout")
    where = {
        name: anchored(folder, paths[name]) if ("paths", name) in given else default_path(name)
        for name in ("state_dir", "models_dir", "socket")
    }
    source = camera["source"]
    kind, _, where_from = source.partition(":")
    if kind in {"folder", "film"}:
        source = f"{kind}:{anchored(folder, where_from)}"

    def file(section: str, name: str) -> str:
        named = values[section, name]
        return named and str(anchored(folder, named))

    return Config(
        PathsConfig(**where),
        DoorConfig(
            door["lock_pin"],
            door["lock_active"],
            door["pulse"],
            door["mode"],
            door["exit_pin"],
            door["exit_opens"],
            door["contact_pin"],
            door["contact_shut"],
            door["tamper_pin"],
            door["tamper_shut"],
            door["held_after"],
            door["relock_on_close"],
        ),
        ButtonConfig(button["pin"], button["debounce"], button["gap"]),
        LightsConfig(**part("lights")),
        CameraConfig(source, camera["rotate"], camera["frame_limit"]),
        RecognitionConfig(
            file("recognition", "bundle"),
            recognition["allow_unsigned"],
            recognition["level"],
            recognition["frames"],
            recognition["agree"],
            recognition["decide_within"],
            recognition["margin"],
        ),
        TrustConfig(file("trust", "owner"), file("trust", "keys")),
        Limits(**part("gates")),
        LockoutConfig(lockout["free"], lockout["first"], lockout["cap"]),
        HoursConfig(**part("hours")),
        PrivacyConfig(**part("privacy")),
        HooksConfig(*part("hooks").values()),
        LogConfig(values["log", "keep"], values["log", "most"]),
        mqtt_config(part("mqtt"), file),
        settings,
    )
