"""What one picture costs a network."""

from __future__ import annotations

import math

import keras

KOCH_MACS = 908_623_872  # of one picture through the twin of Koch et al. 2015


def multiply_accumulates(twin: keras.Model) -> int:
    """Of one picture, in the convolutions and dense layers of a twin, sub-models included."""
    return sum(_of_layer(layer) for layer in twin.layers)


def _of_layer(layer: keras.layers.Layer) -> int:
    if isinstance(layer, keras.Model):
        return multiply_accumulates(layer)
    if isinstance(layer, keras.layers.DepthwiseConv2D):
        return math.prod(layer.output.shape[1:]) * math.prod(layer.kernel_size)
    if isinstance(layer, keras.layers.Conv2D):
        inputs = math.prod(layer.kernel_size) * layer.input.shape[-1]
        return math.prod(layer.output.shape[1:]) * inputs
    if isinstance(layer, keras.layers.Dense):
        return layer.input.shape[-1] * layer.units
    return 0
