"""One look at one frame: find the face, judge it, cut it out, embed it, or say why not."""

from __future__ import annotations

import io
import time
import zipfile
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edge.contract.align import align
from edge.contract.bundle import EMBEDDING, LEAST_COSINE, SELFTEST, Bundle
from edge.contract.errors import BundleError, EngineError
from edge.contract.gates import Gate, Limits
from edge.contract.geometry import CROP_SIZE
from edge.contract.locate import Face, find_faces
from edge.contract.matching import dequantize
from edge.contract.quality import judge
from edge.contract.reasons import Reason
from edge.contract.tensor import to_int8
from edge.eye.engine import Engine

# A second face counts if its eyes are at least this far apart, as a share of the limit and of the
# largest face's: somebody who passes in the background is no second person at the door.
_OF_THE_LIMIT = 0.5
_OF_THE_LARGEST = 0.4
_CONVERT = "copy the bundle again; if that fails, run `convert` again"


@dataclass(frozen=True)
class Sight:
    """What one frame gave; exactly one of `reason` and `embedding` is set.

    embedding: (dimensions,) int8.
    face: the largest one; None if there was none.
    ms: milliseconds of finding and judging the face, and of embedding it.
    """

    reason: Reason | None
    embedding: NDArray[np.int8] | None
    face: Face | None
    gates: tuple[Gate, ...]
    ms: tuple[float, float]


class Eye:
    """A bundle's network, ready to look at frames. `name` is its engine's."""

    def __init__(self, bundle: Bundle, limits: Limits) -> None:
        """Load the network and let it answer the bundle's self-test.

        Raises:
            BundleError: the bundle is not one for faces, or contradicts itself.
            EngineError: there is no engine, or it answers otherwise than when the bundle was made.
        """
        manifest = bundle.manifest
        if manifest.input_shape != (CROP_SIZE, CROP_SIZE, 3):
            raise BundleError(
                f"bundle {manifest.name}: its network takes {manifest.input_shape}, and a face is "
                f"{(CROP_SIZE, CROP_SIZE, 3)}.",
                why=f"It was made for the task {manifest.task!r}.",
                remedy="Name a bundle for faces in [recognition] bundle.",
            )
        self._engine = Engine(bundle.files[EMBEDDING])
        if (self._engine.input_shape, self._engine.dimensions) != (
            manifest.input_shape,
            manifest.dimensions,
        ):
            raise BundleError(
                f"bundle {manifest.name}: the network is {self._engine.input_shape} to "
                f"{self._engine.dimensions}, the manifest says {manifest.input_shape} to "
                f"{manifest.dimensions}.",
                remedy=_CONVERT,
            )
        self._limits = limits
        self.name = self._engine.name
        _replay(self._engine, bundle)

    def see(self, frame: NDArray[np.uint8]) -> Sight:
        """Look at a frame, (height, width, 3) uint8, RGB.

        Raises:
            EngineError: the engine failed.
        """
        started = time.perf_counter()
        faces = find_faces(frame)
        if not faces:
            return Sight(Reason.NO_FACE, None, None, (), (_ms_since(started), 0.0))
        face = faces[0]
        if self._somebody_else(faces):
            return Sight(Reason.TWO_FACES, None, face, (), (_ms_since(started), 0.0))
        crop = align(frame, face.points)
        reason, gates = judge(face, frame.shape, crop, self._limits)
        located = _ms_since(started)
        if reason is not None:
            return Sight(reason, None, face, gates, (located, 0.0))
        embedding = self._engine.run(to_int8(crop)[None])[0]
        ms = (located, _ms_since(started) - located)
        if _says_nothing(embedding):
            return Sight(Reason.ENGINE_ERROR, None, face, gates, ms)
        return Sight(None, embedding, face, gates, ms)

    def _somebody_else(self, faces: list[Face]) -> bool:
        least = max(
            _OF_THE_LIMIT * self._limits.min_eyes_px,
            _OF_THE_LARGEST * max(face.eyes_px for face in faces),
        )
        return sum(face.eyes_px >= least for face in faces) > 1


def _says_nothing(embedding: NDArray[np.int8]) -> bool:
    """A network that collapsed gives one number for every face."""
    return bool((embedding == embedding[0]).all())


def _replay(engine: Engine, bundle: Bundle) -> None:
    """Compare today's answers to the recorded pictures with the recorded answers."""
    how, name = bundle.manifest.output_quantization, bundle.manifest.name
    crops, recorded = _recorded(bundle)
    for crop, wanted in zip(crops, recorded, strict=True):
        found = engine.run(to_int8(crop)[None])[0]
        cosine = _cosine(dequantize(found, how), dequantize(wanted, how))
        if not cosine >= LEAST_COSINE or _says_nothing(found):
            raise EngineError(
                f"bundle {name}: {engine.name} answers otherwise than when the bundle was made "
                f"(cosine {cosine:.4f}, at least {LEAST_COSINE}).",
                remedy="Use the engine that the bundle was made with, or copy the bundle again.",
            )


def _recorded(bundle: Bundle) -> tuple[NDArray[np.uint8], NDArray[np.int8]]:
    """(n, height, width, channels) uint8 crops and (n, dimensions) int8 embeddings, n >= 1."""
    manifest = bundle.manifest
    try:
        with np.load(io.BytesIO(bundle.files[SELFTEST]), allow_pickle=False) as arrays:
            crops, embeddings = arrays["crops"], arrays["embeddings"]
        if crops.dtype != np.uint8 or crops.shape[1:] != manifest.input_shape or not len(crops):
            raise ValueError(f"crops {crops.dtype} {crops.shape}")
        if embeddings.dtype != np.int8 or embeddings.shape != (len(crops), manifest.dimensions):
            raise ValueError(f"embeddings {embeddings.dtype} {embeddings.shape}")
    except (KeyError, OSError, ValueError, EOFError, zipfile.BadZipFile) as e:
        raise BundleError(
            f"bundle {manifest.name}: {SELFTEST} is not a recorded answer of its network.",
            why=str(e),
            remedy=_CONVERT,
        ) from e
    return crops, embeddings


def _cosine(a: NDArray[np.float32], b: NDArray[np.float32]) -> float:
    lengths = float(np.linalg.norm(a) * np.linalg.norm(b))
    return float(a @ b) / lengths if lengths > 0.0 else 0.0


def _ms_since(started: float) -> float:
    return (time.perf_counter() - started) * 1000.0
