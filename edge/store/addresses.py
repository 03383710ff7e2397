"""A door's address, which other doors know, and the secret behind it, which nobody does.

An address is two public keys: X25519, for which a file is sealed so that this door alone opens it,
and Ed25519, by which others know that this door made one. Both come of one secret of 32 bytes.
"""

from __future__ import annotations

import base64
import hashlib
import re
import secrets
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from edge.contract.errors import StorageError, UsageError
from edge.contract.signing import key_id
from edge.store.files import check_private, own_folder, refusals, write_whole

FILE = "door.key"
KEY_BYTES = 32
_PREFIX = "door1-"
_CHECK_BYTES = 5  # a slip of the hand is found with a chance of all but one in 2^40
_WRITTEN = re.compile(re.escape(_PREFIX) + r"([A-Za-z0-9_-]{92})")


@dataclass(frozen=True)
class Address:
    """seals: raw X25519 public key. signs: raw Ed25519 public key; 32 bytes each."""

    seals: bytes
    signs: bytes

    @property
    def id(self) -> str:
        """16 hex digits, to be compared by eye or by telephone."""
        return key_id(self.signs)

    @property
    def text(self) -> str:
        """As a person hands it on: one word of 98 characters."""
        both = self.seals + self.signs
        return _PREFIX + base64.urlsafe_b64encode(both + _check(both)).decode()


@dataclass(frozen=True)
class DoorKey:
    """The private halves of an address."""

    seals: X25519PrivateKey
    signs: Ed25519PrivateKey

    @property
    def address(self) -> Address:
        return Address(
            self.seals.public_key().public_bytes_raw(), self.signs.public_key().public_bytes_raw()
        )


def read_address(text: str) -> Address:
    """Raises: UsageError: it is none, or was not copied whole."""
    found = _WRITTEN.fullmatch(text)
    raw = base64.urlsafe_b64decode(found[1]) if found else b""
    both, check = raw[: 2 * KEY_BYTES], raw[2 * KEY_BYTES :]
    if not found or check != _check(both) or not _usable(both[:KEY_BYTES]):
        raise UsageError(
            f"{text[:20]!r}... is no address of a door.",
            remedy="Copy the whole line that `onelook gallery key` prints there.",
        )
    return Address(both[:KEY_BYTES], both[KEY_BYTES:])


def door_key_of(secret: bytes) -> DoorKey:
    """The keys that come of a secret: always the same."""
    return DoorKey(
        X25519PrivateKey.from_private_bytes(_derived(secret, b"onelook-door-seals-v1")),
        Ed25519PrivateKey.from_private_bytes(_derived(secret, b"onelook-door-signs-v1")),
    )


def find_or_make_door_key(state_dir: Path) -> DoorKey:
    """This door's; a new one on the disk if there is none.

    Raises:
        StorageError: what lies there is no key, or the disk refuses.
        PermissionsError: it is open to others, or closed to us.
    """
    own_folder(state_dir)
    path = state_dir / FILE
    if not path.exists():
        write_whole(path, secrets.token_bytes(KEY_BYTES))
    check_private(path)
    with refusals(path, "cannot be read"), path.open("rb") as file:
        secret = file.read(KEY_BYTES + 1)
    if len(secret) != KEY_BYTES:
        raise StorageError(
            f"{path}: not a key of {KEY_BYTES} bytes.",
            remedy="Remove it: this door gets another address, which the others must be told.",
        )
    return door_key_of(secret)


def _derived(secret: bytes, what: bytes) -> bytes:
    return HKDF(SHA256(), KEY_BYTES, salt=None, info=what).derive(secret)


def _check(both: bytes) -> bytes:
    return hashlib.sha256(_PREFIX.encode() + both).digest()[:_CHECK_BYTES]


def _usable(public: bytes) -> bool:
    """Not one of the few points that make every shared secret 0."""
    try:
        X25519PrivateKey.generate().exchange(X25519PublicKey.from_public_bytes(public))
    except ValueError:
        return False
    return True
