"""The bundle's finder and pointer on this machine's engine: frame -> faces with five points."""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

from edge.contract.bundle import FINDER, POINTER, Bundle, load_bundle
from edge.contract.errors import BundleError, EngineError
from edge.contract.face import Face
from edge.contract.locate import FRAME, PATCH, POINTS, SIZES, locate
from edge.contract.signing import UNCHECKED
from edge.contract.tensor import to_int8
from edge.eye.engine import Maps
from edge.eye.operators import read
from edge.shipped import shipped

_SHAPE = 4 + 2 * POINTS


class Locator:
    """Finds faces. `name` is its engine's."""

    def __init__(self, finder: bytes, pointer: bytes) -> None:
        """Load both networks.

        Raises:
            EngineError: there is no engine, or they are not networks of this kind.
        """
        self._finder, self._pointer = Maps(finder), Maps(pointer)
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
        return locate(frame, self.find, self.point)

    def find(
        self, frame: NDArray[np.uint8]
    ) -> dict[int, tuple[NDArray[np.float32], NDArray[np.float32]]]:
        """A frame (240, 320, 3) uint8 -> as `edge.contract.locate.Find`."""
        maps = {map_.shape[1:]: map_[0] for map_ in self._finder.run(to_int8(frame)[None])}
        found = {}
        for stride in SIZES:
            cells = -(-FRAME[0] // stride), -(-FRAME[1] // stride)
            found[stride] = maps[*cells, 1][..., 0], maps[*cells, _SHAPE]
        return found

    def point(self, patch: NDArray[np.uint8]) -> tuple[float, NDArray[np.float32]]:
        """A patch (64, 64, 3) uint8 -> as `edge.contract.locate.Point`."""
        answers = {answer.shape[1]: answer[0] for answer in self._pointer.run(to_int8(patch)[None])}
        return float(answers[1][0]), answers[2 * POINTS]


def load_locator(bundle: Bundle) -> Locator:
    """The locator of a bundle for faces, on this machine's engine.

    Raises:
        BundleError: it has none, or networks that no door may run, see `edge.eye.operators`.
        EngineError: there is no engine, or it does not take them.
    """
    missing = [name for name in (FINDER, POINTER) if name not in bundle.files]
    if missing:
        raise BundleError(
            f"bundle {bundle.manifest.name}: no {missing[0]} in it, so it finds no faces.",
            why="Bundles for faces hold their own locator since onelook 0.3.",
            remedy="Convert the network again, or use the bundle that comes with onelook.",
        )
    files = bundle.files[FINDER], bundle.files[POINTER]
    for file in files:
        read(file)
    return Locator(*files)


@cache
def shipped_locator() -> Locator:
    """That of the bundle that comes with the program, for photographs at a desk.

    Raises:
        MissingError, BundleError, EngineError: the installation is not whole.
    """
    return load_locator(load_bundle(shipped("models", "faces"), UNCHECKED))
