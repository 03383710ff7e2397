"""Scenes -> pictures to learn from: other sizes, turns, lights, backgrounds, faces pasted in."""

from __future__ import annotations

from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from edge.contract.face import Face
from edge.contract.locate import MIRRORED, POINTS, overlap
from train.locate.scenes import Scene

_FACE_PX = (12.0, 220.0)  # height of the face that a picture is scaled for
_TURN_SD_DEG, _FAR_TURN, _FAR_TURN_DEG = 8.0, 0.15, 30.0
_PASTED = 0.5  # of the pictures get faces of crops as well
_MOST_PASTED = 4
_GAIN, _OFFSET_SD, _CAST_SD, _GAMMA = (0.6, 1.4), 20.0, 0.08, (0.6, 2.2)
_BLURRED, _NOISY, _NOISE_SD = 0.3, 0.4, (2.0, 12.0)
_SEEN = 0.6  # of a face's box must lie in the picture, else it is to be ignored
_YAW_UNIT_DEG, _MOST_YAW_DEG = 20.0, 60.0
_LEAST_PX = 9.0  # of a face's height; smaller ones are to be ignored


@dataclass(frozen=True)
class Picture:
    """What a network sees, with what it shall find. Fields as of `Scene`."""

    frame: NDArray[np.uint8]
    boxes: NDArray[np.float32]
    points: NDArray[np.float32]
    ignore: NDArray[np.float32]


@dataclass(frozen=True)
class Cutouts:
    """Aligned crops to paste: crops (n, 112, 112, 3) uint8, boxes (n, 4), points (n, 5, 2)."""

    crops: NDArray[np.uint8]
    boxes: NDArray[np.float32]
    points: NDArray[np.float32]


class Composer:
    """Makes pictures of (height, width) without end; each follows from its generator alone."""

    def __init__(self, scenes: list[Scene], cutouts: Cutouts, size: tuple[int, int]) -> None:
        self._faces = [(scene, n) for scene in scenes for n in range(len(scene.boxes))]
        self._often = _often(np.concatenate([scene.points for scene in scenes]))
        self._often_cut = _often(cutouts.points)
        self._without = [s for s in scenes if not len(s.boxes) and not len(s.ignore)]
        self._cutouts, self._size = cutouts, size

    def picture(self, rng: np.random.Generator) -> Picture:
        """One of them, in some light, by some camera."""
        plain = self.plain(rng)
        return replace(plain, frame=lit(plain.frame, rng))

    def plain(self, rng: np.random.Generator) -> Picture:
        """One as its parts were photographed."""
        empty = self._without[rng.integers(len(self._without))]
        made = self._background(empty, rng)
        if rng.random() < 0.65:
            made = self._scene(*self._faces[_drawn(self._often, rng)], made, rng)
        if rng.random() < _PASTED:
            for _ in range(rng.integers(1, _MOST_PASTED + 1)):
                made = self._paste(made, rng)
        return _judged(made, self._size)

    def _background(self, scene: Scene, rng: np.random.Generator) -> Picture:
        height, width = self._size
        rows, columns = scene.frame.shape[:2]
        scale = max(height / rows, width / columns) * rng.uniform(1.0, 1.8)
        matrix = _similarity(scale, rng.normal(0, 4), bool(rng.random() < 0.5), columns)
        spare = np.array([scale * columns - width, scale * rows - height])
        matrix = _around((columns / 2, rows / 2), np.array([width, height]) / 2, matrix)
        matrix[:, 2] += rng.uniform(-0.5, 0.5, 2) * np.maximum(spare, 0)
        frame = _warp(scene.frame, matrix, scale, (width, height), border=cv2.BORDER_REFLECT)
        none = np.zeros((0, 4), np.float32)
        return Picture(frame, none, np.zeros((0, POINTS, 2), np.float32), none)

    def _scene(self, scene: Scene, face: int, onto: Picture, rng: np.random.Generator) -> Picture:
        """A whole frame, scaled for one of its faces, on a background where it does not reach."""
        height, width = self._size
        rows, columns = scene.frame.shape[:2]
        x, y, w, h = scene.boxes[face]
        wanted = np.exp(rng.uniform(*np.log(_FACE_PX)))
        # Much larger than it is it would be a blur.
        scale = float(np.clip(wanted / h, 0.0, 2.5))
        mirror = bool(rng.random() < 0.5)
        matrix = _similarity(scale, _turn(rng), mirror, columns)
        half = min(scale * h / 2, 0.5 * min(height, width))
        at = rng.uniform([half, half], [max(width - half, half + 1), max(height - half, half + 1)])
        matrix = _around((x + w / 2, y + h / 2), at, matrix)
        frame = _warp(scene.frame, matrix, scale, (width, height))
        inside = _warp(np.full((rows, columns), 255, np.uint8), matrix, scale, (width, height))
        share = (inside.astype(np.float32) / 255.0)[..., None]
        mixed = share * frame + (1.0 - share) * onto.frame
        return Picture(
            (mixed + 0.5).astype(np.uint8),
            _moved_boxes(scene.boxes, matrix, scale),
            _moved_points(scene.points, matrix, mirror=mirror),
            _moved_boxes(scene.ignore, matrix, scale),
        )

    def _paste(self, onto: Picture, rng: np.random.Generator) -> Picture:
        """A face without its surroundings, where no other one is."""
        height, width = self._size
        which = _drawn(self._often_cut, rng)
        crop, box = self._cutouts.crops[which], self._cutouts.boxes[which]
        wanted = np.exp(rng.uniform(np.log(_FACE_PX[0]), np.log(_FACE_PX[1] * 0.8)))
        scale = float(wanted / box[3])
        mirror = bool(rng.random() < 0.5)
        matrix = _similarity(scale, _turn(rng), mirror, crop.shape[1])
        half = min(wanted / 2, 0.5 * height)
        at = rng.uniform([half, half], [width - half, height - half])
        matrix = _around((box[0] + box[2] / 2, box[1] + box[3] / 2), at, matrix)
        new = _moved_boxes(box[None], matrix, scale)
        taken = np.concatenate([onto.boxes, onto.ignore])
        if len(taken) and (overlap(new, _wider(taken)) > 0).any():
            return onto
        share = (_warp(_OVAL, matrix, scale, (width, height)).astype(np.float32) / 255.0)[..., None]
        face = _warp(crop, matrix, scale, (width, height))
        mixed = share * face + (1.0 - share) * onto.frame
        points = _moved_points(self._cutouts.points[which][None], matrix, mirror=mirror)
        return Picture(
            (mixed + 0.5).astype(np.uint8),
            np.concatenate([onto.boxes, new]),
            np.concatenate([onto.points, points]),
            onto.ignore,
        )


