"""The siamese networks by preset: a twin `embedding` and a learned distance `head`.

Only operators that stay int8 on the door are used: convolutions with batch norm and ReLU6,
addition, explicit padding, pooling by maximum. No norm, PReLU or gate inside the twin; the head
normalises.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import keras
import numpy as np
from keras import layers, ops

from edge.contract.matching import Difference, Head
from train.norm import BatchNormalization


@dataclass(frozen=True)
class Preset:
    """A network by name: how its twin is built, what it sees, how its head compares."""

    input_shape: tuple[int, int, int]  # height, width, channels
    twin: Callable[[keras.KerasTensor], keras.KerasTensor]
    difference: Difference


def build_siamese(
    preset: str, *, input_shape: tuple[int, int, int] | None = None, batch_size: int | None = None
) -> keras.Model:
    """An untrained siamese network.

    Two crops (n, height, width, channels) float32 in [-1, 1) -> distance (n, 1) in [0, 1], 0 = one
    person. Sub-model `embedding`: crop -> (n, dimensions); sub-model `head`: two embeddings ->
    distance. A fixed `batch_size` is for conversion.
    """
    chosen = PRESETS[preset]
    shape = input_shape or chosen.input_shape
    crop = keras.Input(shape, batch_size=batch_size, name="crop")
    embedding = keras.Model(crop, chosen.twin(crop), name="embedding")
    return siamese_of(embedding, chosen.difference, name=f"siamese_{preset}", batch_size=batch_size)


def siamese_of(
    embedding: keras.Model, difference: Difference, *, name: str, batch_size: int | None = None
) -> keras.Model:
    """The siamese network of a twin that is called `embedding`, with a new head."""
    shape = embedding.input_shape[1:]
    head = build_head(difference, embedding.output.shape[-1])
    left = keras.Input(shape, batch_size=batch_size, name="left")
    right = keras.Input(shape, batch_size=batch_size, name="right")
    return keras.Model([left, right], head([embedding(left), embedding(right)]), name=name)


def embedding_of(siamese: keras.Model) -> keras.Model:
    """The twin."""
    return siamese.get_layer("embedding")


def head_of(siamese: keras.Model) -> keras.Model:
    """The learned distance."""
    return siamese.get_layer("head")


def head_parameters(siamese: keras.Model) -> Head:
    """The head as the plain numbers that the door computes with."""
    head = head_of(siamese)
    kernel, bias = head.get_layer("distance").get_weights()
    difference = next(d for d in Difference if d.value in {layer.name for layer in head.layers})
    return Head(difference, np.ascontiguousarray(kernel[:, 0], np.float32), float(bias[0]))


def build_head(difference: Difference, dimensions: int) -> keras.Model:
    """Two embeddings (n, dimensions) -> distance (n, 1): a logistic regression."""
    left = keras.Input((dimensions,), name="left")
    right = keras.Input((dimensions,), name="right")
    if difference is Difference.SQUARED:
        compare = SquaredDifference(name=difference.value)
        # A component that differs more never makes two people more alike.
        dense = layers.Dense(
            1,
            activation="sigmoid",
            kernel_constraint=keras.constraints.NonNeg(),
            kernel_initializer=keras.initializers.Constant(8.0),
            bias_initializer=keras.initializers.Constant(-8.0),
            name="distance",
        )
    else:
        compare = AbsoluteDifference(name=difference.value)
        dense = layers.Dense(
            1,
            activation="sigmoid",
            kernel_initializer=keras.initializers.RandomNormal(0.0, 0.2),
            bias_initializer=keras.initializers.RandomNormal(0.5, 0.01),
            name="distance",
        )
    return keras.Model([left, right], dense(compare([left, right])), name="head")


@keras.saving.register_keras_serializable("onelook")
class SquaredDifference(layers.Layer):
    """Component by component, of two embeddings scaled to unit length."""

    def call(self, pair: list[keras.KerasTensor]) -> keras.KerasTensor:
        left, right = (ops.normalize(ops.cast(e, "float32"), axis=-1) for e in pair)
        return ops.square(left - right)

    def compute_output_shape(self, shapes: list[tuple[int | None, ...]]) -> tuple[int | None, ...]:
        return shapes[0]


@keras.saving.register_keras_serializable("onelook")
class AbsoluteDifference(layers.Layer):
    """Component by component, of two embeddings as they are (Koch et al. 2015, section 3.1)."""

    def call(self, pair: list[keras.KerasTensor]) -> keras.KerasTensor:
        return ops.abs(pair[0] - pair[1])

    def compute_output_shape(self, shapes: list[tuple[int | None, ...]]) -> tuple[int | None, ...]:
        return shapes[0]


def _koch2015(x: keras.KerasTensor) -> keras.KerasTensor:
    """The twin of Koch, Zemel, Salakhutdinov 2015, figure 4: 38,947,648 weights for 105x105x1."""
    normal, bias = keras.initializers.RandomNormal, keras.initializers.RandomNormal(0.5, 0.01)
    for filters, size, pooled in ((64, 10, True), (128, 7, True), (128, 4, True), (256, 4, False)):
        x = layers.Conv2D(
            filters,
            size,
            activation="relu",
            kernel_initializer=normal(0.0, 0.01),
            bias_initializer=bias,
            kernel_regularizer=keras.regularizers.L2(2e-4),
        )(x)
        x = layers.MaxPooling2D(2)(x) if pooled else x
    return layers.Dense(
        4096,
        activation="sigmoid",
        kernel_initializer=normal(0.0, 0.2),
        bias_initializer=bias,
        kernel_regularizer=keras.regularizers.L2(1e-4),
    )(layers.Flatten()(x))


# Our network for faces: (joint's side, channels at the joint, hidden widths of its inverted
# residuals). The joints lie where MobileFaceNet (Chen et al. 2018, table 1) has its own, so that a
# teacher of that layout can teach every stage from its maps.
_MOBILE_STAGES = (
    ("stage28", 64, (176, 176, 176, 176)),
    ("stage14", 128, (288, 288, 288, 288, 288, 288)),
    ("stage7", 128, (512, 320, 320)),
)
LAST_STAGE = "stage1"
EMBEDDING_DIMENSIONS = 128


def _mobile(x: keras.KerasTensor) -> keras.KerasTensor:
    for name, channels, hidden in _MOBILE_STAGES:
        x = _stage(name, x.shape[1:], channels, hidden)(x)
    return _pool_stage(x.shape[1:])(x)


def _stage(
    name: str, shape: tuple[int, ...], channels: int, hidden: tuple[int, ...]
) -> keras.Model:
    """One resolution as a model of its own: it can be trained alone between two joints."""
    x = entry = keras.Input(shape)
    if name == "stage28":
        x = _convolution(x, 32, 3, stride=2)
        # A plain convolution where the map is large: int8 kernels run it faster than a depthwise
        # one of the same cost, and this is the stage that is hardest to learn.
        x = _convolution(x, 96, 3, stride=2)
        x = _convolution(x, channels, 1, linear=True)
    else:
        x = _inverted_residual(x, channels, hidden[0], stride=2)
        hidden = hidden[1:]
    for width in hidden:
        # Adds nothing at first (Goyal et al. 2017, section 5.1), so that a network can grow.
        x = layers.Add()([x, _inverted_residual(x, channels, width, gain="zeros")])
    return keras.Model(entry, x, name=name)


def _pool_stage(shape: tuple[int, ...]) -> keras.Model:
    """7x7 map -> embedding."""
    x = entry = keras.Input(shape)
    x = _weighted_mean(_convolution(x, 512, 1), EMBEDDING_DIMENSIONS)
    return keras.Model(entry, x, name=LAST_STAGE)


# Our network for characters and signatures: (channels, stride) of its 3x3 convolutions. Strokes
# are few and plain, so one channel of input and a quarter of the weights for faces are enough.
_GLYPH_LAYERS = ((24, 2), (24, 1), (48, 2), (48, 1), (96, 2), (128, 2))


def _glyph(x: keras.KerasTensor) -> keras.KerasTensor:
    for channels, stride in _GLYPH_LAYERS:
        x = _convolution(x, channels, 3, stride=stride)
    return _weighted_mean(x, dimensions=64)


# Our network for one-shot recognition: the channels of each level of resolution, and its sums of
# two plain 3x3 convolutions, which a CPU trains faster than depthwise ones of the same cost.
_ONESHOT_ENTRY, _ONESHOT_LEVELS, _ONESHOT_SUMS = 16, (32, 64, 112), 2


def _oneshot(x: keras.KerasTensor) -> keras.KerasTensor:
    """A hundredth of the multiply-accumulates of _koch2015, at 32x32 pixels."""
    x = _convolution(x, _ONESHOT_ENTRY, 3, stride=2)
    for channels in _ONESHOT_LEVELS:
        x = _level(x.shape[1:], channels)(x)
    return _weighted_mean(_convolution(x, 256, 1), dimensions=96)


def _level(shape: tuple[int, ...], channels: int) -> keras.Model:
    """Half the resolution; a model of its own, so that a network can grow as `_stage` says."""
    x = entry = keras.Input(shape)
    x = _convolution(x, channels, 3, stride=2)
    for _ in range(_ONESHOT_SUMS):
        more = _convolution(_convolution(x, channels, 3), channels, 3, linear=True, gain="zeros")
        x = layers.ReLU(6.0)(layers.Add()([x, more]))
    return keras.Model(entry, x, name=f"level{x.shape[1]}")


def _weighted_mean(x: keras.KerasTensor, dimensions: int) -> keras.KerasTensor:
    """Square map -> embedding: a weighted mean over each channel's map, then a projection."""
    x = layers.DepthwiseConv2D(x.shape[1], use_bias=False)(x)
    x = BatchNormalization(momentum=0.99)(x)
    x = layers.Conv2D(dimensions, 1, use_bias=False)(x)
    x = BatchNormalization(momentum=0.99)(x)
    return layers.Flatten()(x)


