"""Pictures with labels -> what the two networks are asked for, batch by batch.

What their numbers mean is said in `edge.contract.locate`.
"""

from __future__ import annotations

from collections.abc import Iterator

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
    SIZES,
    Find,
    Limits,
    candidates,
    cut_patch,
    overlap,
)
from edge.contract.tensor import to_float
from train.locate.compose import Composer, Picture
from train.locate.network import SHAPE

_LIMITS = (37.0, 85.0)  # between them, the middles on a logarithmic scale
_BOTH = 1.2  # a face so near to a limit is a matter of both strides
_RADIUS = 0.12  # of the size: how far around the middle is still nearly right
_IGNORED = -1.0
_FACE, _NONE = 0.4, 0.15  # overlap with a face from which on a box is of it, to which of none


class _Lessons(keras.utils.PyDataset):
    """Batches of composed pictures; an epoch follows from its seed."""

    def __init__(self, composer: Composer, *, batch: int, steps: int, seed: int) -> None:
        super().__init__(workers=1, use_multiprocessing=False)
        self._composer, self._batch, self._steps, self._seed = composer, batch, steps, seed
        self.epoch = 0

    def __len__(self) -> int:
        return self._steps

    def _rng(self, index: int) -> np.random.Generator:
        return np.random.default_rng((self._seed, self.epoch, index))


class FrameLessons(_Lessons):
    """Batches for the finder."""

    def __getitem__(self, index: int) -> tuple[NDArray[np.float32], dict[str, NDArray[np.float32]]]:
        """Frames (n, 240, 320, 3), and for each stride heat (n, h, w, 1), shape (n, h, w, 15)."""
        rng = self._rng(index)
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


class PatchLessons(_Lessons):
    """Batches for the pointer: what a trained finder hands over, faces and what it takes for them.

    A face comes as the finder guesses it, or nearly right, as the second look of
    `edge.contract.locate` has it, or farther off than either.
    """

    _OFF_SD = (0.02, 0.15)  # of the distance between the eyes: nearly right, far off
    _NO_FACE = 0.1  # of places anywhere, beside the finder's mistakes
    _GROUP = 8  # patches that are cut from one picture

    def __init__(
        self, composer: Composer, find: Find, *, batch: int, steps: int, seed: int
    ) -> None:
        super().__init__(composer, batch=batch, steps=steps, seed=seed)
        self._find = find

    def __getitem__(self, index: int) -> tuple[NDArray[np.float32], dict[str, NDArray[np.float32]]]:
        """Patches (n, 64, 64, 3); score (n, 1), 1: a face; points (n, 11), the last is a weight."""
        rng = self._rng(index)
        patches, score, points = [], [], []
        while len(patches) < self._batch:
            picture = self._composer.picture(rng)
            guesses, others = self._proposed(picture)
            for patch, there in self._faces(picture, guesses, rng):
                patches.append(patch)
                points.append(np.r_[there.ravel(), 1.0])
                score.append(1.0)
            for patch in (*self._mistaken(picture, others), *self._anywhere(picture, rng)):
                patches.append(patch)
                points.append(np.zeros(2 * POINTS + 1))
                score.append(0.0)
        kept = slice(None, self._batch)
        return to_float(np.stack(patches[kept])), {
            "score": np.array(score[kept], np.float32)[:, None],
            "points": np.array(points[kept], np.float32),
        }

    def _proposed(
        self, picture: Picture
    ) -> tuple[dict[int, NDArray[np.float64]], NDArray[np.float64]]:
        """(guess (5, 2) by number of the face, guesses (k, 5, 2) where none is)."""
        boxes, guesses, _ = candidates(self._find(picture.frame), Limits().finder)
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

    def _faces(
        self,
        picture: Picture,
        guesses: dict[int, NDArray[np.float64]],
        rng: np.random.Generator,
    ) -> Iterator[tuple[NDArray[np.uint8], NDArray[np.float64]]]:
        """(patch, where the points are in it, in the pointer's numbers)."""
        large = np.flatnonzero(picture.boxes[:, 3] >= 14)[: self._GROUP]
        for number in np.repeat(large, 2):  # to compose and to search a picture takes longest
            points = picture.points[number].astype(np.float64)
            eyes = np.hypot(*(points[1] - points[0]))
            if eyes < 4:
                continue
            guess = guesses.get(int(number))
            kind = rng.random()
            if guess is None or kind < 0.5:
                sd = self._OFF_SD[int(kind < 0.1 or guess is None)] * eyes
                guess = points + rng.normal(0, sd, points.shape) + rng.normal(0, sd, 2)
            try:
                matrix = similarity(guess, PATCH_TEMPLATE)
            except ValueError:
                continue
            there = (points @ matrix[:, :2].T + matrix[:, 2] - PATCH_TEMPLATE) / POINT_UNIT_PX
            if np.abs(there).max() < PATCH / POINT_UNIT_PX:
                yield cut_patch(picture.frame, matrix), there

    def _mistaken(
        self, picture: Picture, guesses: NDArray[np.float64]
    ) -> Iterator[NDArray[np.uint8]]:
        for guess in guesses[: self._GROUP]:
            try:
                yield cut_patch(picture.frame, similarity(guess, PATCH_TEMPLATE))
            except ValueError:
                continue

    def _anywhere(self, picture: Picture, rng: np.random.Generator) -> Iterator[NDArray[np.uint8]]:
        taken = np.concatenate([picture.boxes, picture.ignore])
        for _ in range(rng.binomial(6, self._NO_FACE)):
            side = np.exp(rng.uniform(np.log(14), np.log(150)))
            at = rng.uniform([0, 0], [FRAME[1], FRAME[0]])
            box = np.r_[at - side / 2, side, side].astype(np.float32)
            if len(taken) and overlap(box[None], taken).max() > _NONE:
                continue
            scale = PATCH / (side * 1.7)
            turn = rng.normal(0, 8)
            matrix = cv2.getRotationMatrix2D((0.0, 0.0), turn, scale)
            matrix[:, 2] += PATCH / 2 - (matrix[:, :2] @ at + matrix[:, 2])
            yield cut_patch(picture.frame, matrix)
