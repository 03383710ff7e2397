"""Trained finder and pointer -> a locator, as `edge.contract.locate` wants them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import keras
import numpy as np
from numpy.typing import NDArray

from edge.contract import bundle
from edge.contract.face import Face
from edge.contract.locate import SIZES, Find, locate
from edge.contract.tensor import to_float
from train.locate.label import yunet_faces
from train.runs import load_network

PARTS = FINDER, POINTER = "finder", "pointer"
FILE = "network.keras"


def load_locator(run: Path) -> Callable[[NDArray[np.uint8]], list[Face]]:
    """A run of `train locate fit`, a folder with the int8 files, as a bundle is, or a YuNet.

    Raises:
        MissingError: neither is there. EngineError: the engine does not take the files.
    """
    if run.suffix == ".onnx":
        return yunet_faces(run)
    if (run / bundle.FINDER).is_file():
        from edge.eye.locator import Locator

        files = [(run / name).read_bytes() for name in (bundle.FINDER, bundle.POINTER)]
        return Locator(*files).find_faces
    finder, pointer = (load_network(run / part / FILE) for part in (FINDER, POINTER))
    return float_locator(finder, pointer)


def float_locator(
    finder: keras.Model, pointer: keras.Model
) -> Callable[[NDArray[np.uint8]], list[Face]]:
    """What finds faces in a frame with these two."""
    find = float_finder(finder)

    def point(patch: NDArray[np.uint8]) -> tuple[float, NDArray[np.float32]]:
        found = pointer.predict_on_batch(to_float(patch[None]))
        return float(found["score"][0, 0]), found["points"][0]

    return lambda frame: locate(frame, find, point)


def float_finder(finder: keras.Model) -> Find:
    """The finder as `edge.contract.locate` wants it."""

    def find(
        frame: NDArray[np.uint8],
    ) -> dict[int, tuple[NDArray[np.float32], NDArray[np.float32]]]:
        found = finder.predict_on_batch(to_float(frame[None]))
        return {
            stride: (found[f"score{stride}"][0, ..., 0], found[f"shape{stride}"][0])
            for stride in SIZES
        }

    return find
