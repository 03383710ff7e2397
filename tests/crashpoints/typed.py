"""Commands as an owner types them: recorded in processes of their own, said again in this one."""

from __future__ import annotations

import io
import random
import sys
import tempfile
from collections.abc import Sequence
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from unittest.mock import patch

from edge.cli.main import main, parser_of
from edge.config import load_config
from edge.contract.manifest import Manifest
from edge.store.people import Person, Template
from edge.trusted import trusted_manifest

_parser = lru_cache(parser_of)  # the same each time, and slow to make
# What a board without a battery believes after the power was gone.
_LONG_AGO = 1.0


@dataclass(frozen=True)
class Step:
    """typed: {0} is the folder of all that is recorded. done: what a second time may say instead.

    people: who may come in after it, as `who` writes them. back: who would after an undo, if that
    is still possible then.
    """

    typed: str
    people: str = ""
    back: str | None = None
    done: str = ""


def typed(steps: Sequence[Step], folder: Path, scratch: Path, fault: str = "") -> list[list[str]]:
    """Every step as a process. fault: code that spoils the product in it."""
    config = _config(folder, scratch)
    code = f"import sys\n{fault}\nfrom edge.cli.main import main\nsys.exit(main())"
    return [
        [sys.executable, "-c", code, *step.typed.format(folder).split(), "--config", str(config)]
        for step in steps
    ]


def say(line: str, folder: Path) -> tuple[int, str]:
    """Type it here, with a clock that has gone back: the exit code, and the errors it told."""
    config, out, err = _config(folder, folder), io.StringIO(), io.StringIO()
    with (
        redirect_stdout(out),
        redirect_stderr(err),
        patch("time.time", return_value=_LONG_AGO),
        patch("edge.cli.main.parser_of", _parser),
    ):
        code = main([*line.format(folder).split(), "--config", str(config)])
    return code, err.getvalue()


def network(folder: Path) -> Manifest:
    """That of the bundle which a new door has."""
    with tempfile.TemporaryDirectory() as scratch:
        return trusted_manifest(load_config(_config(folder, Path(scratch)))).manifest


def enrolled(number: int, name: str, network: Manifest) -> Person:
    """Somebody whose face is chance: nobody looks like another."""
    face = random.Random(number).randbytes(network.dimensions)
    kept = Template(face, network.model, "photo", "2026-11-27", "")
    return Person(f"p-{number}", name, (kept,))


def who(people: Sequence[Person]) -> str:
    """The people in one line; - stands for a switch that is off."""
    return " ".join(f"{p.name}{p.until}{'-' * p.disabled}" for p in people)


def _config(folder: Path, scratch: Path) -> Path:
    config = scratch / "onelook.toml"
    config.write_text(f'[paths]\nstate_dir = "{folder / "state"}"\n')
    return config
