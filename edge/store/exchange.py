"""A door's people in one file for other doors: sealed for each of them, signed by the one.

Layout: head (magic, version, serial, sender's Ed25519 key, X25519 key made for this file, model id,
number of doors), for each door its X25519 key and the file's key sealed for it, AES-256-GCM of the
content, and an Ed25519 signature over everything before. The seal covers head and doors too, so
whoever signs anew what another door made has a file that does not open.
"""

from __future__ import annotations

import secrets
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from edge.contract.errors import DataError, PermissionsError, UsageError, VersionError
from edge.contract.signing import key_id
from edge.store.addresses import KEY_BYTES, Address, DoorKey
from edge.store.differences import Party
from edge.store.letter import packed, unpacked

MAGIC, VERSION = b"onelook-people\0\0", 1
MAX_BYTES = 16 * 1024 * 1024
MAX_DOORS = 64
_OF_FILE = b"onelook-people-v1\0"  # no signature or key of another kind is taken for one of these
_HEAD = struct.Struct(">16sBQ32s32s16sB")
_DOOR = struct.Struct(">32s48s")
_SIGNATURE_BYTES, _TAG_BYTES = 64, 16
# Each key seals one thing only, so its nonce need not differ.
_NONCE = bytes(12)
_NO_FILE = "Name a file that `onelook gallery export` made."
_COPY = "Copy it again from the door that made it."


@dataclass(frozen=True)
class Exchange:
    """What arrives at a door. sender: raw Ed25519 key. serial: rises with every file of a door."""

    sender: bytes
    serial: int
    model: str
    people: Party


@dataclass(frozen=True)
class _Envelope:
    """The parts of a file, of which nothing is believed yet. bound: head and doors, as bytes."""

    serial: int
    sender: bytes
    ephemeral: bytes
    model: bytes
    doors: Mapping[bytes, bytes]
    head: bytes
    bound: bytes
    sealed: bytes
    signature: bytes


def make_exchange(
    people: Party, serial: int, model: str, key: DoorKey, doors: Sequence[Address]
) -> bytes:
    """The file.

    Raises:
        UsageError: for too many doors, or of a network without an id of 16 characters.
        DataError: somebody in it could not be read again.
    """
    name = model.encode()
    addressed = list(dict.fromkeys(door.seals for door in doors))
    if not 1 <= len(addressed) <= MAX_DOORS or len(name) != 16:
        raise UsageError(
            f"a file is for 1 to {MAX_DOORS} doors, of a network with an id of 16 digits.",
            remedy="Make one file for some of them, and another for the rest.",
        )
    content = packed(people, model)
    once, file_key = X25519PrivateKey.generate(), secrets.token_bytes(KEY_BYTES)
    ephemeral, sender = once.public_key().public_bytes_raw(), key.address.signs
    head = _HEAD.pack(MAGIC, VERSION, serial, sender, ephemeral, name, len(addressed))
    bound = head
    for door in addressed:
        shared = once.exchange(X25519PublicKey.from_public_bytes(door))
        wrap = AESGCM(_wrapping(shared, head, door))
        bound += _DOOR.pack(door, wrap.encrypt(_NONCE, file_key, head))
    made = bound + AESGCM(file_key).encrypt(_NONCE, content, bound)
    if len(made) + _SIGNATURE_BYTES > MAX_BYTES:
        raise DataError(f"more than {MAX_BYTES >> 20} MiB of people.", remedy="Remove some.")
    return made + key.signs.sign(_OF_FILE + made)


def open_exchange(data: bytes, key: DoorKey, trusted: Sequence[bytes], model: str) -> Exchange:
    """The people in a file, after everything that speaks against it was asked.

    Args:
        data: the file, of which the first MAX_BYTES + 1 are enough.
        key: this door's.
        trusted: raw Ed25519 keys of the doors that may say who comes in here.
        model: the network that decides here.

    Raises:
        DataError: no such file, or a damaged one. VersionError: of a newer program or of another
            network. PermissionsError: of a door that is not trusted, or for other doors.
    """
    found = _parts(data)
    if found.sender not in trusted:
        raise PermissionsError(
            f"made by the door {key_id(found.sender)}, which is not trusted here.",
            remedy="If it is yours: onelook gallery trust ADDRESS NAME, with the ADDRESS that "
            "`onelook gallery key` prints there.",
        )
    _check_signature(found)
    wrapped = found.doors.get(key.address.seals)
    if wrapped is None:
        raise PermissionsError(
            "made for other doors, not for this one.",
            remedy="Make it there with --to and the address that `onelook gallery key` prints "
            "here.",
        )
    if found.model != model.encode():
        raise VersionError(
            f"of the network {found.model.decode('ascii', 'replace')}, and this door has {model}.",
            why="Measurements of one network mean nothing to another.",
            remedy="Take the same bundle on both doors (onelook model swap), then export anew.",
        )
    try:
        content = _unsealed(found, key, wrapped)
        return Exchange(found.sender, found.serial, model, unpacked(content, model))
    except InvalidTag as e:
        raise _damaged("its seal is broken") from e
    except (TypeError, ValueError, RecursionError) as e:
        raise _damaged(str(e)) from e


def _parts(data: bytes) -> _Envelope:
    """Raises: DataError, VersionError: as `open_exchange`."""
    if len(data) < _HEAD.size or not data.startswith(MAGIC):
        raise DataError("not a gallery for other doors.", remedy=_NO_FILE)
    if len(data) > MAX_BYTES:
        raise DataError(f"more than {MAX_BYTES >> 20} MiB, as no such file.", remedy=_NO_FILE)
    head = data[: _HEAD.size]
    _, version, serial, sender, ephemeral, model, count = _HEAD.unpack(head)
    if version > VERSION:
        raise VersionError("a newer onelook made this file.", remedy="Install the newer one.")
    end = _HEAD.size + count * _DOOR.size
    short = len(data) < end + _TAG_BYTES + _SIGNATURE_BYTES
    if version != VERSION or not 1 <= count <= MAX_DOORS or short:
        raise _damaged("it is cut off, or its head is none")
    bound, sealed = data[:end], data[end:-_SIGNATURE_BYTES]
    doors = dict(_DOOR.iter_unpack(bound[_HEAD.size :]))
    signature = data[-_SIGNATURE_BYTES:]
    return _Envelope(serial, sender, ephemeral, model, doors, head, bound, sealed, signature)


def _check_signature(found: _Envelope) -> None:
    try:
        key = Ed25519PublicKey.from_public_bytes(found.sender)
        key.verify(found.signature, _OF_FILE + found.bound + found.sealed)
    except (InvalidSignature, ValueError) as e:
        raise _damaged("the signature is not over this file") from e


def _unsealed(found: _Envelope, key: DoorKey, wrapped: bytes) -> bytes:
    """Raises: InvalidTag: it was not sealed so. ValueError: the file's public key is none."""
    shared = key.seals.exchange(X25519PublicKey.from_public_bytes(found.ephemeral))
    wrap = AESGCM(_wrapping(shared, found.head, key.address.seals))
    file_key = wrap.decrypt(_NONCE, wrapped, found.head)
    return AESGCM(file_key).decrypt(_NONCE, found.sealed, found.bound)


def _wrapping(shared: bytes, head: bytes, door: bytes) -> bytes:
    # Both public keys of the exchange go in: the shared secret alone is not of one pair only.
    return HKDF(SHA256(), KEY_BYTES, salt=None, info=_OF_FILE + head + door).derive(shared)


def _damaged(why: str) -> DataError:
    return DataError("the file is damaged, or was changed.", why=f"{why}.", remedy=_COPY)
