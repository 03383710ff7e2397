"""A worker: the seed's way, as its notebook and its script have it, with random weights.

Its network is published; its weights are not. What a prediction costs does not hang on them.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from bench.worker import answer

REFERENCES = (1, 10, 50)
PARAMETERS = 38_964_545
_SIDE = 100


def make(folder: Path) -> Mapping[str, Callable[[int], object]]:
    """`verify` with so many reference images, each by one `model.predict`."""
    import tensorflow as tf

    if os.environ.get("BENCH_THREADS"):
        tf.config.threading.set_intra_op_parallelism_threads(1)
        tf.config.threading.set_inter_op_parallelism_threads(1)
    model = _siamese()
    if model.count_params() != PARAMETERS:
        raise ValueError(f"the seed's network has {PARAMETERS} weights, not {model.count_params()}")
    pictures = sorted(folder.glob("*.bmp"))

    def verify(references: int, frame: int) -> bool:
        results = []
        for number in range(references):
            probe = _preprocessed(pictures[frame])
            reference = _preprocessed(pictures[number % len(pictures)])
            results.append(model.predict([probe[None], reference[None]], verbose=0))
        return bool(sum(float(one[0, 0]) > 0.5 for one in results) / references > 0.5)

    return {f"press, {n} reference{'s' * (n > 1)}": partial(verify, n) for n in REFERENCES}


def _preprocessed(path: Path) -> Any:  # noqa: ANN401 - a tensor
    import tensorflow as tf

    picture = tf.io.decode_bmp(tf.io.read_file(str(path)))
    return tf.image.resize(picture, (_SIDE, _SIDE)).numpy() / 255.0


def _siamese() -> Any:  # noqa: ANN401 - keras is imported where it is used
    import keras

    twin = _twin()
    left, right = (keras.Input((_SIDE, _SIDE, 3)) for _ in range(2))
    difference = keras.ops.abs(twin(left) - twin(right))
    return keras.Model([left, right], keras.layers.Dense(1, activation="sigmoid")(difference))


def _twin() -> Any:  # noqa: ANN401 - as above
    """Its pools reach over 64x64, where 2x2 was meant: so it was published, and so it runs."""
    import keras

    layers = keras.layers
    x = entry = keras.Input((_SIDE, _SIDE, 3))
    for filters, size in ((64, 10), (128, 7), (128, 4)):
        x = layers.Conv2D(filters, size, activation="relu")(x)
        x = layers.MaxPooling2D(64, 2, padding="same")(x)
    x = layers.Conv2D(256, 4, activation="relu")(x)
    x = layers.Dense(4096, activation="sigmoid")(layers.Flatten()(x))
    return keras.Model(entry, x)


if __name__ == "__main__":
    sys.exit(answer(make))
