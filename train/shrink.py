"""A trained `mobile` network cut to a smaller one of the same layout: what contributes least goes.

After Li et al. 2017 (Pruning Filters for Efficient ConvNets), with the hidden channels of inverted
residuals ranked by what they can add to their block's sum. Some training has to follow.
"""

from __future__ import annotations

from collections.abc import Sequence

import keras
import numpy as np
from keras import layers
from numpy.typing import NDArray

from train.models import LAST_STAGE, embedding_of, head_of

_PER_BLOCK = 6  # expansion, depthwise, projection, each with its normalisation
_EPSILON = 1e-3  # Keras' own, of normalisation


def cut_to_size(siamese: keras.Model, larger: keras.Model) -> None:
    """Give `siamese` the weights of `larger` that fit, in place.

    larger: its hidden layers may be wider, its stages may have more blocks, which are left out at
    their end.

    Raises:
        ValueError: it is laid out differently.
    """
    own, given = embedding_of(siamese), embedding_of(larger)
    for stage, wide in zip(own.layers, given.layers, strict=True):
        if not isinstance(stage, keras.Model):
            continue
        mine, theirs = _weighted(stage), _weighted(wide)
        if stage.name == LAST_STAGE:
            _copy(mine, theirs)
            continue
        stem = _PER_BLOCK if _is_plain(mine) else 0  # three convolutions with their norms
        _copy(mine[:stem], theirs[:stem])
        for at in range(stem, len(mine), _PER_BLOCK):
            _cut(mine[at : at + _PER_BLOCK], theirs[at : at + _PER_BLOCK])
    _copy(_weighted(head_of(siamese)), _weighted(head_of(larger)))


def _cut(block: Sequence[layers.Layer], wide: Sequence[layers.Layer]) -> None:
    (expand,), expand_norm, (depthwise,), norm, (project,), out_norm = (
        layer.get_weights() for layer in wide
    )
    width = block[0].get_weights()[0].shape[-1]
    kept = np.sort(np.argsort(-_contribution(norm, project, out_norm))[:width])
    for layer, weights in zip(
        block,
        (
            [expand[..., kept]],
            [w[kept] for w in expand_norm],
            [depthwise[:, :, kept]],
            [w[kept] for w in norm],
            [project[:, :, kept]],
            out_norm,
        ),
        strict=True,
    ):
        layer.set_weights(weights)


def _contribution(
    norm: list[NDArray[np.float32]],
    project: NDArray[np.float32],
    out_norm: list[NDArray[np.float32]],
) -> NDArray[np.float64]:
    """(hidden channels,) how much each moves the block's sum: its size times its row's."""
    gamma, beta = np.abs(norm[0]), norm[1]
    # About the mean of a normal variable after ReLU6.
    size = np.clip(np.maximum(beta, 0.0) + 0.4 * gamma, 0.0, 6.0)
    scale = out_norm[0] / np.sqrt(out_norm[3] + _EPSILON)
    return np.asarray(size * np.linalg.norm(project[0, 0] * scale, axis=1), np.float64)


def _weighted(network: keras.Model) -> list[layers.Layer]:
    return [layer for layer in network.layers if layer.weights]


def _is_plain(weighted: list[layers.Layer]) -> bool:
    """Whether a stage begins with plain convolutions, not with an inverted residual."""
    return not isinstance(weighted[2], layers.DepthwiseConv2D)


def _copy(to: list[layers.Layer], from_: list[layers.Layer]) -> None:
    for layer, given in zip(to, from_, strict=True):
        layer.set_weights(given.get_weights())
