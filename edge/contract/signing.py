"""Who may make bundles for a door: Ed25519 signatures over manifests, and the list of their keys.

Two steps, as TUF has them in small: an owner key, kept off the machine, signs the list of at most
two signing keys (the second one is for rotation); a signing key signs manifests. A door knows the
owner's public key alone.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from edge.contract.errors import BundleError
from edge.contract.fields import count, text

MOST_KEYS = 2
MAX_LIST_BYTES = 4096
MAX_SIGNATURE_BYTES = 256
_LIST_SCHEMA = "onelook.keys/1"
# So that no signature of one kind is ever taken for one of another.
_OF_BUNDLE = b"onelook-bundle-v1\0"
_OF_LIST = b"onelook-keys-v1\0"


@dataclass(frozen=True)
class KeyList:
    """The signing keys that an owner trusts: raw public keys of 32 bytes, as the owner's own.

    serial: rises with every new list of an owner; a door remembers the highest that it has seen.
    """

    owner: bytes
    serial: int
    keys: tuple[bytes, ...]

    @property
    def digest(self) -> str:
        """SHA-256 in hex over the keys: what a list is remembered by, beside its serial."""
        return hashlib.sha256(b"".join(self.keys)).hexdigest()


@dataclass(frozen=True)
class Trust:
    """Whose bundles count. keys: raw public keys; allow_unsigned: bundles of nobody count too."""

    keys: tuple[bytes, ...] = ()
    allow_unsigned: bool = False


# For a workstation, which looks at bundles but opens no door.
UNCHECKED = Trust(allow_unsigned=True)


def key_id(public: bytes) -> str:
    """16 hex digits that name a raw public key."""
    return hashlib.sha256(public).hexdigest()[:16]


def public_bytes(private: Ed25519PrivateKey) -> bytes:
    """The raw public key, 32 bytes."""
    return private.public_key().public_bytes_raw()


def sign_manifest(manifest: bytes, private: Ed25519PrivateKey) -> bytes:
    """The content of manifest.sig: key id and signature in hex, one line; always the same bytes."""
    signature = private.sign(_OF_BUNDLE + manifest)
    return f"{key_id(public_bytes(private))} {signature.hex()}\n".encode()


def check_manifest(manifest: bytes, signature: bytes, keys: Sequence[bytes], *, where: str) -> str:
    """The id of the key that signed.

    Raises:
        BundleError: nobody of `keys` signed these bytes.
    """
    try:
        line = signature.decode("ascii")
        name, value = line.removesuffix("\n").split(" ")
        raw = bytes.fromhex(value)
        if f"{name} {raw.hex()}\n" != line or len(raw) != 64:
            raise ValueError("not written as `convert sign` writes it")
    except ValueError as e:
        raise BundleError(
            f"{where}: not a signature", why=str(e), remedy="copy the bundle again, or sign it"
        ) from e
    key = next((k for k in keys if key_id(k) == name), None)
    if key is None:
        known = ", ".join(key_id(k) for k in keys) or "none"
        raise BundleError(
            f"{where}: signed with the key {name}, which this door does not trust",
            why=f"It trusts {known}.",
            remedy="use a bundle of your supplier, or add the key: `onelook model trust KEYS.json`",
        )
    try:
        Ed25519PublicKey.from_public_bytes(key).verify(raw, _OF_BUNDLE + manifest)
    except InvalidSignature as e:
        raise BundleError(
            f"{where}: the signature is not over this manifest",
            why="Somebody changed the bundle, or it was damaged on its way.",
            remedy="copy the bundle again from where it was signed",
        ) from e
    return name


def make_key_list(serial: int, keys: Sequence[bytes], owner: Ed25519PrivateKey) -> bytes:
    """The content of keys.json."""
    document: dict[str, Any] = {
        "schema": _LIST_SCHEMA,
        "serial": serial,
        "keys": [key.hex() for key in keys],
    }
    document["signature"] = owner.sign(_OF_LIST + _canonical(document)).hex()
    raw = _canonical(document)
    read_key_list(raw, public_bytes(owner), where="the new list")
    return raw


def read_key_list(raw: bytes, owner: bytes, *, where: str) -> KeyList:
    """Raises: BundleError: not a list that the owner signed."""
    try:
        document = json.loads(raw)
        signature = bytes.fromhex(text(document.pop("signature")))
        keys = tuple(bytes.fromhex(text(key)) for key in document["keys"])
        if document["schema"] != _LIST_SCHEMA or set(document) != {"schema", "serial", "keys"}:
            raise ValueError(f"schema {document['schema']!r}, this program reads {_LIST_SCHEMA!r}")
        if not 1 <= len(keys) <= MOST_KEYS or any(len(key) != 32 for key in keys):
            raise ValueError(f"from one to {MOST_KEYS} keys of 32 bytes are needed")
        if _canonical(document | {"signature": signature.hex()}) != raw:
            raise ValueError("not in canonical form")
        Ed25519PublicKey.from_public_bytes(owner).verify(signature, _OF_LIST + _canonical(document))
        return KeyList(owner, count(document["serial"]), keys)
    except InvalidSignature:
        why = "The owner's key did not sign it."
    except (KeyError, TypeError, ValueError, AttributeError, RecursionError) as e:
        why = f"{e}."
    raise BundleError(
        f"{where}: not a list of keys that this door can trust",
        why=why,
        remedy="make it with `convert keys`, signed by the owner key that this door knows",
    )


def read_owner(raw: bytes, *, where: str) -> bytes:
    """The raw public key in the content of owner.pub: 64 hex digits, one line.

    Raises:
        BundleError: no public key.
    """
    try:
        public = bytes.fromhex(raw.decode("ascii").strip())
        Ed25519PublicKey.from_public_bytes(public)
    except ValueError as e:
        raise BundleError(f"{where}: no public key ({e})", remedy="copy owner.pub again") from e
    return public


def owner_text(public: bytes) -> bytes:
    """The content of owner.pub."""
    return f"{public.hex()}\n".encode()


def _canonical(document: dict[str, Any]) -> bytes:
    return json.dumps(document, sort_keys=True, separators=(",", ":")).encode() + b"\n"
