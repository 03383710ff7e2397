"""Where a training stands, on disk: weights, optimizer, and how far it has come.

One file, whose name says the place and whose renaming makes it count: whatever ends the training,
the newest whole one is there.
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable
from pathlib import Path

import keras

from train.together import apart

EVERY_S = 300.0  # in the middle of an epoch; at the end of each epoch anyway
_NEW = "new.weights.h5"  # Keras wants this ending
_NAME = re.compile(r"at-(\d+)-(\d+)\.weights\.h5")
Place = tuple[int, int]  # epoch and step that come next, from 0
BEGINNING: Place = (0, 0)


def newest(folder: Path) -> tuple[Place, Path] | None:
    """The last state that was kept in `folder`, if there is one."""
    places = {
        (int(found[1]), int(found[2])): path
        for path in (folder.iterdir() if folder.is_dir() else ())
        if (found := _NAME.fullmatch(path.name))
    }
    return max(places.items()) if places else None


def keep(folder: Path, trainer: keras.Model, place: Place) -> None:
    """Write the state of a compiled and built model; the older ones go once it is on the disk."""
    folder.mkdir(parents=True, exist_ok=True)
    with apart():
        trainer.save_weights(folder / _NEW, overwrite=True)
    kept = folder / f"at-{place[0]:06}-{place[1]:06}.weights.h5"
    _sync(folder / _NEW)
    (folder / _NEW).replace(kept)
    _sync(folder)
    for path in folder.iterdir():
        if path != kept and _NAME.fullmatch(path.name):
            path.unlink()


def _sync(path: Path) -> None:
    number = os.open(path, os.O_RDONLY)
    try:
        os.fsync(number)
    finally:
        os.close(number)


class Checkpoints(keras.callbacks.Callback):
    """Keeps the state after every epoch, and within one when the last is EVERY_S old."""

    def __init__(
        self, folder: Path, first: int = 0, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """first: the step that the first epoch begins with, which fit() counts from 0."""
        super().__init__()
        self._folder, self._first, self._clock = folder, first, clock
        self._kept_at = clock()
        self._epoch = 0

    def on_epoch_begin(self, epoch: int, logs: dict[str, float] | None = None) -> None:  # noqa: ARG002 - Keras' own
        self._epoch = epoch

    def on_train_batch_end(self, batch: int, logs: dict[str, float] | None = None) -> None:  # noqa: ARG002 - Keras' own
        if self._clock() - self._kept_at >= EVERY_S:
            self._keep((self._epoch, self._first + batch + 1))

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:  # noqa: ARG002 - Keras' own
        self._first = 0
        self._keep((epoch + 1, 0))

    def _keep(self, place: Place) -> None:
        keep(self._folder, self.model, place)
        self._kept_at = self._clock()
