"""Training of finder and pointer."""

from __future__ import annotations

import keras
from keras import ops

from edge.contract.locate import SIZES
from train.distill import cosine_rate
from train.runs import Run


class Finder(keras.Model):
    """Learns where faces are: focal loss on their middles (Law, Deng 2018), L1 on their shape."""

    def __init__(self, finder: keras.Model) -> None:
        super().__init__()
        self.finder = finder
        self.trackers = {name: keras.metrics.Mean(name) for name in ("heat", "box", "points")}

    def call(self, frames: keras.KerasTensor, training: bool = False):  # noqa: ANN201, FBT001, FBT002
        return self.finder(frames, training=training)

    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):  # noqa: ANN001, ANN201, ARG002, FBT002 - Keras' own signature
        heat = box = points = count = weight = 0.0
        for stride in SIZES:
            wanted, found = y[f"score{stride}"], y_pred[f"score{stride}"]
            heat += ops.sum(_focal(wanted, found))
            count += ops.sum(ops.cast(wanted >= 1.0, "float32"))
            shape, own = y[f"shape{stride}"], y_pred[f"shape{stride}"]
            each = shape[..., -1:]
            wrong = _smooth(own - shape[..., :-1]) * each
            box += ops.sum(wrong[..., :4])
            points += ops.sum(wrong[..., 4:])
            weight += ops.sum(each)
        heat = heat / ops.maximum(count, 1.0)
        box, points = box / ops.maximum(weight, 1.0), points / ops.maximum(weight, 1.0)
        for name, value in (("heat", heat), ("box", box), ("points", points)):
            self.trackers[name].update_state(value)
        return heat + 2.0 * box + 1.0 * points


class Pointer(keras.Model):
    """Learns five points of an upright face, and what is no face."""

    def __init__(self, pointer: keras.Model) -> None:
        super().__init__()
        self.pointer = pointer
        self.trackers = {name: keras.metrics.Mean(name) for name in ("face", "off")}

    def call(self, patches: keras.KerasTensor, training: bool = False):  # noqa: ANN201, FBT001, FBT002
        return self.pointer(patches, training=training)

    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):  # noqa: ANN001, ANN201, ARG002, FBT002 - Keras' own signature
        face = ops.mean(ops.softplus(y_pred["score"]) - y["score"] * y_pred["score"])
        each = y["points"][..., -1:]
        off = _smooth(y_pred["points"] - y["points"][..., :-1], 0.05) * each
        off = ops.sum(off) / ops.maximum(ops.sum(each), 1.0)
        self.trackers["face"].update_state(face)
        self.trackers["off"].update_state(off)
        return face + off


def fit(  # noqa: PLR0913 - one keyword per thing that decides a training
    trainer: keras.Model,
    network: keras.Model,
    lessons: keras.utils.PyDataset,
    *,
    run: Run,
    epochs: int,
    rate: float,
) -> None:
    """Train `network` in place through its trainer; as `train.runs` does, with resume."""
    if run.finished("locate"):
        return
    trainer.compile(
        keras.optimizers.AdamW(cosine_rate(rate, epochs * len(lessons)), weight_decay=1e-4),
        jit_compile=False,  # see distill.compile_student
    )
    trainer(lessons[0][0][:1])
    trainer.optimizer.build(trainer.trainable_variables)
    run.train(trainer, lessons, network, epochs=epochs, phase="locate")


def _focal(wanted: keras.KerasTensor, logit: keras.KerasTensor) -> keras.KerasTensor:
    """By cell; alpha 2, beta 4 as in the paper. Where -1 is wanted nothing is asked."""
    p = ops.sigmoid(logit)
    log_p, log_not = -ops.softplus(-logit), -ops.softplus(logit)
    face = -ops.square(1.0 - p) * log_p
    none = -ops.power(1.0 - ops.maximum(wanted, 0.0), 4.0) * ops.square(p) * log_not
    loss = ops.where(wanted >= 1.0, face, none)
    return ops.where(wanted < 0.0, 0.0, loss)


def _smooth(difference: keras.KerasTensor, knee: float = 0.05) -> keras.KerasTensor:
    """L1 with a round bottom."""
    size = ops.abs(difference)
    return ops.where(size < knee, 0.5 * ops.square(size) / knee, size - 0.5 * knee)
