"""A trained network's weights in a larger one of the same layout, which at first says the same.

After Chen, Goodfellow, Shlens 2016 (Net2Net): what the larger one has more of counts nothing yet.
"""

from __future__ import annotations

import keras
import numpy as np
from keras import layers
from numpy.typing import NDArray


def take_over(network: keras.Model, smaller: keras.Model) -> None:
    """Give `network` the weights of `smaller`, in place.

    smaller: of the same layout; its hidden layers may be narrower, and its stages may lack blocks
    at their end. Such blocks of `network` must add nothing yet, as new ones do.

    Raises:
        ValueError: it is laid out differently.
    """
    own, given = ([layer for layer in of.layers if layer.weights] for of in (network, smaller))
    if len(own) < len(given):
        raise ValueError("has fewer layers")
    for layer, small in zip(own, given, strict=False):
        if type(layer) is not type(small):
            raise ValueError(f"{layer.name} is not a {type(small).__name__}")
        if isinstance(layer, keras.Model):
            take_over(layer, small)
        else:
            pairs = zip(layer.get_weights(), small.get_weights(), strict=True)
            by_input = isinstance(layer, layers.Conv2D | layers.Dense)
            layer.set_weights([_enlarged(*pair, by_input=by_input) for pair in pairs])


def _enlarged(
    new: NDArray[np.float32], given: NDArray[np.float32], *, by_input: bool
) -> NDArray[np.float32]:
    """`given` in the corner of `new`; by_input: what has further inputs takes nothing from them."""
    if new.ndim != given.ndim or any(n < g for n, g in zip(new.shape, given.shape, strict=True)):
        raise ValueError(f"weights of {given.shape} do not fit into {new.shape}")
    if by_input and new.ndim > 1:
        new[..., given.shape[-2] :, :] = 0.0
    new[tuple(map(slice, given.shape))] = given
    return new
