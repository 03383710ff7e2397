"""Float network -> TFLite: the twin in int8 throughout, the head in float32 as its reference.

The only file that calls TensorFlow's converter. The same weights and calibration crops give the
same bytes, within one version of TensorFlow.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from convert.errors import GateError
from edge.contract.errors import OnelookError
from edge.contract.tensor import to_float
from train.quiet import quiet

if TYPE_CHECKING:
    import keras

# Templates that the head's file compares at once; the door pads.
HEAD_BATCH = 64

# What a twin can be made to compute with. A door takes int8 alone; the others are to compare with.
# dynamic: int8 weights, float sums, ranges taken anew from every picture.
INT8 = "int8"
KINDS = ("float32", "float16", "dynamic", INT8)


def twin_to(kind: str, twin: keras.Model, calibration: NDArray[np.uint8]) -> bytes:
    """The twin with a batch of one, as one of KINDS; int8 has it at both ends and in between.

    Args:
        kind: of KINDS.
        twin: crops (n, h, w, c) float32 -> (n, dimensions); or another network of one picture.
        calibration: (m, h, w, c) uint8, from which int8's ranges of all tensors are taken.

    Raises:
        GateError: the converter cannot express the network so.
    """
    import keras

    def representative() -> Iterator[list[NDArray[np.float32]]]:
        for crop in calibration:
            yield [to_float(crop[None])]

    # The layers and weights are the trained ones; only the batch is fixed. A batch left open would
    # add operators that compute shapes. Names go into the bytes, so they are given, not counted up.
    crop = keras.Input(twin.input_shape[1:], batch_size=1, name="crop")
    static = keras.Model(crop, twin(crop, training=False), name="twin")
    with quiet():
        import tensorflow as tf

        converter = tf.lite.TFLiteConverter.from_keras_model(static)
        if kind != "float32":
            converter.optimizations = [tf.lite.Optimize.DEFAULT]
        if kind == "float16":
            converter.target_spec.supported_types = [tf.float16]
        if kind == INT8:
            converter.representative_dataset = representative
            converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
            converter.inference_input_type = tf.int8
            converter.inference_output_type = tf.int8
        return _run(converter, kind)


def head_to_float(head: keras.Model) -> bytes:
    """The head for HEAD_BATCH pairs, inputs `left` and `right`, in float32."""
    import keras

    dimensions = head.inputs[0].shape[-1]
    sides = [
        keras.Input((dimensions,), batch_size=HEAD_BATCH, name=name) for name in ("left", "right")
    ]
    static = keras.Model(sides, head(sides), name="head")
    with quiet():
        import tensorflow as tf

        return _run(tf.lite.TFLiteConverter.from_keras_model(static), "float32")


def _run(converter: object, kind: str) -> bytes:
    try:
        return bytes(converter.convert())  # type: ignore[attr-defined]
    except OnelookError:
        raise
    except Exception as e:  # the converter raises whatever its parts raise
        text = str(e).strip()
        raise GateError(
            f"TensorFlow cannot convert this network to {kind}",
            why=f"{type(e).__name__}: {text.splitlines()[0] if text else 'no details'}",
            remedy="use only layers that the presets of `python -m train` use",
        ) from e
