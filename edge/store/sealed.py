"""A gallery as bytes that cannot be read, changed, cut or exchanged without being noticed.

Layout: magic, version (1 byte), generation (8 bytes, big endian), nonce (12), AES-256-GCM of
everything. The seal covers the gallery as a whole: of records sealed one by one, one could be taken
out unseen.
"""

from __future__ import annotations

import secrets
import struct
from collections.abc import Sequence

import msgpack
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from edge.contract.errors import StorageError
from edge.store.people import Gallery, Person, Template

MAGIC = b"onelook-gallery\0"
VERSION = 2
# 1: without a last day, hours, a switch and crops. Read, and written anew with the next change.
_READ = (1, VERSION)
_HEADER = struct.Struct(">16sBQ")
_NONCE_BYTES = 12
MAX_BYTES = 64 * 1024 * 1024
_MOST_PACKED = MAX_BYTES - 256  # what a gallery's file and a backup have around it


class SealError(ValueError):
    """Not a gallery that was sealed with this key."""


def seal(gallery: Gallery, generation: int, key: bytes) -> bytes:
    """The file of a generation. Raises: StorageError: it would be larger than any that is read."""
    header = _HEADER.pack(MAGIC, VERSION, generation)
    # A random nonce under one key is safe for 2^32 galleries; a household changes it by the week.
    nonce = secrets.token_bytes(_NONCE_BYTES)
    return header + nonce + AESGCM(key).encrypt(nonce, pack(gallery), header)


def unseal(data: bytes, generation: int, key: bytes) -> Gallery:
    """The gallery in a file.

    Raises:
        SealError: damaged, of another generation, or sealed with another key.
    """
    header, nonce = data[: _HEADER.size], data[_HEADER.size : _HEADER.size + _NONCE_BYTES]
    if header not in {_HEADER.pack(MAGIC, version, generation) for version in _READ}:
        raise SealError("not a gallery of this generation and version")
    try:
        plain = AESGCM(key).decrypt(nonce, data[_HEADER.size + _NONCE_BYTES :], header)
        return unpack(plain)
    except InvalidTag as e:
        raise SealError("its seal is broken") from e
    except (TypeError, ValueError) as e:
        raise SealError(f"not a gallery inside: {e}") from e


def pack(gallery: Gallery) -> bytes:
    """Everything in it. Raises: StorageError: more than can be read again."""
    people = [
        [
            p.id,
            p.name,
            [[t.embedding, t.model, t.source, t.added, t.label, t.crop] for t in p.templates],
            [p.disabled, p.until, p.hours],
        ]
        for p in gallery.people
    ]
    packed: bytes = msgpack.packb(people)
    if len(packed) > _MOST_PACKED:  # before it is in the place of one that can be read
        raise StorageError(
            f"the gallery would have {len(packed) >> 20} MiB, more than {MAX_BYTES >> 20}.",
            why="A larger file is not read: nobody could come in.",
            remedy="Set [privacy] keep_crops = false, and enrol anew those who have crops.",
        )
    return packed


def unpack(plain: bytes) -> Gallery:
    """What `pack` made, in this version or an older one.

    Raises:
        TypeError, ValueError: it is no gallery.
    """
    people = []
    for identity, name, templates, *rules in msgpack.unpackb(plain):
        kept = tuple(_template(fields) for fields in templates)
        disabled, until, hours = rules[0] if rules else (False, "", "")
        if not isinstance(disabled, bool):
            raise TypeError("a switch is neither on nor off")
        person = Person(_text(identity), _text(name), kept, disabled, _text(until), _text(hours))
        people.append(person)
    return Gallery(tuple(people))


def _template(fields: Sequence[object]) -> Template:
    embedding, *texts = fields[:5]
    crop = fields[5] if len(fields) > 5 else b""
    if not isinstance(embedding, bytes) or not isinstance(crop, bytes):
        raise TypeError("an embedding or a crop is not bytes")
    model, source, added, label = map(_text, texts)
    return Template(embedding, model, source, added, label, crop)


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{type(value).__name__} where text belongs")
    return value
