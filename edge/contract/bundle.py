"""A bundle on disk -> in memory, verified: every file is read once and its bytes are kept."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from edge.contract.errors import BundleError, MissingError
from edge.contract.manifest import MAX_BYTES, Manifest, from_bytes
from edge.contract.matching import Head
from edge.contract.tensor import INPUT_SCALE, INPUT_ZERO_POINT, preprocessing_id

MANIFEST = "manifest.json"
EMBEDDING = "embedding.tflite"
HEAD = "head.tflite"
SELFTEST = "selftest.npz"
# Engines and machines round int8 differently: XNNPACK and the plain kernels agree to 0.9875.
LEAST_COSINE = 0.97
MAX_MODEL_BYTES = 64 * 1024 * 1024
_AGAIN = "copy the bundle again; if that fails, run `convert` again"


@dataclass(frozen=True)
class Bundle:
    """A verified bundle. `files` are the bytes that were hashed; engines get these, not a path."""

    manifest: Manifest
    files: Mapping[str, bytes]


def load_bundle(folder: Path) -> Bundle:
    """Read, verify and keep a whole bundle.

    Raises:
        MissingError: there is no bundle in `folder`.
        BundleError: something in it is not what the manifest says, or not for this program.
    """
    manifest = load_manifest(folder)
    files = {}
    for name, promised in manifest.files.items():
        if Path(name).name != name or promised.size > MAX_MODEL_BYTES:
            raise BundleError(f"{folder}: the manifest names {name!r}", remedy=_AGAIN)
        data = _read(folder / name, MAX_MODEL_BYTES)
        if len(data) != promised.size or hashlib.sha256(data).hexdigest() != promised.sha256:
            raise BundleError(
                f"{folder / name}: not the file that the manifest promises", remedy=_AGAIN
            )
        files[name] = data
    if EMBEDDING not in files or model_id(files[EMBEDDING], manifest.head) != manifest.model:
        raise BundleError(f"{folder}: the model id does not fit the network", remedy=_AGAIN)
    return Bundle(manifest, files)


def load_manifest(folder: Path) -> Manifest:
    """The manifest alone, for the door, which matches but never runs a network."""
    if not (folder / MANIFEST).is_file():
        raise MissingError(
            f"{folder}: no bundle there ({MANIFEST} is missing)",
            remedy="name a folder made by `convert`, or leave [recognition] bundle out",
        )
    manifest = from_bytes(_read(folder / MANIFEST, MAX_BYTES), where=str(folder / MANIFEST))
    expected = preprocessing_id(*manifest.input_shape)
    quantization = manifest.input_quantization
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
    return manifest


def model_id(embedding: bytes, head: Head) -> str:
    """16 hex digits that change with the twin or the head: what templates are bound to."""
    digest = hashlib.sha256(embedding)
    digest.update(head.difference.value.encode())
    digest.update(np.ascontiguousarray(head.weights, "<f4").tobytes())
    digest.update(repr(head.bias).encode())
    return digest.hexdigest()[:16]


def _read(path: Path, limit: int) -> bytes:
    try:
        with path.open("rb") as file:
            data = file.read(limit + 1)
    except OSError as e:
        raise BundleError(f"{path}: cannot be read ({e.strerror})", remedy=_AGAIN) from e
    if len(data) > limit:
        raise BundleError(f"{path}: larger than {limit} bytes", remedy=_AGAIN)
    return data
