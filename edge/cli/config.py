"""`onelook config show` and `config check`."""

from __future__ import annotations

import argparse
from typing import Any

from edge.cli.arguments import Commands
from edge.cli.output import publish
from edge.config import Config, bundle_path, load_config


def register(commands: Commands) -> None:
    """Add what this module holds to the parser."""
    config = commands.add(
        "config",
        summary="show or check the configuration",
        example="onelook config check --config onelook.toml",
        run=None,
    )
    parts = Commands(config, title="commands")
    parts.add(
        "show",
        summary="show every setting, its value and where that came from",
        example="onelook config show",
        run=_show,
    )
    parts.add(
        "check",
        summary="report every fault of the configuration at once",
        example="onelook config check --config onelook.toml",
        run=_check,
    )


def _show(args: argparse.Namespace) -> int:
    config = load_config(args.config)
    settings = _settings(config)
    lines, section = [], ""
    for (part, key), value in settings.items():
        if part != section:
            lines += ["", f"[{part}]"] if section else [f"[{part}]"]
            section = part
        lines.append(f"{f'{key} = {_toml(value)}':<44}  # {_origin(config, part, key)}")
    content: dict[str, dict[str, Any]] = {}
    for (part, key), value in settings.items():
        origin = _origin(config, part, key)
        content.setdefault(part, {})[key] = {"value": _plain(value), "origin": origin}
    return publish(args, "config", lines, settings=content)


def _check(args: argparse.Namespace) -> int:
    from edge.contract.bundle import load_bundle

    config = load_config(args.config)
    folder = bundle_path(config)
    threshold = load_bundle(folder).manifest.threshold(config.recognition.level)
    return publish(
        args,
        "config",
        ["The configuration is right.", f"bundle: {folder}, level {threshold.level}"],
        bundle=str(folder),
        level=threshold.level,
    )
