"""A bundle on disk -> in memory, verified: every file is read once and its bytes are kept.

Nothing in it counts before the signature over the manifest has been checked, and the manifest
holds a hash of every other file (R4.1 to R4.3). Engines get the bytes that were hashed, not a path.
"""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from edge import __version__
from edge.contract.errors import BundleError, MissingError
from edge.contract.manifest import MAX_BYTES, Manifest, from_bytes, to_bytes
from edge.contract.matching import Head
from edge.contract.signing import MAX_SIGNATURE_BYTES, UNCHECKED, Trust, check_manifest
from edge.contract.tensor import INPUT_SCALE, INPUT_ZERO_POINT, preprocessing_id

MANIFEST = "manifest.json"
SIGNATURE = "manifest.sig"
EMBEDDING = "embedding.tflite"
HEAD = "head.tflite"
SELFTEST = "selftest.npz"
FINDER = "finder.tflite"  # with the next one the locator of a bundle for faces
POINTER = "pointer.tflite"
# Engines and machines round int8 differently: XNNPACK and the plain kernels agree to 0.9875.
LEAST_COSINE = 0.97
MAX_MODEL_BYTES = 64 * 1024 * 1024
MOST_FILES = 8
_AGAIN = "copy the bundle again; if that fails, run `convert` again"


@dataclass(frozen=True)
class Bundle:
    """A verified bundle.

    files: the bytes that were hashed. digest: SHA-256 of the manifest in hex. signer: the id of the
    key that signed it, "" if nobody did or nobody asked. signature: what says so, b"" if there is
    none.
    """

    manifest: Manifest
    files: Mapping[str, bytes]
    digest: str
    signer: str
    signature: bytes

    def everything(self) -> dict[str, bytes]:
        """All files of its folder, by name, as they were read."""
        signature = {SIGNATURE: self.signature} if self.signature else {}
        return {MANIFEST: to_bytes(self.manifest), **signature, **self.files}


@dataclass(frozen=True)
class Promise:
    """A verified manifest alone; the fields are those of `Bundle`."""

    manifest: Manifest
    digest: str
    signer: str
    signature: bytes


def load_bundle(folder: Path, trust: Trust) -> Bundle:
    """Read, verify and keep a whole bundle.

    Raises:
        MissingError: there is no bundle in `folder`.
        BundleError: nobody of `trust` signed it, something in it is not what the manifest says, or
            it is not for this program.
    """
    promise = load_manifest(folder, trust)
    manifest = promise.manifest
    _require_no_other_files(folder, manifest)
    files = {}
    for name, promised in manifest.files.items():
        data = _read(folder / name, promised.size)
        if len(data) != promised.size or hashlib.sha256(data).hexdigest() != promised.sha256:
            raise BundleError(
                f"{folder / name}: not the file that the manifest promises", remedy=_AGAIN
            )
        files[name] = data
    if EMBEDDING not in files or model_id(files[EMBEDDING], manifest.head) != manifest.model:
        raise BundleError(f"{folder}: the model id does not fit the network", remedy=_AGAIN)
    return Bundle(manifest, files, promise.digest, promise.signer, promise.signature)


def load_manifest(folder: Path, trust: Trust) -> Promise:
    """The manifest alone, for the door, which matches but never runs a network.

    Raises:
        MissingError, BundleError: as `load_bundle`, but for the other files.
    """
    names = _names(folder)
    if MANIFEST not in names:
        raise MissingError(
            f"{folder}: no bundle there ({MANIFEST} is missing)",
            remedy="name a folder made by `convert`, or leave [recognition] bundle out",
        )
    raw = _read(folder / MANIFEST, MAX_BYTES)
    signature = _read(folder / SIGNATURE, MAX_SIGNATURE_BYTES) if SIGNATURE in names else b""
    signer = _signer(folder, raw, signature, trust)
    manifest = from_bytes(raw, where=str(folder / MANIFEST))
    _require_ours(folder, manifest)
    return Promise(manifest, hashlib.sha256(raw).hexdigest(), signer, signature)


