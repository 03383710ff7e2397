"""Batch normalisation by the backend's own kernel, where that is faster than Keras' composition.

Keras 3 builds the layer from a dozen elementary operations, which is half of a training step on a
CPU. The result is the same to rounding; inference is untouched.
"""

from __future__ import annotations

import keras
from keras import ops


@keras.saving.register_keras_serializable("onelook")
class BatchNormalization(keras.layers.BatchNormalization):
    """keras.layers.BatchNormalization over the last axis, float32; fused in training."""

    def call(self, inputs, training=None, mask=None):  # noqa: ANN001, ANN201 - Keras' own signature
        if not (training and self.trainable) or keras.backend.backend() != "torch":
            return super().call(inputs, training=training, mask=mask)
        import torch

        rank = len(inputs.shape)
        to_front, to_back = (0, rank - 1, *range(1, rank - 1)), (0, *range(2, rank), 1)
        made, mean, inverse = torch.native_batch_norm(
            inputs.permute(to_front),
            self.gamma.value,
            self.beta.value,
            None,
            None,
            True,  # noqa: FBT003 - a kernel without keywords
            0.0,
            self.epsilon,
        )
        with torch.no_grad():
            variance = 1.0 / ops.square(inverse) - self.epsilon
            for kept, seen in ((self.moving_mean, mean), (self.moving_variance, variance)):
                kept.assign(kept.value * self.momentum + seen * (1.0 - self.momentum))
        return made.permute(to_back)
