"""Where the files are that come with the program: bundles, the demo's photographs."""

from __future__ import annotations

from pathlib import Path

from edge.contract.errors import MissingError

_PACKAGE = Path(__file__).resolve().parent


def shipped(*parts: str) -> Path:
    """The path of a file or folder that came with this program.

    In a wheel they lie inside the package, in a checkout beside it: `models/...` and
    `application_data/...`.

    Raises:
        MissingError: the installation is not whole.
    """
    inside = _PACKAGE / "_shipped"
    path = (inside if inside.is_dir() else _PACKAGE.parent).joinpath(*parts)
    if not path.exists():
        raise MissingError(
            f"{path} is missing",
            why="It comes with the program, so this installation is not whole.",
            remedy="Install onelook again; in a checkout: git checkout -- " + parts[0],
        )
    return path
