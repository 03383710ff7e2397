"""The eye's end of the Unix socket: one eye per path, and only a door of the same user or group."""

from __future__ import annotations

import errno
import os
import socket
import stat
import struct
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from edge.contract.errors import BusyError, ConfigError, OutputError, PermissionsError

_MODE = 0o660
_FOLDER_MODE = 0o750
_CREDENTIALS = struct.Struct("3i")  # struct ucred of unix(7): pid, uid, gid


@contextmanager
def listening(path: Path) -> Iterator[socket.socket]:
    """A socket that doors may connect to, as long as this lasts; then its file is removed.

    Raises:
        BusyError: another eye answers there.
        ConfigError, OutputError, PermissionsError: the file cannot be made there.
    """
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as listener:
        _bind(listener, path)
        made = path.stat().st_ino
        try:
            listener.listen(4)
            listener.settimeout(0.0)
            yield listener
        finally:
            with suppress(OSError):
                if path.stat().st_ino == made:  # and not the one of an eye that came after us
                    path.unlink()


def admit(listener: socket.socket) -> socket.socket | None:
    """Take the connection that waits; None if it has gone, or comes from somebody else's process.

    The connection does not block: a door that reads nothing must not hold up the eye.
    """
    try:
        door, _ = listener.accept()
    except OSError:
        return None
    door.settimeout(0.0)
    if is_ours(door):
        return door
    door.close()
    return None


def is_ours(door: socket.socket) -> bool:
    """Whether the process at the other end has our user or our group."""
    size = _CREDENTIALS.size
    _, uid, gid = _CREDENTIALS.unpack(door.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, size))
    return bool(uid == os.geteuid() or gid == os.getegid())


def _bind(listener: socket.socket, path: Path) -> None:
    try:
        path.parent.mkdir(mode=_FOLDER_MODE, parents=True, exist_ok=True)
        _clear(path)
        before = os.umask(0o777 & ~_MODE)  # bind(2) makes the file, and for whom this says
        try:
            listener.bind(str(path))
        finally:
            os.umask(before)
    except PermissionError as e:
        raise PermissionsError(
            f"{path}: the eye's socket cannot be made there ({e.strerror}).",
            remedy="Run as the service does, or set [paths] socket to a path of your own.",
        ) from e
    except OSError as e:  # "AF_UNIX path too long" comes without a number
        raise ConfigError(
            f"{path}: no path for a socket ({e.strerror or e}).",
            remedy="Set [paths] socket to another one; Linux takes 107 bytes at most.",
        ) from e


def _clear(path: Path) -> None:
    """Remove the socket's file that a killed eye left behind, and nothing else."""
    if not path.is_symlink() and not path.exists():
        return
    if not stat.S_ISSOCK(path.lstat().st_mode):
        raise OutputError(
            f"{path}: there is something else, which is not removed.",
            remedy="Move it away, or set [paths] socket to another path.",
        )
    if somebody_listens(path):
        raise BusyError(
            f"{path}: another eye is running.",
            remedy="Stop it first: sudo systemctl stop onelook-eye",
        )
    path.unlink()


def somebody_listens(path: Path) -> bool:
    """Whether an eye listens there, or one may that this user may not reach."""
    # A connection of the eye's kind would take the place of the door's: ask for another kind.
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        try:
            probe.connect(str(path))
        except OSError as e:
            return e.errno in {errno.EPROTOTYPE, errno.EACCES}
    return True
