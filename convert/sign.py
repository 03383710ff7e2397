"""A bundle gets its signature: after it has been read as a door reads it, and not before."""

from __future__ import annotations

from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from convert.write import replace_file
from edge.contract.bundle import SIGNATURE, load_bundle
from edge.contract.manifest import to_bytes
from edge.contract.signing import UNCHECKED, key_id, public_bytes, sign_manifest


def sign_bundle(folder: Path, private: Ed25519PrivateKey) -> str:
    """Write manifest.sig; the id of the key. Signing again gives the same bytes.

    Raises:
        MissingError, BundleError: no whole bundle there. OutputError: it cannot be written.
    """
    manifest = to_bytes(load_bundle(folder, UNCHECKED).manifest)  # the bytes that were looked at
    replace_file(folder / SIGNATURE, sign_manifest(manifest, private))
    return key_id(public_bytes(private))
