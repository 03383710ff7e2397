"""What a student's embeddings shall become: several teachers' embeddings joined, kept on disk."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from train.teacher import Embedder


def joined_goals(
    crops: NDArray[np.uint8], teachers: Sequence[Embedder], dimensions: int
) -> NDArray[np.float32]:
    """(n, 112, 112, 3) uint8 -> (n, dimensions) float32 of unit length, for every crop its goal.

    The teachers' embeddings, each times its weight, side by side; then the `dimensions` principal
    components over all crops, without their mean: what all faces share says nothing of whom.
    Each teacher's embeddings are kept in the cache, under the digest of teacher and crops.
    """
    kept = [teacher.weight * _embeddings(crops, teacher) for teacher in teachers]
    joined = np.concatenate(kept, axis=1)
    joined /= np.linalg.norm(joined, axis=1, keepdims=True)
    joined -= joined.mean(axis=0)
    _, axes = np.linalg.eigh(joined.T.astype(np.float64) @ joined)
    goals = joined @ axes[:, ::-1][:, :dimensions].astype(np.float32)
    return np.asarray(goals / np.linalg.norm(goals, axis=1, keepdims=True), np.float32)


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
