"""The key that seals the gallery.

A file beside the gallery protects copies and backups of the gallery alone: who has the whole card
has both. A systemd credential keeps the key out of the state folder.
"""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from edge.contract.errors import StorageError
from edge.store.files import check_private, refusals, sync_folder, write_whole

KEY_BYTES = 32
FILE, NEXT = "gallery.key", "gallery.key.next"
CREDENTIAL = "onelook.key"


def make_next_key(state_dir: Path) -> bytes | None:
    """A new key on the disk, beside the one that counts; None if that is a credential.

    Raises:
        StorageError: the disk refuses.
    """
    if _credential() is not None:
        return None
    key = secrets.token_bytes(KEY_BYTES)
    write_whole(state_dir / NEXT, key)
    return key


def take_next_key(state_dir: Path) -> None:
    """The new key counts, and the old one is gone from the folder.

    Raises:
        StorageError: the disk refuses; both are there still.
    """
    with refusals(state_dir / FILE, "cannot be replaced"):
        (state_dir / NEXT).replace(state_dir / FILE)
        sync_folder(state_dir)


def find_keys(state_dir: Path) -> list[bytes]:
    """The key that counts, and one that was made to take its place; none if there is none.

    Raises:
        StorageError, PermissionsError: as `find_key`.
    """
    following = _read(state_dir / NEXT)  # first this one: meanwhile it may become the other
    return [key for key in (find_key(state_dir), following) if key is not None]


def find_key(state_dir: Path) -> bytes | None:
    """The key, 32 bytes; None if there is none yet. Never makes one.

    Raises:
        StorageError: what lies there is no key. PermissionsError: it is open to others.
    """
    given = _credential()
    if given is not None:
        return _read(given)
    own = state_dir / FILE
    if not own.is_file():
        return None
    check_private(own)
    return _read(own)


def find_or_make_key(state_dir: Path) -> bytes:
    """The key; a new one on the disk if there is none.

    Raises:
        StorageError: as `find_key`, or the disk refuses.
    """
    key = find_key(state_dir)
    if key is None:
        key = secrets.token_bytes(KEY_BYTES)
        write_whole(state_dir / FILE, key)
    return key


def _credential() -> Path | None:
    credentials = os.environ.get("CREDENTIALS_DIRECTORY", "")
    given = Path(credentials) / CREDENTIAL
    return given if credentials and given.is_file() else None


def _read(path: Path) -> bytes | None:
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as e:
        raise StorageError(
            f"{path}: cannot be read ({e.strerror}).", remedy="Check its owner and mode."
        ) from e
    if len(data) != KEY_BYTES:
        raise StorageError(
            f"{path}: not a key of {KEY_BYTES} bytes.",
            remedy="Restore it; without it the gallery cannot be read.",
        )
    return data
