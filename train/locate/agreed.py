"""Labelled points -> points that three teachers agree on.

A label comes from one detector, whose points are off by about what a locator's may be at most (the
figures are in docs/experiments.md). Two networks that do nothing but point look at each labelled
face; each one's answers are put into the labels' way of pointing, since one teacher's "eye" lies
somewhat beside the other's; the middle one of three is the point. Where no two of them agree,
nobody knows where the points are.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from edge.contract.errors import DataError, MissingError
from edge.contract.geometry import TEMPLATE, similarity
from edge.contract.locate import POINTS
from train.goals import cache_folder
from train.locate.scenes import Scene
from train.progress import watched

IN_DOUBT = 0.15  # of the distance between the eyes, from which on two teachers do not agree
_NEAR = 0.15  # the same: what is farther off is no other way of pointing, but a mistake
_ROUNDS = 3
_LOOKS = 2  # of each teacher; the second is upright and in the middle
_SPANS = {"retail": 2.0, "mesh": 2.6}  # sides of what they are shown, in spans of the five points
_UNIT_TEMPLATE = (TEMPLATE - TEMPLATE.mean(axis=0)) / np.hypot(*(TEMPLATE[1] - TEMPLATE[0]))
_MESH_POINTS = (
    (33, 133),
    (362, 263),
    (4,),
    (61,),
    (291,),
)  # of its 468: eyes' corners, nose, mouth

_Look = Callable[[NDArray[np.uint8]], NDArray[np.float64]]


@dataclass(frozen=True)
class Seconds:
    """Who points as well: Open Model Zoo's landmarks-regression-retail-0009, MediaPipe's mesh."""

    retail: Path
    mesh: Path

    def points(
        self, pictures: Sequence[NDArray[np.uint8]], labels: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        """What each sees, (n, 2, 5, 2), kept in the cache.

        Args:
            pictures: (h, w, 3) uint8 RGB, one for each face.
            labels: (n, 5, 2), pixels of its picture.

        Raises:
            MissingError, DataError: a teacher is not there, or is another network.
        """
        for path in (self.retail, self.mesh):
            if not path.is_file():
                raise MissingError(f"{path}: not there", remedy="name the file of the network")
        key = hashlib.sha256(self.retail.read_bytes() + self.mesh.read_bytes() + labels.tobytes())
        for picture in pictures:
            key.update(picture.tobytes())
        kept = cache_folder("points") / f"{key.hexdigest()[:32]}.npy"
        if kept.is_file():
            return np.load(kept)
        looks = [(_retail(self.retail), 48, "retail"), (_mesh(self.mesh), 192, "mesh")]
        made = np.empty((len(pictures), len(looks), POINTS, 2))
        for row, picture, label in zip(made, watched(pictures, "points"), labels, strict=True):
            for place, (look, side, name) in zip(row, looks, strict=True):
                place[:] = _pointed(picture, label, look, side, _SPANS[name])
        kept.parent.mkdir(parents=True, exist_ok=True)
        new = kept.with_suffix(".new.npy")
        np.save(new, made)
        new.replace(kept)
        return made


@dataclass(frozen=True)
class Ways:
    """How each of the two points beside the labels.

    maps: (2, 11, 10), what to add to its points, linear in themselves when they are upright.
    """

    maps: NDArray[np.float64]

    def agreed(
        self, labels: NDArray[np.float64], seconds: NDArray[np.float64]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """(points (n, 5, 2), doubt (n,): distance of the nearest two, the eyes' being 1)."""
        three = [
            labels,
            *(_like(s, m) for s, m in zip(seconds.swapaxes(0, 1), self.maps, strict=True)),
        ]
        middle = np.median(three, axis=0)
        apart = [_apart(three[a], three[b], middle) for a, b in ((0, 1), (0, 2), (1, 2))]
        return middle, np.min(apart, axis=0)


def ways_of(labels: NDArray[np.float64], seconds: NDArray[np.float64]) -> Ways:
    """What the two do differently on many labelled faces; labels (n, 5, 2), seconds (n, 2, 5, 2).

    Raises:
        DataError: they are too few, or the teachers are of something else.
    """
    return Ways(np.stack([_way(labels, second) for second in seconds.swapaxes(0, 1)]))


def agreed_scenes(scenes: Sequence[Scene], seconds: Seconds, ways: Ways | None) -> list[Scene]:
    """The same frames with the agreed points.

    ways: as other labelled faces have shown them; None: as these do.

    Raises:
        MissingError, DataError: as of `Seconds.points` and `ways_of`.
    """
    pictures, labels = _labelled(scenes)
    seen = seconds.points(pictures, labels)
    points, doubts = (ways or ways_of(labels, seen)).agreed(labels, seen)
    ends = np.cumsum([len(scene.boxes) for scene in scenes])[:-1]
    rows = zip(scenes, np.split(points, ends), np.split(doubts, ends), strict=True)
    return [
        replace(scene, points=own.astype(np.float32), sure=doubt <= IN_DOUBT)
        for scene, own, doubt in rows
    ]


def ways_of_scenes(scenes: Sequence[Scene], seconds: Seconds) -> Ways:
    """As `ways_of`, for frames."""
    pictures, labels = _labelled(scenes)
    return ways_of(labels, seconds.points(pictures, labels))


def _labelled(scenes: Sequence[Scene]) -> tuple[list[NDArray[np.uint8]], NDArray[np.float64]]:
    pictures = [scene.frame for scene in scenes for _ in scene.boxes]
    return pictures, np.concatenate([scene.points for scene in scenes]).astype(np.float64)


def _pointed(
    picture: NDArray[np.uint8], points: NDArray[np.float64], look: _Look, side: int, spans: float
) -> NDArray[np.float64]:
    """Where it sees the points, in pixels of the picture, having begun at these."""
    for _ in range(_LOOKS):
        x, y = points[1] - points[0]
        scale = side / max(spans * float(np.ptp(points, axis=0).max()), 1.0)
        middle = points.mean(axis=0)
        matrix = cv2.getRotationMatrix2D(
            middle.tolist(), float(np.degrees(np.arctan2(y, x))), scale
        )
        matrix[:, 2] += side / 2 - middle
        shown = cv2.warpAffine(
            picture, matrix, (side, side), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
        )
        points = (look(np.asarray(shown, np.uint8)) - matrix[:, 2]) @ np.linalg.inv(matrix[:, :2]).T
    return points


def _retail(path: Path) -> _Look:
    import onnxruntime

    try:
        session = onnxruntime.InferenceSession(path.read_bytes())
        name = session.get_inputs()[0].name
    except Exception as e:  # onnxruntime's own errors have no common base
        raise DataError(f"{path}: not an ONNX network", remedy="name landmarks-regression-*") from e

    def look(shown: NDArray[np.uint8]) -> NDArray[np.float64]:
        bgr = shown[..., ::-1].astype(np.float32).transpose(2, 0, 1)[None]
        found = np.asarray(session.run(None, {name: bgr})[0], np.float64)
        return found.reshape(POINTS, 2) * shown.shape[0]

    return look


def _mesh(path: Path) -> _Look:
    from ai_edge_litert.interpreter import Interpreter

    try:
        engine: Any = Interpreter(str(path))
        engine.allocate_tensors()
    except ValueError as e:
        raise DataError(f"{path}: not a TFLite network", remedy="name face_landmark.tflite") from e
    frame = engine.get_input_details()[0]["index"]
    largest = max(engine.get_output_details(), key=lambda output: int(np.prod(output["shape"])))

    def look(shown: NDArray[np.uint8]) -> NDArray[np.float64]:
        engine.set_tensor(frame, (shown.astype(np.float32) / 255.0)[None])
        engine.invoke()
        mesh = engine.get_tensor(largest["index"]).reshape(-1, 3)[:, :2].astype(np.float64)
        return np.stack([mesh[list(of)].mean(axis=0) for of in _MESH_POINTS])

    return look


def _way(labels: NDArray[np.float64], second: NDArray[np.float64]) -> NDArray[np.float64]:
    """(11, 10): what to add to its upright points, by least squares without the mistakes."""
    upright, wanted = _upright(second, second), _upright(labels, second)
    known = _terms(upright)
    taken = _apart(upright, wanted, upright) <= 2 * _NEAR
    for _ in range(_ROUNDS):
        if taken.sum() < 2 * known.shape[1]:
            raise DataError(
                f"on {int(taken.sum())} of {len(labels)} faces only do the teachers agree",
                remedy="give more labelled faces, or other teachers",
            )
        off = (wanted - upright)[taken].reshape(-1, 2 * POINTS)
        way = np.linalg.lstsq(known[taken], off, rcond=None)[0]
        taken = _apart(_moved(upright, way), wanted, upright) <= _NEAR
    return way


def _like(second: NDArray[np.float64], way: NDArray[np.float64]) -> NDArray[np.float64]:
    """(n, 5, 2) -> the same, as a label would have it."""
    moved = _moved(_upright(second, second), way)
    return np.stack([_back(points, own) for points, own in zip(moved, second, strict=True)])


def _moved(upright: NDArray[np.float64], way: NDArray[np.float64]) -> NDArray[np.float64]:
    return upright + (_terms(upright) @ way).reshape(-1, POINTS, 2)


def _terms(upright: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.column_stack([upright.reshape(-1, 2 * POINTS), np.ones(len(upright))])


def _upright(points: NDArray[np.float64], by: NDArray[np.float64]) -> NDArray[np.float64]:
    """(n, 5, 2) in the frames where `by` lies as near to the template as it can."""
    matrices = [_to_template(own) for own in by]
    return np.stack([p @ m[:, :2].T + m[:, 2] for p, m in zip(points, matrices, strict=True)])


def _back(points: NDArray[np.float64], by: NDArray[np.float64]) -> NDArray[np.float64]:
    matrix = _to_template(by)
    return (points - matrix[:, 2]) @ np.linalg.inv(matrix[:, :2]).T


def _to_template(points: NDArray[np.float64]) -> NDArray[np.float64]:
    try:
        return similarity(points, _UNIT_TEMPLATE)
    except ValueError:  # all in one place: no face, and far from every other teacher's
        return np.array([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]])


def _apart(
    a: NDArray[np.float64], b: NDArray[np.float64], of: NDArray[np.float64]
) -> NDArray[np.float64]:
    """(n,) mean distance of the points, in distances between the eyes of `of`."""
    eyes = np.hypot(*(of[:, 1] - of[:, 0]).T)
    return np.asarray(np.hypot(*np.moveaxis(a - b, -1, 0)).mean(axis=1) / np.maximum(eyes, 1e-6))
