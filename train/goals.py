"""What a student's embeddings shall become: several teachers' embeddings joined, kept on disk."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from train.teacher import Embedder, unit


class Goals:
    """Where several teachers together put a face: `dimensions` numbers, of unit length.

    Their embeddings, each times its weight, side by side; then the principal components over the
    crops, without their mean: what all faces share says nothing of whom.
    """

    def __init__(
        self, crops: NDArray[np.uint8], teachers: Sequence[Embedder], dimensions: int
    ) -> None:
        """crops: (n, 112, 112, 3) uint8, those to learn from.

        Each teacher's embeddings of them are kept in the cache, under the digest of both.
        """
        self._teachers = teachers
        joined = _joined([teacher.weight * _embeddings(crops, teacher) for teacher in teachers])
        self._mean = joined.mean(axis=0)
        joined -= self._mean
        _, axes = np.linalg.eigh(joined.T.astype(np.float64) @ joined)
        self._axes = axes[:, ::-1][:, :dimensions].astype(np.float32)
        self.kept = unit(joined @ self._axes)
        self._looks: list[Callable[[NDArray[np.uint8]], NDArray[np.float32]]] = []

    def of(self, crops: NDArray[np.uint8]) -> NDArray[np.float32]:
        """(m, 112, 112, 3) uint8, as they are seen -> (m, dimensions), by one look of each."""
        if not self._looks:
            self._looks = [teacher.opened(rough=True) for teacher in self._teachers]
        looks = zip(self._teachers, self._looks, strict=True)
        joined = _joined([teacher.weight * look(crops) for teacher, look in looks])
        return unit((joined - self._mean) @ self._axes)


def _joined(weighted: Sequence[NDArray[np.float32]]) -> NDArray[np.float32]:
    return unit(np.concatenate(weighted, axis=1))


def _embeddings(crops: NDArray[np.uint8], teacher: Embedder) -> NDArray[np.float32]:
    key = hashlib.sha256(f"{teacher.digest()} {crops.shape} ".encode() + crops.tobytes())
    kept = cache_folder("goals") / f"{key.hexdigest()[:32]}.npy"
    if kept.is_file():
        return np.load(kept).astype(np.float32)
    made = teacher.embed(crops)
    kept.parent.mkdir(parents=True, exist_ok=True)
    new = kept.with_suffix(f".{os.getpid()}.new")
    with new.open("wb") as file:
        np.save(file, made.astype(np.float16))
    new.replace(kept)
    return made.astype(np.float16).astype(np.float32)  # as the next start will read them


def cache_folder(name: str) -> Path:
    """Where answers that took long are kept."""
    home = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(home) / "onelook" / name