def _often(points: NDArray[np.float32]) -> NDArray[np.float64]:
    """Points (n, 5, 2) -> (n,) sums of chances: a face counts the more the farther it is turned.

    Photographers have people look at them, and what is rarely shown is rarely found.
    """
    yaw = [abs(Face((0.0, 0.0, 0.0, 0.0), p, 1.0).yaw_deg) for p in points.astype(np.float64)]
    chances = 1.0 + np.square(np.minimum(yaw, _MOST_YAW_DEG) / _YAW_UNIT_DEG)
    return np.asarray(np.cumsum(chances) / chances.sum())


def _drawn(sums: NDArray[np.float64], rng: np.random.Generator) -> int:
    return min(int(np.searchsorted(sums, rng.random(), side="right")), len(sums) - 1)


def _oval() -> NDArray[np.uint8]:
    """(112, 112) a soft face's outline."""
    mask = np.zeros((112, 112), np.uint8)
    cv2.ellipse(mask, (56, 58), (42, 54), 0, 0, 360, 255, -1)
    return cv2.GaussianBlur(mask, (0, 0), 3.0)


_OVAL = _oval()


def _similarity(
    scale: float,
    turn_deg: float,
    mirror: bool,  # noqa: FBT001 - one of four numbers
    width: int,
) -> NDArray[np.float64]:
    matrix = cv2.getRotationMatrix2D((0.0, 0.0), turn_deg, scale)
    if mirror:
        flip = np.array([[-1.0, 0.0, width - 1.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]])
        matrix = matrix @ flip
    return matrix


def _around(
    point: tuple[float, float], to: NDArray[np.float64], matrix: NDArray[np.float64]
) -> NDArray[np.float64]:
    """The same turn and scale, with `point` moved to `to`."""
    moved = matrix.copy()
    moved[:, 2] += to - (matrix[:, :2] @ np.array(point) + matrix[:, 2])
    return moved


