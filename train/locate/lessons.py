"""Pictures with labels -> what the two networks are asked for, batch by batch.

What their numbers mean is said in `edge.contract.locate`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import keras
import numpy as np
from numpy.typing import NDArray

from edge.contract.geometry import similarity
from edge.contract.locate import (
    FRAME,
    PATCH,
    PATCH_TEMPLATE,
    POINT_UNIT_PX,
    POINTS,
    PROPOSED,
    SIZES,
    Find,
    candidates,
    cut_patch,
    overlap,
)
from edge.contract.tensor import to_float
from train.locate.compose import Composer, Picture, lit
from train.locate.network import SHAPE
from train.progress import watched

_LIMITS = (37.0, 85.0)  # between them, the middles on a logarithmic scale
_BOTH = 1.2  # a face so near to a limit is a matter of both strides
_RADIUS = 0.12  # of the size: how far around the middle is still nearly right
_IGNORED = -1.0
_FACE, _NONE = 0.4, 0.15  # overlap with a face from which on a box is of it, to which of none


class FrameLessons(keras.utils.PyDataset):
    """Batches for the finder, of composed pictures; an epoch follows from its seed."""

    def __init__(self, composer: Composer, *, batch: int, steps: int, seed: int) -> None:
        super().__init__(workers=1, use_multiprocessing=False)
        self._composer, self._batch, self._steps, self._seed = composer, batch, steps, seed
        self.epoch = 0

    def __len__(self) -> int:
        return self._steps

    def __getitem__(self, index: int) -> tuple[NDArray[np.float32], dict[str, NDArray[np.float32]]]:
        """Frames (n, 240, 320, 3), and for each stride heat (n, h, w, 1), shape (n, h, w, 15)."""
        rng = np.random.default_rng((self._seed, self.epoch, index))
        pictures = [self._composer.picture(rng) for _ in range(self._batch)]
        wanted = [targets(picture) for picture in pictures]
        frames = np.stack([picture.frame for picture in pictures])
        return to_float(frames), {k: np.stack([w[k] for w in wanted]) for k in wanted[0]}


def targets(picture: Picture) -> dict[str, NDArray[np.float32]]:
    """heat: 1 at a face's middle, falling around it, -1 where nothing is asked.

    shape: the 14 numbers, and at last how much they count, 0 away from faces.
    """
    made = {}
    sizes = np.sqrt(np.prod(picture.boxes[:, 2:], axis=1))
    for number, stride in enumerate(SIZES):
        rows, columns = FRAME[0] // stride + bool(FRAME[0] % stride), FRAME[1] // stride
        y, x = np.mgrid[:rows, :columns] * stride + stride / 2
        heat = np.zeros((rows, columns), np.float32)
        shape = np.zeros((rows, columns, SHAPE + 1), np.float32)
        for box in picture.ignore:
            _ignore(heat, box, x, y)
        for box, points, size in zip(picture.boxes, picture.points, sizes, strict=True):
            low = _LIMITS[number - 1] if number else 0.0
            high = _LIMITS[number] if number < len(_LIMITS) else np.inf
            if not low / _BOTH <= size < high * _BOTH:
                continue
            if not low <= size < high:
                _ignore(heat, box, x, y)  # either stride may find it, and need not
            unit = SIZES[stride]
            middle = box[:2] + box[2:] / 2
            away = (x - middle[0]) ** 2 + (y - middle[1]) ** 2
            near = np.exp(-away / (2 * max(_RADIUS * size, 0.4 * stride) ** 2))
            nearest = away == away.min()
            near[nearest] = 1.0
            better = (near > 0.3) & (near >= shape[..., -1])
            if low <= size < high:
                heat = np.where(heat < 0, np.where(near > 0.6, near, heat), np.maximum(heat, near))
            cell = np.stack([x, y], axis=-1)
            relative = (points[:, None, None] - cell) / unit
            shape[better] = np.concatenate(
                [
                    (middle - cell) / unit,
                    np.broadcast_to(np.log(box[2:] / unit), (*x.shape, 2)),
                    relative.transpose(1, 2, 0, 3).reshape(*x.shape, 2 * POINTS),
                    near[..., None],
                ],
                axis=-1,
            )[better]
        made[f"score{stride}"], made[f"shape{stride}"] = heat[..., None].astype(np.float32), shape
    return made


def _ignore(
    heat: NDArray[np.float32],
    box: NDArray[np.float32],
    x: NDArray[np.float64],
    y: NDArray[np.float64],
) -> None:
    inside = (x >= box[0]) & (x < box[0] + box[2]) & (y >= box[1]) & (y < box[1] + box[3])
    heat[inside & (heat <= 0)] = _IGNORED


class PatchLessons(keras.utils.PyDataset):
    """Batches for the pointer: what a trained finder hands over, faces and what it takes for them.

    A face comes as the finder guesses it, or nearly right, as the second look of
    `edge.contract.locate` has it, or farther off than either. To compose and to search a picture
    takes far longer than to learn from it, so views of faces are collected once, before the
    first batch, and every patch is cut from one of them with another guess and another light.
    """

    _OFF_SD = (0.02, 0.15)  # of the distance between the eyes: nearly right, far off
    _NO_FACE = 0.25  # of a batch
    _LEAST_EYES_PX = 4.0
    _LEAST_HEIGHT_PX = 28.0  # a door looks at the same face with more pixels
    _MISTAKES = 4  # of the finder, of one picture

    def __init__(  # noqa: PLR0913 - one keyword per thing that decides a batch
        self,
        composer: Composer,
        find: Find,
        *,
        pictures: int,
        batch: int,
        steps: int,
        seed: int,
    ) -> None:
        """pictures: to compose and to search for views."""
        super().__init__(workers=1, use_multiprocessing=False)
        self._batch, self._steps, self._seed = batch, steps, seed
        self.epoch = 0
        self._faces: list[_View] = []
        self._others: list[_View] = []
        for number in watched(range(pictures), "views"):
            rng = np.random.default_rng((seed, 1, number))
            picture = composer.plain(rng)
            guesses, mistakes = self._proposed(picture, lit(picture.frame, rng), find)
            for face, points in enumerate(picture.points.astype(np.float64)):
                large = picture.boxes[face, 3] >= self._LEAST_HEIGHT_PX
                if large and np.hypot(*(points[1] - points[0])) >= self._LEAST_EYES_PX:
                    self._faces += _views(picture, points, guesses.get(face))
            for guess in mistakes[: self._MISTAKES]:
                self._others += _views(picture, guess, guess)
            for guess in self._anywhere(picture, rng):
                self._others += _views(picture, guess, guess)

    def __len__(self) -> int:
        return self._steps

    def __getitem__(self, index: int) -> tuple[NDArray[np.float32], dict[str, NDArray[np.float32]]]:
        """Patches (n, 64, 64, 3); score (n, 1), 1: a face; points (n, 11), the last is a weight."""
        rng = np.random.default_rng((self._seed, 2, self.epoch, index))
        patches = []
        score = np.zeros((self._batch, 1), np.float32)
        points = np.zeros((self._batch, 2 * POINTS + 1), np.float32)
        for row in range(self._batch):
            if rng.random() < self._NO_FACE:
                view = self._others[rng.integers(len(self._others))]
                patch, _ = view.patch(_shaken(view.guess, rng, self._OFF_SD[0]))
            else:
                view = self._faces[rng.integers(len(self._faces))]
                patch, there = view.patch(self._guess(view, rng))
                score[row] = 1.0
                points[row] = np.r_[there.ravel(), 1.0]
            patches.append(lit(patch, rng))
        return to_float(np.stack(patches)), {"score": score, "points": points}

    def _guess(self, view: _View, rng: np.random.Generator) -> NDArray[np.float64]:
        kind = rng.random()
        if view.guess is None or kind < 0.5:
            far = kind < 0.1 or view.guess is None
            return _shaken(view.points, rng, self._OFF_SD[int(far)])
        return _shaken(view.guess, rng, self._OFF_SD[0])

    @staticmethod
    def _proposed(
        picture: Picture, frame: NDArray[np.uint8], find: Find
    ) -> tuple[dict[int, NDArray[np.float64]], NDArray[np.float64]]:
        """(guess (5, 2) by number of the face, guesses (k, 5, 2) where none is), in that light."""
        boxes, guesses, _ = candidates(find(frame), PROPOSED)
        taken = np.concatenate([picture.boxes, picture.ignore]).astype(np.float64)
        if not len(taken) or not len(boxes):
            return {}, guesses
        shared = overlap(boxes, taken)
        best = shared.argmax(axis=1)
        found = {
            int(best[at]): guesses[at]
            for at in np.flatnonzero(shared.max(axis=1) >= _FACE)
            if best[at] < len(picture.boxes)
        }
        return found, guesses[shared.max(axis=1) < _NONE]

    @staticmethod
    def _anywhere(picture: Picture, rng: np.random.Generator) -> Iterator[NDArray[np.float64]]:
        """A place where no face is, as if a face were there."""
        taken = np.concatenate([picture.boxes, picture.ignore])
        side = np.exp(rng.uniform(np.log(14), np.log(150)))
        at = rng.uniform([0, 0], [FRAME[1], FRAME[0]])
        box = np.r_[at - side / 2, side, side].astype(np.float32)
        if not len(taken) or overlap(box[None], taken).max() <= _NONE:
            turn = cv2.getRotationMatrix2D((0.0, 0.0), rng.normal(0, 8), side * 1.7 / PATCH)
            yield (PATCH_TEMPLATE - PATCH / 2) @ turn[:, :2].T + at


@dataclass(frozen=True)
class _View:
    """A face, or what was taken for one, with its surroundings, on (VIEW, VIEW, 3) uint8."""

    SIDE = 160
    SCALE = 1.5  # of a patch

    picture: NDArray[np.uint8]
    points: NDArray[np.float64]  # (5, 2), where they really are
    guess: NDArray[np.float64] | None

    def patch(self, guess: NDArray[np.float64]) -> tuple[NDArray[np.uint8], NDArray[np.float64]]:
        """(patch as `guess` has it cut, (5, 2) where the points are, in the pointer's numbers)."""
        matrix = similarity(guess, PATCH_TEMPLATE)
        there = self.points @ matrix[:, :2].T + matrix[:, 2] - PATCH_TEMPLATE
        return cut_patch(self.picture, matrix), there / POINT_UNIT_PX


def _views(
    picture: Picture, points: NDArray[np.float64], guess: NDArray[np.float64] | None
) -> list[_View]:
    """One, or none where the points are no face's."""
    centred = (PATCH_TEMPLATE - PATCH / 2) * _View.SCALE + _View.SIDE / 2
    try:
        matrix = similarity(points, centred)
        if guess is not None:
            similarity(guess, PATCH_TEMPLATE)
    except ValueError:
        return []
    there, guessed = (
        None if p is None else p @ matrix[:, :2].T + matrix[:, 2] for p in (points, guess)
    )
    return [_View(cut_patch(picture.frame, matrix, _View.SIDE), there, guessed)]


def _shaken(
    points: NDArray[np.float64], rng: np.random.Generator, sd: float
) -> NDArray[np.float64]:
    """Each point by itself and all together, by `sd` distances between the eyes."""
    off = sd * float(np.hypot(*(points[1] - points[0])))
    return points + rng.normal(0, off, points.shape) + rng.normal(0, off, 2)
