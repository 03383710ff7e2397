"""A finished bundle, asked the same questions again on this machine: `convert verify`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from convert import check
from convert.engine import Twin, head_distances
from convert.network import look
from edge.contract.bundle import EMBEDDING, HEAD, Bundle, load_bundle
from edge.contract.errors import BundleError
from edge.contract.manifest import Manifest
from edge.contract.signing import UNCHECKED, Trust
from edge.eye.golden import load_engine, replay

_PAIRS = 200
_AGAIN = "copy the bundle again; if that fails, run `convert` again"


def verify(folder: Path, trust: Trust = UNCHECKED) -> tuple[Manifest, dict[str, str]]:
    """Load a bundle as a door does, and run its networks; (manifest, what was found, by check).

    Raises:
        MissingError: no bundle there. BundleError: a file, the networks or an answer is not what
            the manifest promises, or nobody of `trust` signed it. GateError: a network that must
            not reach a door. EngineError: the engine answers otherwise than it is promised.
    """
    bundle = load_bundle(folder, trust)
    return bundle.manifest, dict(_findings(bundle, checked=trust != UNCHECKED))


def _findings(bundle: Bundle, *, checked: bool) -> Iterator[tuple[str, str]]:
    yield "signature", f"by the key {bundle.signer}" if checked else "not checked"
    yield "files", f"{len(bundle.files)} as the manifest promises, model {bundle.manifest.model}"
    twin = Twin(_file(bundle, EMBEDDING))
    yield "shapes", _shapes(bundle.manifest, twin)
    yield "operators", _operators(bundle.files[EMBEDDING])
    engine = load_engine(bundle)
    cosine = replay(engine, bundle)
    yield "golden", f"cosine {cosine:.4f} to the recorded answers, same verdicts, {engine.name}"
    yield "head", f"{_head(bundle):.1e} between its file and the door's numbers"


def _file(bundle: Bundle, name: str) -> bytes:
    if name not in bundle.files:
        raise BundleError(f"the bundle has no {name}", remedy=_AGAIN)
    return bundle.files[name]


def _shapes(manifest: Manifest, twin: Twin) -> str:
    """What the door reads from the manifest against what the network has."""
    promised = (
        manifest.input_shape,
        manifest.dimensions,
        manifest.input_quantization,
        manifest.output_quantization,
    )
    found = (
        twin.input_shape,
        twin.dimensions,
        twin.input_quantization,
        twin.output_quantization,
    )
    for wanted, real in zip(promised, found, strict=True):
        if wanted != real:
            raise BundleError(
                f"{EMBEDDING}: the network has {real}, the manifest promises {wanted}",
                remedy=_AGAIN,
            )
    return f"{'x'.join(map(str, twin.input_shape))} to {twin.dimensions} dimensions"


def _operators(model: bytes) -> str:
    """That they are those of the manifest is asked when the engine is loaded, as at a door."""
    network = look(model)
    check.check_operators(network)
    return f"{len(network.operators)}, all in the int8 delegate"


def _head(bundle: Bundle) -> float:
    """On made pairs from equal to far apart: at an end of the distance faults would not show."""
    how, rng = bundle.manifest.output_quantization, np.random.default_rng(0)
    shape = (2, _PAIRS, bundle.manifest.dimensions)
    left, other = rng.normal(0.0, 64 * how.scale, shape).astype(np.float32)
    apart = np.linspace(0.0, 1.0, _PAIRS, dtype=np.float32)[:, None]
    right = left + apart * other
    by_file = head_distances(_file(bundle, HEAD), left, right)
    return check.check_head(bundle.manifest.head, left, right, by_file)
