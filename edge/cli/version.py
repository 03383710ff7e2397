"""`onelook version`: what exactly is installed, for a report or a comparison."""

from __future__ import annotations

import argparse
import platform
import shutil
import sys
from pathlib import Path

from edge import __version__
from edge.cli.arguments import Commands
from edge.cli.output import publish
from edge.config import Config, load_config
from edge.contract.errors import OnelookError


def register(commands: Commands) -> None:
    """Add what this module holds to the parser."""
    commands.add(
        "version",
        summary="show the versions of program, engine, OpenCV and bundle",
        example="onelook version --json",
        run=_version,
    )


def _version(args: argparse.Namespace) -> int:
    import cv2
    import numpy as np

    facts = {
        "program": __version__,
        "executable": _executable(),
        "python": f"{platform.python_version()} ({sys.executable})",
        "system": f"{platform.system()} {platform.release()} {platform.machine()}",
        "numpy": np.__version__,
        "opencv": cv2.__version__,
        **_network(load_config(args.config)),
    }
    width = max(len(name) for name in facts)
    return publish(
        args, "version", (f"{name:<{width}}  {fact}" for name, fact in facts.items()), **facts
    )


def _executable() -> str:
    """What was started: another program of the same name may stand first on the PATH."""
    started = shutil.which(sys.argv[0]) or sys.argv[0]
    return str(Path(started).resolve())


def _network(config: Config) -> dict[str, str]:
    """Bundle and engine; if one is at fault, the fault in its place: the rest is still wanted."""
    from edge.contract.bundle import EMBEDDING
    from edge.eye.engine import Engine
    from edge.trusted import bundle_path, trusted_bundle

    folder = bundle_path(config)
    try:
        bundle = trusted_bundle(config)
        manifest = bundle.manifest
        described = f"{manifest.name}, serial {manifest.serial}, model {manifest.model}"
        engine = Engine(bundle.files[EMBEDDING]).name
    except OnelookError as e:
        return {"bundle": str(folder), "fault": e.what}
    return {"bundle": f"{described} ({folder})", "model": manifest.model, "engine": engine}
