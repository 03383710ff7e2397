"""The locator's two networks, of operators that stay int8 on a door.

`finder`: a whole frame -> at three resolutions how much speaks for a face's middle being there, and
where its box and five points would be. `pointer`: one face, turned upright -> its five points to a
fraction of a pixel, and whether it is a face at all.
"""

from __future__ import annotations

import keras
from keras import layers

from edge.contract.locate import FRAME, PATCH, POINTS, SIZES
from train.norm import BatchNormalization

SHAPE = 4 + 2 * POINTS  # numbers that say where a face is


def build_finder(batch_size: int | None = None) -> keras.Model:
    """Frames (n, 240, 320, 3) float32 in [-1, 1) -> for each stride score (n, h, w, 1), shape.

    score: logit. shape: (n, h, w, 14), see `edge.contract.locate`.
    """
    x = frame = keras.Input((*FRAME, 3), batch_size=batch_size, name="frame")
    x = _conv(x, 16, stride=2)
    x = _conv(x, 24, stride=2)
    x = _separable(x, 24)
    x = _conv(x, 48, stride=2)
    outputs = {}
    for stride, blocks in zip(SIZES, (2, 2, 1), strict=True):
        if stride == 16:
            x = _conv(x, 96, stride=2)
        if stride == 32:
            x = _separable(x, 96, stride=2)
        for _ in range(blocks):
            x = _inverted(x, 2)
        seen = _separable(x, x.shape[-1])
        outputs[f"score{stride}"] = _out(seen, 1, f"score{stride}", bias=-4.0)
        outputs[f"shape{stride}"] = _out(seen, SHAPE, f"shape{stride}")
    return keras.Model(frame, outputs, name="finder")


def build_pointer(batch_size: int | None = None) -> keras.Model:
    """Patches (n, 64, 64, 3) float32 in [-1, 1) -> score (n, 1) logit, points (n, 10)."""
    x = patch = keras.Input((PATCH, PATCH, 3), batch_size=batch_size, name="patch")
    x = _conv(x, 16, stride=2)
    x = _conv(x, 32, stride=2)
    x = _inverted(x, 2)
    x = _conv(x, 48, stride=2)
    for _ in range(4):
        x = _inverted(x, 2)
    # Where in the map something lies is the answer, so no mean over it: few channels, all places.
    x = layers.Conv2D(20, 1, use_bias=False)(x)
    x = layers.Flatten()(layers.ReLU(6.0)(BatchNormalization(momentum=0.95)(x)))
    outputs = {
        "score": layers.Dense(1, name="score")(x),
        "points": layers.Dense(2 * POINTS, name="points")(x),
    }
    return keras.Model(patch, outputs, name="pointer")


def _conv(x: keras.KerasTensor, channels: int, *, stride: int = 1) -> keras.KerasTensor:
    x = layers.ZeroPadding2D(1)(x)
    x = layers.Conv2D(channels, 3, stride, use_bias=False)(x)
    return layers.ReLU(6.0)(BatchNormalization(momentum=0.95)(x))


def _depthwise(x: keras.KerasTensor, stride: int) -> keras.KerasTensor:
    x = layers.ZeroPadding2D(1)(x)
    x = layers.DepthwiseConv2D(3, stride, use_bias=False)(x)
    return layers.ReLU(6.0)(BatchNormalization(momentum=0.95)(x))


def _separable(x: keras.KerasTensor, channels: int, *, stride: int = 1) -> keras.KerasTensor:
    x = _depthwise(x, stride)
    x = layers.Conv2D(channels, 1, use_bias=False)(x)
    return layers.ReLU(6.0)(BatchNormalization(momentum=0.95)(x))


def _inverted(x: keras.KerasTensor, factor: int) -> keras.KerasTensor:
    channels = x.shape[-1]
    y = layers.Conv2D(factor * channels, 1, use_bias=False)(x)
    y = _depthwise(layers.ReLU(6.0)(BatchNormalization(momentum=0.95)(y)), 1)
    y = layers.Conv2D(channels, 1, use_bias=False)(y)
    return layers.Add()([x, BatchNormalization(momentum=0.95)(y)])


def _out(x: keras.KerasTensor, channels: int, name: str, *, bias: float = 0.0) -> keras.KerasTensor:
    return layers.Conv2D(
        channels, 1, bias_initializer=keras.initializers.Constant(bias), name=name
    )(x)
