"""The key that seals the gallery.

A file beside the gallery protects copies and backups of the gallery alone: who has the whole card
has both. A systemd credential keeps the key out of the state folder.
"""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from edge.contract.errors import StorageError
from edge.store.files import check_private, write_whole

KEY_BYTES = 32
FILE = "gallery.key"
CREDENTIAL = "onelook.key"


def find_key(state_dir: Path) -> bytes | None:
    """The key, 32 bytes; None if there is none yet. Never makes one.

    Raises:
        StorageError: what lies there is no key. PermissionsError: it is open to others.
    """
    credentials = os.environ.get("CREDENTIALS_DIRECTORY", "")
    given = Path(credentials) / CREDENTIAL
    if credentials and given.is_file():
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


def _read(path: Path) -> bytes:
    try:
        data = path.read_bytes()
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
