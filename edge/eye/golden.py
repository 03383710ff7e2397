"""The bundle's golden inputs, replayed: does this engine, on this machine, answer as promised?

Engines and machines round int8 differently, so embeddings are compared by angle, never by bytes;
but what they decide must be the same (R4.6).
"""

from __future__ import annotations

import io
import zipfile
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edge.contract.bundle import EMBEDDING, LEAST_COSINE, SELFTEST, Bundle
from edge.contract.errors import BundleError, EngineError
from edge.contract.locate import FRAME, Find, Point, cut_patch, patch_of_crop
from edge.contract.matching import dequantize, distances
from edge.contract.tensor import to_int8
from edge.eye.engine import Engine
from edge.eye.locator import Locator
from edge.eye.operators import counted, read

_CONVERT = "copy the bundle again; if that fails, run `convert` again"


@dataclass(frozen=True)
class _Golden:
    """crops (n, h, w, c) uint8, embeddings (n, d) int8, pairs (k, 2), same (k,) bool."""

    crops: NDArray[np.uint8]
    embeddings: NDArray[np.int8]
    pairs: NDArray[np.uint8]
    same: NDArray[np.bool_]


def load_engine(bundle: Bundle) -> Engine:
    """The bundle's network on this machine's engine, and of the shapes that the manifest says.

    Raises:
        BundleError: another network, or one that no door may run, see `edge.eye.operators`.
        EngineError: there is no engine, or it does not take it.
    """
    manifest, model = bundle.manifest, bundle.files[EMBEDDING]
    listed = counted(read(model).operators)
    if listed != dict(manifest.operators):
        raise BundleError(
            f"bundle {manifest.name}: not the operators that the manifest lists.",
            why=f"The network has {listed}.",
            remedy=_CONVERT,
        )
    engine = Engine(model)
    if (engine.input_shape, engine.dimensions) != (manifest.input_shape, manifest.dimensions):
        raise BundleError(
            f"bundle {manifest.name}: the network is {engine.input_shape} to {engine.dimensions}, "
            f"the manifest says {manifest.input_shape} to {manifest.dimensions}.",
            remedy=_CONVERT,
        )
    return engine


def replay(engine: Engine, bundle: Bundle) -> float:
    """Ask the engine about the golden inputs; the lowest cosine to the recorded embeddings.

    Raises:
        BundleError: the bundle holds no golden inputs for its network.
        EngineError: an embedding points elsewhere, or a verdict is another one.
    """
    manifest, golden = bundle.manifest, _golden(bundle)
    found = np.concatenate([engine.run(to_int8(crop)[None]) for crop in golden.crops])
    real = dequantize(found, manifest.output_quantization)
    wanted = dequantize(golden.embeddings, manifest.output_quantization)
    cosine = min(_cosine(a, b) for a, b in zip(real, wanted, strict=True))
    if not cosine >= LEAST_COSINE or any(_says_nothing(e) for e in found):
        raise _otherwise(engine, bundle, f"cosine {cosine:.4f}, at least {LEAST_COSINE}")
    cut = np.float32(manifest.levels[0].steps[0].distance)
    for (a, b), same in zip(golden.pairs, golden.same, strict=True):
        distance = distances(manifest.head, real[a], real[b][None])[0]
        if bool(distance < cut) != bool(same):
            raise _otherwise(engine, bundle, f"pictures {a} and {b} are at {distance:.4f}")
    return cosine


