"""Files that are whole or not there, in a folder that is the door's alone."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from edge.contract.errors import PermissionsError, StorageError

_FREE = "Free some space, check the card; the door stays locked until then."


def own_folder(folder: Path) -> None:
    """Make the state folder, or check that nobody else can look into it.

    Raises:
        PermissionsError: it is open to others. StorageError: it cannot be made.
    """
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as e:
        raise storage_error(folder, "cannot be made", e) from e
    check_private(folder)


def check_private(path: Path) -> None:
    """Raises: PermissionsError: group or others may read or write it."""
    mode = stat.S_IMODE(path.stat().st_mode)
    if mode & 0o077:
        raise PermissionsError(
            f"{path}: open to others (mode {mode:04o}).",
            why="It holds measurements of faces, or the key to them.",
            remedy=f"chmod go-rwx {path}",
        )


def write_whole(path: Path, data: bytes) -> None:
    """Write beside it, force it to the disk, rename, force the rename to the disk.

    Raises:
        StorageError: the disk refuses; `path` is then as it was.
    """
    new = path.with_name(f".{path.name}.new")
    try:
        handle = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        new.rename(path)
        sync_folder(path.parent)
    except OSError as e:
        new.unlink(missing_ok=True)
        raise storage_error(path, "cannot be written", e) from e


def sync_folder(folder: Path) -> None:
    """Force names made, changed or removed in `folder` to the disk."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def storage_error(path: Path, what: str, error: OSError) -> StorageError:
    """The system's refusal as an error of ours."""
    return StorageError(f"{path}: {what} ({error.strerror or error}).", remedy=_FREE)
