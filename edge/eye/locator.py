"""The bundle's finder and pointer on this machine's engine: frame -> faces with five points."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from edge.contract.errors import EngineError
from edge.contract.locate import Face
from edge.contract.locating import FRAME, PATCH, POINTS, SIZES, Limits, locate
from edge.contract.tensor import to_int8
from edge.eye.engine import Maps

_SHAPE = 4 + 2 * POINTS


class Locator:
    """Finds faces. `name` is its engine's."""

    def __init__(self, finder: bytes, pointer: bytes, limits: Limits | None = None) -> None:
        """Load both networks.

        Raises:
            EngineError: there is no engine, or they are not networks of this kind.
        """
        self._finder, self._pointer, self._limits = Maps(finder), Maps(pointer), limits
        self.name = self._finder.name
        shapes = self._finder.input_shape, self._pointer.input_shape
        if shapes != ((*FRAME, 3), (PATCH, PATCH, 3)):
            raise EngineError(
                f"finder and pointer take pictures of {shapes}",
                remedy="copy the bundle again; if that fails, run `convert` again",
            )

    def find_faces(self, frame: NDArray[np.uint8]) -> list[Face]:
        """The faces in a frame (height, width, 3) uint8 RGB, the largest first.

        Raises:
            EngineError: the engine failed.
        """
        return locate(frame, self._find, self._point, self._limits)

    def _find(
        self, frame: NDArray[np.uint8]
    ) -> dict[int, tuple[NDArray[np.float32], NDArray[np.float32]]]:
        maps = {map_.shape[1:]: map_[0] for map_ in self._finder.run(to_int8(frame)[None])}
        found = {}
        for stride in SIZES:
            cells = -(-FRAME[0] // stride), -(-FRAME[1] // stride)
            found[stride] = maps[*cells, 1][..., 0], maps[*cells, _SHAPE]
        return found

    def _point(self, patch: NDArray[np.uint8]) -> tuple[float, NDArray[np.float32]]:
        answers = {answer.shape[1]: answer[0] for answer in self._pointer.run(to_int8(patch)[None])}
        return float(answers[1][0]), answers[2 * POINTS]
