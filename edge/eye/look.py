"""One look at one frame: find the face, judge it, cut it out, embed it, or say why not."""

from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edge.contract.align import align
from edge.contract.bundle import Bundle
from edge.contract.errors import BundleError
from edge.contract.face import Face
from edge.contract.gates import Gate, Limits
from edge.contract.geometry import CROP_SIZE
from edge.contract.quality import judge
from edge.contract.reasons import Reason
from edge.contract.tasks import FACES
from edge.contract.tensor import to_int8
from edge.eye.golden import load_engine, replay, replay_locator
from edge.eye.locator import load_locator

# A second face counts if its eyes are at least this far apart, as a share of the limit and of the
# largest face's: somebody who passes in the background is no second person at the door.
_OF_THE_LIMIT = 0.5
_OF_THE_LARGEST = 0.4


@dataclass(frozen=True)
class Sight:
    """What one frame gave; exactly one of `reason` and `embedding` is set.

    embedding: (dimensions,) int8. crop: the aligned face that it is of, (112, 112, 3) uint8 RGB.
    face: the largest one; None if there was none.
    ms: milliseconds of finding and judging the face, and of embedding it.
    """

    reason: Reason | None
    embedding: NDArray[np.int8] | None
    face: Face | None
    gates: tuple[Gate, ...]
    ms: tuple[float, float]
    crop: NDArray[np.uint8] | None = None


class Eye:
    """A bundle's networks, ready to look at frames. `name` is their engine's."""

    def __init__(self, bundle: Bundle, limits: Limits) -> None:
        """Load the networks and let them answer the bundle's golden inputs.

        Raises:
            BundleError: the bundle is not one for faces, or contradicts itself.
            EngineError: there is no engine, or it answers otherwise than when the bundle was made.
        """
        manifest = bundle.manifest
        if manifest.task != FACES or manifest.input_shape != (CROP_SIZE, CROP_SIZE, 3):
            raise BundleError(
                f"bundle {manifest.name}: its network takes {manifest.input_shape}, and a face is "
                f"{(CROP_SIZE, CROP_SIZE, 3)}.",
                why=f"It was made for the task {manifest.task!r}.",
                remedy="Name a bundle for faces in [recognition] bundle.",
            )
        self._bundle, self._limits = bundle, limits
        self._engine = load_engine(bundle)
        self._locator = load_locator(bundle)
        self.name = self._engine.name
        self.rehearse()

    def rehearse(self) -> None:
        """Answer the bundle's golden inputs once more.

        Raises:
            EngineError: the answers are others than when the bundle was made.
        """
        replay(self._engine, self._bundle)
        replay_locator(self._locator, self._bundle)

    def see(self, frame: NDArray[np.uint8]) -> Sight:
        """Look at a frame, (height, width, 3) uint8, RGB.

        Raises:
            EngineError: the engine failed.
        """
        started = time.perf_counter()
        faces = self._locator.find_faces(frame)
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
        embedding = self.embed(crop)
        ms = (located, _ms_since(started) - located)
        if _says_nothing(embedding):
            return Sight(Reason.ENGINE_ERROR, None, face, gates, ms)
        return Sight(None, embedding, face, gates, ms, crop)

    def embed(self, crop: NDArray[np.uint8]) -> NDArray[np.int8]:
        """An aligned face, (112, 112, 3) uint8 RGB, that was kept -> (dimensions,) int8.

        Raises:
            EngineError: the engine failed.
        """
        return self._engine.run(to_int8(crop)[None])[0]

    def _somebody_else(self, faces: list[Face]) -> bool:
        least = max(
            _OF_THE_LIMIT * self._limits.min_eyes_px,
            _OF_THE_LARGEST * max(face.eyes_px for face in faces),
        )
        return sum(face.eyes_px >= least for face in faces) > 1


def _says_nothing(embedding: NDArray[np.int8]) -> bool:
    """A network that collapsed gives one number for every face."""
    return bool((embedding == embedding[0]).all())


def _ms_since(started: float) -> float:
    return (time.perf_counter() - started) * 1000.0
