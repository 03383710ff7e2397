"""Where a path of the configuration leads: from the file's folder, or to the system's places."""

from __future__ import annotations

import os
from pathlib import Path

_SYSTEM = {
    "state_dir": Path("/var/lib/onelook"),
    "models_dir": Path("/var/lib/onelook-models"),
    "socket": Path("/run/onelook/eye.sock"),
}
_FOLDERS = frozenset({"state_dir", "models_dir"})


def anchored(folder: Path, text: str) -> Path:
    """The path that a file in `folder` means by `text`."""
    return folder / Path(text).expanduser()


def default_path(name: str) -> Path:
    """The services' place for root, and wherever onelook is installed; else the user's own.

    A user who may not go there is refused there: a second gallery of their own would open no door.
    """
    system = _SYSTEM[name]
    folder = system if name in _FOLDERS else system.parent
    if os.geteuid() == 0 or folder.exists():
        return system
    if name in _FOLDERS:
        base = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local/state"
        return Path(base) / system.name
    return Path(os.environ.get("XDG_RUNTIME_DIR") or "/tmp") / "onelook" / "eye.sock"  # noqa: S108 - the eye makes the folder its own
