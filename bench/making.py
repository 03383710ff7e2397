"""`python -m bench.making FOLDER`: the yardsticks as TFLite files, by tensorflow, in a minute.

Their weights are random: what a product costs does not hang on its numbers.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from bench.networks import CONVOLUTION_INT8, PRODUCT_FLOAT, PRODUCT_INT8, YARDSTICK

# Rows, columns; as large as a layer of a large network, small enough for the processor's caches.
_PRODUCT = (64, 1024)
_CONVOLUTION = (28, 28, 256)

FILES = {
    YARDSTICK: "mobilenetv2-int8.tflite",
    PRODUCT_INT8: "product-int8.tflite",
    PRODUCT_FLOAT: "product-float.tflite",
    CONVOLUTION_INT8: "convolution-int8.tflite",
}


def main(folder: Path) -> int:
    """Make what is not there yet; returns the exit code."""
    import keras

    folder.mkdir(parents=True, exist_ok=True)
    keras.utils.set_random_seed(1)
    for name, file in FILES.items():
        path = folder / file
        if path.exists():
            continue
        data = _converted(_model(name), as_int8=name != PRODUCT_FLOAT)
        part = path.with_suffix(".part")
        part.write_bytes(data)
        part.rename(path)
    return 0


def _model(name: str) -> Any:  # noqa: ANN401 - keras is imported where it is used
    import keras

    if name == YARDSTICK:
        entry = keras.Input((224, 224, 3), batch_size=1)
        network = keras.applications.MobileNetV2(
            weights=None, input_shape=(224, 224, 3), classifier_activation=None
        )
        return keras.Model(entry, network(entry, training=False))
    if name == CONVOLUTION_INT8:
        entry = keras.Input(_CONVOLUTION, batch_size=1)
        layer = keras.layers.Conv2D(_CONVOLUTION[-1], 3, padding="same")
    else:
        entry = keras.Input((_PRODUCT[1],), batch_size=_PRODUCT[0])
        layer = keras.layers.Dense(_PRODUCT[1])
    return keras.Model(entry, layer(entry))


def _converted(model: Any, *, as_int8: bool) -> bytes:  # noqa: ANN401 - as above
    import tensorflow as tf

    def pictures() -> Iterator[list[np.ndarray[Any, Any]]]:
        rng = np.random.default_rng(1)
        for _ in range(4):
            yield [rng.uniform(-1.0, 1.0, model.input_shape).astype(np.float32)]

    converter = tf.lite.TFLiteConverter.from_keras_model(model)
    if as_int8:
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
        converter.representative_dataset = pictures
        converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
        converter.inference_input_type = tf.int8
        converter.inference_output_type = tf.int8
    made: bytes = converter.convert()
    return made


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
