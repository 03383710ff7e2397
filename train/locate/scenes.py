"""Labelled frames: where the faces are in them, five points each, and what is not to be judged."""

from __future__ import annotations

import json
import tarfile
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from edge.contract.errors import DataError, MissingError
from edge.contract.locate import POINTS


@dataclass(frozen=True)
class Scene:
    """A frame with its faces.

    frame: (h, w, 3) uint8 RGB. boxes: (n, 4) x, y, width, height, pixels of the frame.
    points: (n, 5, 2) as `edge.contract.locate.Face` has them. ignore: (m, 4) boxes that may be
    faces: neither learn from them nor count them. sure: (n,), whether anybody knows the points.
    """

    name: str
    source: str
    frame: NDArray[np.uint8]
    boxes: NDArray[np.float32]
    points: NDArray[np.float32]
    ignore: NDArray[np.float32]
    sure: NDArray[np.bool_]


def read_scenes(tar: Path) -> list[Scene]:
    """The frames of a tar, with the labels of the .jsonl beside it.

    A face that a second detector did not confirm is to be ignored.

    Raises:
        MissingError: tar or labels are not there. DataError: they do not belong together.
    """
    labels = tar.with_suffix(".jsonl")
    for path in (tar, labels):
        if not path.is_file():
            raise MissingError(f"{path}: not there", remedy="name a tar with its .jsonl beside it")
    try:
        rows = {row["file"]: row for row in map(json.loads, labels.read_text().splitlines())}
        with tarfile.open(tar) as archive:
            return [
                _scene(rows[member.name], archive.extractfile(member).read())
                for member in archive
                if member.isfile()
            ]
    except (tarfile.TarError, KeyError, TypeError, ValueError, cv2.error) as e:
        raise DataError(
            f"{tar}: not frames with labels ({e})", remedy="copy it again, with its .jsonl"
        ) from e


def split_scenes(scenes: Sequence[Scene]) -> tuple[list[Scene], list[Scene]]:
    """(nine tenths to learn from, the rest to choose limits by); a frame stays where it is."""
    chosen = [zlib.crc32(scene.name.encode()) % 10 == 0 for scene in scenes]
    pairs = list(zip(scenes, chosen, strict=True))
    return [s for s, kept in pairs if not kept], [s for s, kept in pairs if kept]


def _scene(row: dict, data: bytes) -> Scene:
    bgr = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    boxes, points = _array(row["boxes"], 4), _array(row["landmarks"], 2 * POINTS)
    confirmed = np.array(row["confirmed"], bool).reshape(-1)
    return Scene(
        row["file"],
        row["source"],
        np.ascontiguousarray(bgr[..., ::-1]),
        boxes[confirmed],
        points[confirmed].reshape(-1, POINTS, 2),
        np.concatenate([_array(row["ignore"], 4), boxes[~confirmed]]),
        np.ones(int(confirmed.sum()), bool),
    )


def _array(rows: Sequence[Sequence[float]], width: int) -> NDArray[np.float32]:
    return np.array(rows, np.float32).reshape(-1, width)