def _turn(rng: np.random.Generator) -> float:
    if rng.random() < _FAR_TURN:
        return float(rng.uniform(-_FAR_TURN_DEG, _FAR_TURN_DEG))
    return float(rng.normal(0.0, _TURN_SD_DEG))


def _warp(
    picture: NDArray[np.uint8],
    matrix: NDArray[np.float64],
    scale: float,
    size: tuple[int, int],
    border: int = cv2.BORDER_CONSTANT,
) -> NDArray[np.uint8]:
    """Reduced by area first where it is made much smaller, or the warp would alias."""
    if scale < 0.5:
        factor = 2.0 * scale
        rows, columns = picture.shape[:2]
        small = (max(1, round(columns * factor)), max(1, round(rows * factor)))
        picture = cv2.resize(picture, small, interpolation=cv2.INTER_AREA)
        back = np.diag([columns / small[0], rows / small[1], 1.0])
        shift = np.array([[1, 0, 0.5], [0, 1, 0.5], [0, 0, 1.0]])
        matrix = matrix @ np.linalg.inv(shift) @ back @ shift
    return cv2.warpAffine(picture, matrix, size, flags=cv2.INTER_LINEAR, borderMode=border)


def _moved_points(
    points: NDArray[np.float32], matrix: NDArray[np.float64], *, mirror: bool
) -> NDArray[np.float32]:
    moved = points @ matrix[:, :2].T + matrix[:, 2]
    return (moved[:, MIRRORED] if mirror else moved).astype(np.float32)


def _moved_boxes(
    boxes: NDArray[np.float32], matrix: NDArray[np.float64], scale: float
) -> NDArray[np.float32]:
    """Upright again: a box keeps its shape, and its middle goes where the face's goes."""
    middle = (boxes[:, :2] + boxes[:, 2:] / 2) @ matrix[:, :2].T + matrix[:, 2]
    size = boxes[:, 2:] * scale
    return np.concatenate([middle - size / 2, size], axis=1).astype(np.float32)


def _wider(boxes: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.concatenate([boxes[:, :2] - 0.2 * boxes[:, 2:], 1.4 * boxes[:, 2:]], axis=1)


def _judged(made: Picture, size: tuple[int, int]) -> Picture:
    """Faces that are too small or mostly outside are to be ignored."""
    height, width = size
    boxes = made.boxes
    low = np.clip(boxes[:, :2], 0, [width, height])
    high = np.clip(boxes[:, :2] + boxes[:, 2:], 0, [width, height])
    seen = np.prod(high - low, axis=1) / np.maximum(np.prod(boxes[:, 2:], axis=1), 1e-9)
    good = (seen >= _SEEN) & (boxes[:, 3] >= _LEAST_PX)
    ignore = np.concatenate([made.ignore, boxes[~good & (seen > 0)]])
    return Picture(made.frame, boxes[good], made.points[good], ignore)


def lit(frame: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.uint8]:
    """(h, w, 3) in another light, by another camera."""
    values = np.arange(256, dtype=np.float32) / 255.0
    gamma = np.exp(rng.uniform(*np.log(_GAMMA))) if rng.random() < 0.4 else 1.0
    base = 255.0 * values**gamma * rng.uniform(*_GAIN) + rng.normal(0.0, _OFFSET_SD)
    seen = np.empty_like(frame)
    for colour in range(3):
        table = np.clip(base * (1.0 + rng.normal(0.0, _CAST_SD)) + 0.5, 0, 255).astype(np.uint8)
        seen[..., colour] = table[frame[..., colour]]
    if rng.random() < _BLURRED:
        seen = cv2.GaussianBlur(seen, (0, 0), rng.uniform(0.4, 1.6))
    if rng.random() < _NOISY:
        noise = rng.standard_normal(frame.shape, np.float32)
        noise *= np.float32(rng.uniform(*_NOISE_SD))
        seen = np.clip(seen + noise + np.float32(0.5), 0, 255).astype(np.uint8)
    if rng.random() < 0.1:
        seen = np.repeat(cv2.cvtColor(seen, cv2.COLOR_RGB2GRAY)[..., None], 3, axis=2)
    return seen
