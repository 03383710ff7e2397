"""Private keys on the workstation: made, kept in a file of their owner alone, read again."""

from __future__ import annotations

import os
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from edge.contract.errors import DataError, MissingError, OutputError, PermissionsError

_OTHERS = 0o077


def generate(path: Path, passphrase: bytes) -> Ed25519PrivateKey:
    """A new key in a new file of mode 0600; without a passphrase the file alone is the secret.

    Raises:
        OutputError: there is a file already, or none can be made.
    """
    private = Ed25519PrivateKey.generate()
    how = BestAvailableEncryption(passphrase) if passphrase else NoEncryption()
    pem = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, how)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        number = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        with os.fdopen(number, "wb") as file:
            file.write(pem)
            file.flush()
            os.fsync(number)
    except OSError as e:
        raise OutputError(
            f"{path}: cannot be made ({e.strerror})",
            remedy="name another file; a key is never overwritten",
        ) from e
    return private


def load_private(path: Path, passphrase: bytes) -> Ed25519PrivateKey:
    """The key of such a file.

    Raises:
        MissingError, DataError: no key there, or not with that passphrase.
        PermissionsError: others may read it.
    """
    try:
        if path.stat().st_mode & _OTHERS:
            raise PermissionsError(
                f"{path}: others may read this key", remedy=f"chmod 600 {path}; or make a new one"
            )
        private = load_pem_private_key(path.read_bytes(), passphrase or None)
    except OSError as e:
        raise MissingError(
            f"{path}: cannot be read ({e.strerror})", remedy="name a key of `convert keygen`"
        ) from e
    except (TypeError, ValueError, UnsupportedAlgorithm) as e:
        raise DataError(
            f"{path}: no key that this passphrase opens",
            why=str(e),
            remedy="give the passphrase that it was made with",
        ) from e
    if not isinstance(private, Ed25519PrivateKey):
        raise DataError(f"{path}: not an Ed25519 key", remedy="make one with `convert keygen`")
    return private


def needs_passphrase(path: Path) -> bool:
    """Whether the file is encrypted; false as well if there is none."""
    try:
        return b"ENCRYPTED" in path.read_bytes()[:64]
    except OSError:
        return False
