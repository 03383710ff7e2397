"""`onelook config show` and `config check`."""

from __future__ import annotations

import argparse
import json
from typing import Any

from edge.cli.arguments import Commands
from edge.cli.output import note, publish
from edge.config import load_config


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
    """Also a configuration file to start from: what it prints can be read again."""
    content: dict[str, dict[str, Any]] = {}
    lines: list[str] = []
    for setting in load_config(args.config).settings:
        key = setting.key
        if key.section not in content:
            lines += ["", f"[{key.section}]"] if lines else [f"[{key.section}]"]
        content.setdefault(key.section, {})[key.name] = {
            "value": setting.value,
            "origin": setting.origin,
        }
        # A JSON string, number or list is one of TOML too.
        lines.append(f"{f'{key.name} = {json.dumps(setting.value)}':<40}  # {setting.origin}")
    return publish(args, "config", lines, settings=content)


def _check(args: argparse.Namespace) -> int:
    from edge.door.match import Matcher
    from edge.door.people import step_for
    from edge.store.chosen import level_for
    from edge.store.gallery import GalleryStore
    from edge.trusted import bundle_path, trusted_bundle

    config = load_config(args.config)
    folder, bundle = bundle_path(config), trusted_bundle(config)
    level = level_for(config.paths.state_dir, bundle.manifest, config.recognition.level)
    matcher = Matcher(bundle.manifest, GalleryStore(config.paths.state_dir).load())
    old = [s.key.name for s in config.settings if s.key.section == "compat" and s.value != "off"]
    for name in old:
        note(
            f"config: [compat] {name} is not used. In the tutorial 0.5 and 0.5 were set by hand; "
            "here thresholds are measured on people never trained on, see models/faces/card.md."
        )
    people, threshold = matcher.people, step_for(level, matcher).distance
    return publish(
        args,
        "config",
        [
            "The configuration is right.",
            f"bundle: {folder}, level {level.name}, for up to {level.most_people} people",
            f"gallery: {people} people, {matcher.templates} templates, threshold {threshold:.5f}",
        ],
        bundle=str(folder),
        signer=bundle.signer,
        level=level.name,
        most_people=level.most_people,
        people=people,
        threshold=threshold,
    )