def model_id(embedding: bytes, head: Head) -> str:
    """16 hex digits that change with the twin or the head: what templates are bound to."""
    digest = hashlib.sha256(embedding)
    digest.update(head.difference.value.encode())
    digest.update(np.ascontiguousarray(head.weights, "<f4").tobytes())
    digest.update(repr(head.bias).encode())
    return digest.hexdigest()[:16]


def _signer(folder: Path, manifest: bytes, signature: bytes, trust: Trust) -> str:
    """The id of the key that signed; "" if nobody did and that is allowed."""
    if trust == UNCHECKED:
        return ""
    if not signature:
        if trust.allow_unsigned:
            return ""
        raise BundleError(
            f"{folder}: nobody signed this bundle ({SIGNATURE} is missing or empty)",
            why="Whoever can replace an unsigned network can let themselves in.",
            remedy="sign it with `convert sign`, or set [recognition] allow_unsigned = true",
        )
    return check_manifest(manifest, signature, trust.keys, where=str(folder / SIGNATURE))


def _require_ours(folder: Path, manifest: Manifest) -> None:
    """Raises: BundleError: another program's, or one that this program is too old for."""
    expected = preprocessing_id(manifest.task, *manifest.input_shape)
    quantization = manifest.input_quantization
    if _version(manifest.needs) > _version(__version__):
        raise BundleError(
            f"{folder}: needs onelook {manifest.needs}, this is {__version__}",
            remedy="install the newer onelook, or use an older bundle",
        )
    if manifest.preprocessing != expected:
        raise BundleError(
            f"{folder}: made for the preprocessing {manifest.preprocessing!r}",
            why=f"this program prepares pictures as {expected!r}",
            remedy="train and convert the network again with this version",
        )
    if (quantization.scale, quantization.zero_point) != (INPUT_SCALE, INPUT_ZERO_POINT):
        raise BundleError(
            f"{folder}: the input is quantized with {quantization}, not 1/128 and 0", remedy=_AGAIN
        )


def _require_no_other_files(folder: Path, manifest: Manifest) -> None:
    """Raises: BundleError: more or fewer files than the manifest says, or names that are paths."""
    names = set(manifest.files)
    odd = [n for n in names if Path(n).name != n or n in {MANIFEST, SIGNATURE}]
    large = [n for n, file in manifest.files.items() if file.size > MAX_MODEL_BYTES]
    if odd or large or len(names) + 2 > MOST_FILES:
        raise BundleError(f"{folder}: the manifest names {sorted(names)}", remedy=_AGAIN)
    there = _names(folder) - {MANIFEST, SIGNATURE}
    if there != names:
        unlike = ", ".join(sorted(there ^ names))
        raise BundleError(
            f"{folder}: not the files that the manifest lists ({unlike})", remedy=_AGAIN
        )


def _names(folder: Path) -> set[str]:
    """What lies in the folder; nothing if there is no such folder."""
    try:
        return set(os.listdir(folder))  # noqa: PTH208 - of names, no paths are needed
    except (FileNotFoundError, NotADirectoryError):
        return set()
    except OSError as e:
        raise BundleError(
            f"{folder}: cannot be looked at ({e.strerror})", remedy="check its owner and mode"
        ) from e


def _version(text: str) -> tuple[int, ...]:
    try:
        return tuple(int(part) for part in text.split("."))
    except ValueError as e:
        raise BundleError(f"{text!r} is not a version of onelook", remedy=_AGAIN) from e


def _read(path: Path, limit: int) -> bytes:
    """The whole file, read once. Raises: BundleError: none, a link, or larger than `limit`."""
    try:
        number = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK)
        with open(number, "rb") as file:  # noqa: PTH123 - of a descriptor
            if not stat.S_ISREG(os.fstat(number).st_mode):
                raise BundleError(f"{path}: not a file", remedy=_AGAIN)
            data = file.read(limit + 1)
    except OSError as e:
        raise BundleError(f"{path}: cannot be read ({e.strerror})", remedy=_AGAIN) from e
    if len(data) > limit:
        raise BundleError(f"{path}: larger than {limit} bytes", remedy=_AGAIN)
    return data
