"""The locator's two float networks -> int8 files that a bundle can hold."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from convert import check, network
from convert.engine import input_quantization
from convert.errors import GateError
from convert.quantize import INT8, twin_to
from edge.contract.bundle import FINDER, POINTER
from edge.contract.errors import BundleError, DataError, MissingError
from edge.contract.geometry import similarity
from edge.contract.locate import PATCH_TEMPLATE, cut_patch, reduced
from edge.eye.locator import Locator
from train.quiet import quiet

if TYPE_CHECKING:
    from train.locate.scenes import Scene

_PICTURES = 200  # to take the ranges of int8 from
_FALSE_PER_FRAME = 0.01  # faces that are seen where none is, of the frames that set the limit


def convert_locator(
    run: Path, scenes: Sequence[Path], say: Callable[[str], None]
) -> dict[str, bytes]:
    """{FINDER: file, POINTER: file} of a run of `python -m train locate fit`.

    Args:
        run: its folder.
        scenes: tars of labelled frames as `train.locate.scenes` reads them: those that it trained
            on to calibrate with, those that it kept out to set the limit of what is a face.
        say: takes one line per step, for whoever waits.

    Raises:
        MissingError, DataError: run or scenes cannot be read, or no frame can set the limit.
        GateError: no door could run them.
    """
    with quiet():
        from train.locate.limits import least_evidence
        from train.locate.networks import FILE, PARTS
        from train.locate.scenes import read_scenes, split_scenes
        from train.runs import load_network
    frames, kept = split_scenes([scene for path in scenes for scene in read_scenes(path)])
    rooms = [scene.frame for scene in kept if not len(scene.boxes) and not len(scene.ignore)]
    if not rooms:
        raise DataError(
            "among the frames that are kept out is none without a face",
            remedy="give more --scenes; a tenth of them is kept out, by their names",
        )
    calibration = {
        FINDER: _pinned([reduced(scene.frame)[0] for scene in frames]),
        POINTER: _pinned([patch for scene in frames for patch in _patches(scene)]),
    }
    networks = {
        name: load_network(run / part / FILE)
        for name, part in zip((FINDER, POINTER), PARTS, strict=True)
    }
    files = {}
    for name in (FINDER, POINTER):
        say(f"converting {name}, calibrated with {len(calibration[name])} pictures")
        files[name] = twin_to(INT8, networks[name], calibration[name])
    _check(files)
    say(f"setting the limit on {len(rooms)} frames without a face")
    locator = Locator(files[FINDER], files[POINTER])
    limit = least_evidence(locator.find, locator.point, rooms, _FALSE_PER_FRAME)
    score = networks[POINTER].get_layer("score")
    kernel, bias = score.get_weights()
    score.set_weights([kernel, bias - limit])
    files[POINTER] = twin_to(INT8, networks[POINTER], calibration[POINTER])
    _check(files)
    return files


def read_locator(folder: Path) -> dict[str, bytes]:
    """{FINDER: file, POINTER: file} of what `convert_locator` made, or of a bundle.

    Raises:
        MissingError: they are not there. GateError: no door could run them.
    """
    files = {}
    for name in (FINDER, POINTER):
        try:
            files[name] = (folder / name).read_bytes()
        except OSError as e:
            raise MissingError(
                f"{folder / name}: not there ({e.strerror})",
                remedy="name a folder made by `convert locator`, or a bundle for faces",
            ) from e
    _check(files)
    return files


def _check(files: Mapping[str, bytes]) -> None:
    """Raises: GateError: no door could run them."""
    for file in files.values():
        try:
            check.check_operators(network.look(file))
        except BundleError as e:
            raise GateError(e.what, why=e.why, remedy=e.remedy) from e
        check.check_input(input_quantization(file))


def _patches(scene: Scene) -> Iterator[NDArray[np.uint8]]:
    for points in scene.points:
        yield cut_patch(scene.frame, similarity(points.astype(np.float64), PATCH_TEMPLATE))


def _pinned(pictures: list[NDArray[np.uint8]]) -> NDArray[np.uint8]:
    """Evenly some of them, and one that is black and white: the input's scale is to be 1/128."""
    steps = np.unique(np.linspace(0, len(pictures) - 1, min(_PICTURES, len(pictures))).astype(int))
    chosen = np.stack([pictures[step] for step in steps])
    chosen[0, 0, 0], chosen[0, -1, -1] = 0, 255
    return chosen
