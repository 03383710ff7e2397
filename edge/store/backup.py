"""The gallery in one file that a passphrase opens: on another card, and not with the door's key.

Layout: magic, version (1 byte), logarithm of scrypt's cost (1), salt (16), nonce (12), AES-256-GCM
of everything.
"""

from __future__ import annotations

import secrets
import struct

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from edge.contract.errors import DataError, VersionError
from edge.store.people import Gallery
from edge.store.sealed import MAX_BYTES, pack, unpack

MAGIC, VERSION = b"onelook-backup\0\0", 1
_COST = 17  # 128 MiB and about a second of a Pi 4, for each guess as well
_MOST_COST = 20
_HEADER = struct.Struct(">16sBB16s12s")
_NO_BACKUP = "Name a file that `onelook backup` made."


def make_backup(gallery: Gallery, passphrase: bytes) -> bytes:
    """The file."""
    salt, nonce = secrets.token_bytes(16), secrets.token_bytes(12)
    header = _HEADER.pack(MAGIC, VERSION, _COST, salt, nonce)
    return header + AESGCM(_key(passphrase, salt, _COST)).encrypt(nonce, pack(gallery), header)


def read_backup(data: bytes, passphrase: bytes) -> Gallery:
    """The gallery in a file.

    Raises:
        DataError: no backup, a damaged one, or another passphrase. VersionError: a newer one.
    """
    if len(data) < _HEADER.size or len(data) > MAX_BYTES or not data.startswith(MAGIC):
        raise DataError("not a backup of onelook.", remedy=_NO_BACKUP)
    header = data[: _HEADER.size]
    _, version, cost, salt, nonce = _HEADER.unpack(header)
    if version > VERSION or cost > _MOST_COST:
        raise VersionError("a newer onelook made this backup.", remedy="Install the newer one.")
    try:
        return unpack(
            AESGCM(_key(passphrase, salt, cost)).decrypt(nonce, data[_HEADER.size :], header)
        )
    except InvalidTag as e:
        raise DataError(
            "the backup does not open.",
            why="The passphrase is another one, or the file is damaged.",
            remedy="Try again; the first line of --passphrase-file is the passphrase.",
        ) from e
    except MemoryError as e:  # one flipped bit of the cost is enough
        raise DataError(
            f"the backup takes {1 << cost >> 10} MiB of memory to open, which there is not.",
            why="That much makes guessing dear; or the file is damaged.",
            remedy="Stop other programs, or try another copy of the file.",
        ) from e
    except (TypeError, ValueError) as e:
        raise DataError(f"not a gallery in the backup: {e}.", remedy=_NO_BACKUP) from e


def _key(passphrase: bytes, salt: bytes, cost: int) -> bytes:
    return Scrypt(salt=salt, length=32, n=1 << cost, r=8, p=1).derive(passphrase)
