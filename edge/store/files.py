"""Files that are whole or not there, in a folder that is the door's alone."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from edge.contract.errors import OnelookError, PermissionsError, StorageError

FREE = "Free some space, check the card; the door stays locked until then."


def own_folder(folder: Path) -> None:
    """Make the state folder, or check that nobody else can look into it.

    Raises:
        PermissionsError: it is open to others, or closed to us. StorageError: it cannot be made.
    """
    with refusals(folder, "cannot be made"):
        make_folder(folder, 0o700)
    check_private(folder)


def make_folder(folder: Path, mode: int) -> None:
    """Make it if it is not there, and what it lies in; what is forced to the disk in it stays.

    Without its own name on the disk a folder may be gone after a power cut, with all that is in it.

    Raises:
        OSError: the disk refuses.
    """
    above = folder.parent
    if not above.exists():
        make_folder(above, 0o777)
    try:
        folder.mkdir(mode)
    except FileExistsError:
        if not folder.is_dir():
            raise
    else:
        sync_folder(above)


def check_private(path: Path) -> None:
    """Raises: PermissionsError: group or others may read or write it, or we may not."""
    with refusals(path, "cannot be looked at"):
        mode = stat.S_IMODE(path.stat().st_mode)
    if mode & 0o077:
        raise PermissionsError(
            f"{path}: open to others (mode {mode:04o}).",
            why="It holds measurements of faces, or the key to them.",
            remedy=f"chmod go-rwx {path}",
        )


def write_whole(path: Path, data: bytes, *, mode: int = 0o600) -> None:
    """Write beside it, force it to the disk, rename, force the rename to the disk.

    Raises:
        StorageError, PermissionsError: the disk refuses; `path` is whole, mostly the old one.
    """
    new = path.with_name(f".{path.name}.new")
    with refusals(path, "cannot be written"):
        try:
            handle = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
            with os.fdopen(handle, "wb") as file:
                os.fchmod(handle, mode)  # whatever the umask says
                hand_over(handle, path.parent)
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            new.rename(path)
            sync_folder(path.parent)
        except OSError:
            new.unlink(missing_ok=True)
            raise


def hand_over(handle: int, folder: Path) -> None:
    """What root makes in somebody else's folder is theirs: `sudo onelook enroll` is for the door.

    Raises:
        OSError: it cannot be given.
    """
    if os.geteuid() == 0:
        owner = folder.stat()
        os.fchown(handle, owner.st_uid, owner.st_gid)


def sync_folder(folder: Path) -> None:
    """Force names made, changed or removed in `folder` to the disk."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextmanager
def refusals(path: Path, what: str) -> Iterator[None]:
    """The system's refusals as errors of ours. Raises: StorageError, PermissionsError."""
    try:
        yield
    except OSError as e:
        raise storage_error(path, what, e) from e


def storage_error(path: Path, what: str, error: OSError) -> OnelookError:
    """One refusal: a disk that fails and a user who may not have different remedies."""
    told = f"{path}: {what} ({error.strerror or error})."
    if isinstance(error, PermissionError):
        return PermissionsError(
            told,
            why="It belongs to another user, most likely the one that the door runs as.",
            remedy="Say it as that user: sudo -u onelook onelook ...",
        )
    return StorageError(told, remedy=FREE)