def _inverted_residual(
    x: keras.KerasTensor, channels: int, hidden: int, *, stride: int = 1, gain: str = "ones"
) -> keras.KerasTensor:
    x = _convolution(x, hidden, 1)
    x = _convolution(x, hidden, 3, stride=stride, depthwise=True)
    return _convolution(x, channels, 1, linear=True, gain=gain)


def _convolution(  # noqa: PLR0913 - a layer's own words
    x: keras.KerasTensor,
    channels: int,
    size: int,
    *,
    stride: int = 1,
    depthwise: bool = False,
    linear: bool = False,
    gain: str = "ones",
) -> keras.KerasTensor:
    """Convolution, batch norm that begins with `gain` and, unless `linear`, ReLU6."""
    if stride == 2:
        # Both sides, as the teacher pads; Keras' own "same" would shift the map by half a pixel.
        x = layers.ZeroPadding2D(1)(x)
    padding = "valid" if stride == 2 else "same"
    if depthwise:
        x = layers.DepthwiseConv2D(size, stride, padding, use_bias=False)(x)
    else:
        x = layers.Conv2D(channels, size, stride, padding, use_bias=False)(x)
    x = BatchNormalization(momentum=0.99, gamma_initializer=gain)(x)
    return x if linear else layers.ReLU(6.0)(x)


PRESETS = {
    "glyph": Preset((64, 64, 1), _glyph, Difference.SQUARED),
    "koch2015": Preset((105, 105, 1), _koch2015, Difference.ABSOLUTE),
    "mobile": Preset((112, 112, 3), _mobile, Difference.SQUARED),
    "oneshot": Preset((32, 32, 1), _oneshot, Difference.SQUARED),
}
