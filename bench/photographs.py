"""The photographs that everything is measured on, as frames of one size."""

from __future__ import annotations

import io
import tarfile
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from edge.contract.errors import DataError, MissingError
from edge.contract.picture import read_picture
from edge.selftest.stages import framed
from edge.shipped import shipped

PERSON = "obama_1.jpg"  # who is enrolled; the presses show the same person
_SHOWN = ("obama_2.jpg", "obama_3.jpg", "biden_2.jpg", "stranger_harris.jpg")


@dataclass(frozen=True)
class Photograph:
    """A frame (616, 820, 3) uint8, RGB, with a face."""

    name: str
    frame: NDArray[np.uint8]


def demo_photographs() -> list[Photograph]:
    """Those of the demo; the first is the person's who is enrolled, the second shows them again."""
    enrolled = shipped("application_data", "verification_images", PERSON)
    others = [shipped("application_data", "input_images", name) for name in _SHOWN]
    return [Photograph(path.name, framed(read_picture(path))) for path in (enrolled, *others)]


def tar_photographs(tar: Path, most: int) -> list[Photograph]:
    """The first so many pictures of a tar of whole photographs, as LFW's frames are.

    Raises:
        MissingError: no such file. DataError: no tar, or no pictures in it.
    """
    try:
        with tarfile.open(tar) as archive:
            members = [m for m in archive if m.isfile()][:most]
            found = [Photograph(m.name, _framed(archive.extractfile(m))) for m in members]
    except FileNotFoundError as e:
        raise MissingError(f"{tar}: no such file.", remedy="Name a tar of photographs.") from e
    except tarfile.TarError as e:
        raise DataError(f"{tar}: not a tar ({e}).", remedy="Name a tar of photographs.") from e
    if not found:
        raise DataError(f"{tar}: no pictures in it.", remedy="Name a tar of photographs.")
    return found


def _framed(file: io.BufferedIOBase | None) -> NDArray[np.uint8]:
    data = np.frombuffer(file.read() if file else b"", np.uint8)
    bgr = cv2.imdecode(data, cv2.IMREAD_COLOR)
    if bgr is None:
        raise DataError("a file in the tar is no picture.", remedy="Name a tar of photographs.")
    return framed(np.ascontiguousarray(bgr[..., ::-1], np.uint8))


def write_all(photographs: list[Photograph], folder: Path) -> list[Path]:
    """As files for those that read files: BMP, which like a camera leaves nothing to decode."""
    paths = []
    for number, photograph in enumerate(photographs):
        path = folder / f"{number:02d}.bmp"
        cv2.imwrite(str(path), photograph.frame[..., ::-1])
        paths.append(path)
    return paths