def replay_locator(locator: Locator, bundle: Bundle) -> float:
    """Ask finder and pointer about the golden inputs; the correlation with what was recorded.

    Raises:
        BundleError: the bundle holds no answers of its locator.
        EngineError: they are other ones.
    """
    manifest, crops = bundle.manifest, _golden(bundle).crops
    try:
        wanted = _arrays(bundle)["locator"].astype(np.float64)
        found = locator_answers(crops, locator.find, locator.point)
        if wanted.shape != found.shape:
            raise ValueError(f"locator {wanted.shape}")
    except (KeyError, ValueError) as e:
        raise BundleError(
            f"bundle {manifest.name}: {SELFTEST} holds no recorded answer of its locator.",
            why=str(e),
            remedy=_CONVERT,
        ) from e
    alike = float(np.corrcoef(wanted, found)[0, 1])
    if not alike >= LEAST_COSINE:
        raise EngineError(
            f"bundle {manifest.name}: {locator.name} finds faces otherwise than when the bundle "
            f"was made (correlation {alike:.4f}, at least {LEAST_COSINE}).",
            remedy="Use the engine that the bundle was made with, or copy the bundle again.",
        )
    return alike


def locator_answers(crops: NDArray[np.uint8], find: Find, point: Point) -> NDArray[np.float64]:
    """All that finder and pointer say of a frame made of golden crops (n, 112, 112, 3), flat."""
    side = crops.shape[1]
    frame = np.zeros((*FRAME, 3), np.uint8)
    for number, crop in enumerate(crops[::2][:4]):
        row, column = divmod(number, 2)
        frame[row * side : (row + 1) * side, column * side : (column + 1) * side] = crop
    maps = [part.ravel() for _, pair in sorted(find(frame).items()) for part in pair]
    logit, numbers = point(cut_patch(crops[0], patch_of_crop()))
    return np.concatenate([*maps, [logit], numbers]).astype(np.float64)


def _otherwise(engine: Engine, bundle: Bundle, detail: str) -> EngineError:
    return EngineError(
        f"bundle {bundle.manifest.name}: {engine.name} answers otherwise than when the bundle was "
        f"made ({detail}).",
        remedy="Use the engine that the bundle was made with, or copy the bundle again.",
    )


def _golden(bundle: Bundle) -> _Golden:
    manifest = bundle.manifest
    try:
        arrays = _arrays(bundle)
        golden = _Golden(*(arrays[n] for n in ("crops", "embeddings", "pairs", "same")))
        _require_shapes(golden, manifest.input_shape, manifest.dimensions)
    except (KeyError, OSError, ValueError, EOFError, zipfile.BadZipFile) as e:
        raise BundleError(
            f"bundle {manifest.name}: {SELFTEST} is not a recorded answer of its network.",
            why=str(e),
            remedy=_CONVERT,
        ) from e
    return golden


def _arrays(bundle: Bundle) -> dict[str, NDArray[np.generic]]:
    with np.load(io.BytesIO(bundle.files[SELFTEST]), allow_pickle=False) as arrays:
        return {name: arrays[name] for name in arrays.files}


def _require_shapes(golden: _Golden, shape: tuple[int, int, int], dimensions: int) -> None:
    """Raises: ValueError."""
    n, k = len(golden.crops), len(golden.pairs)
    wanted = {
        "crops": (np.uint8, (n, *shape)),
        "embeddings": (np.int8, (n, dimensions)),
        "pairs": (np.uint8, (k, 2)),
        "same": (np.bool_, (k,)),
    }
    for name, (dtype, form) in wanted.items():
        array = getattr(golden, name)
        if array.dtype != dtype or array.shape != form:
            raise ValueError(f"{name} {array.dtype} {array.shape}")
    if n == 0 or (golden.pairs >= n).any():
        raise ValueError(f"{n} pictures, pairs up to {golden.pairs.max(initial=0)}")
    if golden.same.all() or not golden.same.any():
        raise ValueError("its verdicts are not of both kinds, so any network could give them")


def _says_nothing(embedding: NDArray[np.int8]) -> bool:
    return bool((embedding == embedding[0]).all())


def _cosine(a: NDArray[np.float32], b: NDArray[np.float32]) -> float:
    lengths = float(np.linalg.norm(a) * np.linalg.norm(b))
    return float(a @ b) / lengths if lengths > 0.0 else 0.0
