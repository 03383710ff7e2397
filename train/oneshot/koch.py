"""Koch, Zemel, Salakhutdinov 2015, section 3.2: layers' own rates, one-shot trials to judge them.

What the paper leaves open is chosen here, and said in docs/one-shot.md: the values of each layer,
which its authors searched for and did not print, and the split of today's 30 background alphabets
in place of the 40 of then.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np
from keras import ops
from numpy.typing import NDArray

from train.heads import embed
from train.models import embedding_of, head_of, head_parameters
from train.oneshot.drawings import Drawings
from train.oneshot.koch_pairs import PairBatches, split_drawers
from train.oneshot.trials import distances_of, right, within_alphabets
from train.runs import Run

EPOCHS, PATIENCE, VALIDATION_TRIALS = 200, 20, 320
_RATE_KEPT, _FIRST_MOMENTUM = 0.99, 0.5  # the rate's share kept an epoch; it rises from there
HISTORY, BEST = "validation.csv", "best.keras"


@dataclass(frozen=True)
class LayerRule:
    """How one layer learns. rate in [1e-4, 1e-1], momentum in [0, 1], as the paper bounds them."""

    rate: float
    momentum: float


# Convolutions in order, the dense layer, the last unit. Nothing of it is published. The dense
# layer begins with sigmoids at their ends (its deviation of 0.2 over 9,216 inputs), so it learns
# slowest, and so do the layers that it passes gradients to.
RULES = (
    LayerRule(1e-2, 0.9),
    LayerRule(1e-2, 0.9),
    LayerRule(1e-2, 0.9),
    LayerRule(1e-2, 0.9),
    LayerRule(1e-3, 0.9),
    LayerRule(1e-2, 0.9),
)
ADAM_RATE = 1e-4


class LayerwiseSGD(keras.optimizers.Optimizer):
    """Momentum descent with a rule for each layer, both of which change by the epoch (section 3.2).

    Every rate falls by one percent an epoch; every momentum rises in a straight line from 0.5 to
    its layer's own over all epochs.
    """

    def __init__(self, rules: dict[str, LayerRule], *, steps: int, epochs: int) -> None:
        """rules: by the path of a variable. steps: of an epoch."""
        super().__init__(learning_rate=1.0, name="layerwise_sgd")
        self._rules, self._steps, self._epochs = rules, steps, epochs

    def build(self, variables: list[keras.Variable]) -> None:
        if not self.built:
            super().build(variables)
            self._of = [self._rules[variable.path] for variable in variables]
            self._moves = self.add_optimizer_variables(variables, "momentum")

    def update_step(self, gradient: Any, variable: keras.Variable, learning_rate: Any) -> None:  # noqa: ANN401 - a backend's own tensors
        index = self._get_variable_index(variable)
        rule = self._of[index]
        epoch = ops.floor(ops.cast(self.iterations, "float32") / self._steps)
        rate = learning_rate * rule.rate * _RATE_KEPT**epoch
        share = ops.minimum(epoch / max(1, self._epochs - 1), 1.0)
        momentum = _FIRST_MOMENTUM + (rule.momentum - _FIRST_MOMENTUM) * share
        move = self._moves[index]
        self.assign(move, momentum * move - rate * gradient)
        self.assign_add(variable, move)


class Twins(keras.Model):
    """The siamese network over batches of pairs, cross-entropy and the layers' L2 (section 3.1)."""

    def __init__(self, siamese: keras.Model, validation: Validation) -> None:
        super().__init__()
        self.embedding, self.head = embedding_of(siamese), head_of(siamese)
        self._validation = validation

    def call(
        self,
        pictures: keras.KerasTensor,
        training: bool = False,  # noqa: FBT001, FBT002 - Keras' own signature
    ) -> keras.KerasTensor:
        """pictures (2, n, side, side, 1) -> distance (n, 1) in [0, 1], 0 = one character.

        The paper's p is 1 less the distance; its last unit has a bias here, without which it could
        say 0.5 of equal pictures and nothing else.
        """
        n = ops.shape(pictures)[1]
        both = ops.reshape(pictures, (2 * n, *pictures.shape[2:]))
        embedded = self.embedding(both, training=training)
        return self.head([embedded[:n], embedded[n:]])

    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):  # noqa: ANN001, ANN201, ARG002, FBT002 - Keras' own signature
        """y (n,): 1 where a pair shows one character."""
        entropy = keras.losses.binary_crossentropy(1.0 - y[:, None], y_pred)
        return ops.mean(entropy) + sum(self.losses)

    def fit(self, *args: Any, callbacks: list[keras.callbacks.Callback], **how: Any) -> Any:  # noqa: ANN401 - Keras' own
        """Keras' own, judged by one-shot trials after every epoch."""
        return super().fit(*args, callbacks=[self._validation, *callbacks], **how)


class Validation(keras.callbacks.Callback):
    """320 one-shot trials after every epoch: the best is kept, 20 without a better one are the end.

    What it has seen so far lies in `validation.csv`, so that a resumed run goes on with it.
    """

    def __init__(self, siamese: keras.Model, drawings: Drawings, folder: Path, seed: int) -> None:
        """drawings: those of alphabets and drawers that validate."""
        super().__init__()
        self._siamese, self._drawings, self._folder = siamese, drawings, folder
        self._seed = seed
        self._trials = within_alphabets(
            drawings, VALIDATION_TRIALS, np.random.default_rng((seed, 3))
        )

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        before = read_validation(self._folder)
        before = before[before[:, 0] < epoch]  # an epoch that is run again is judged again
        error = self.error()
        if not len(before) or error < before[:, 1].min():
            self._siamese.save(self._folder / BEST)
        rows = [*before.tolist(), [epoch, error]]
        lines = ["epoch,error", *(f"{int(e)},{x:.6f}" for e, x in rows)]
        (self._folder / HISTORY).write_text("\n".join(lines) + "\n", encoding="utf-8")
        if logs is not None:
            logs["one_shot_error"] = error
        errors = np.array(rows)[:, 1]
        self.model.stop_training = len(errors) - 1 - int(errors.argmin()) >= PATIENCE

    def error(self) -> float:
        """Share of the trials that are wrong."""
        embeddings = embed(self._siamese, self._drawings.pictures)
        distance = distances_of(embeddings, self._trials, head_parameters(self._siamese))
        rng = np.random.default_rng((self._seed, 4))
        return float(1.0 - right(distance, self._trials.answer, rng).mean())


def read_validation(folder: Path) -> NDArray[np.float64]:
    """(n, 2): epoch and error of every epoch that was judged; none without a file."""
    file = folder / HISTORY
    if not file.is_file():
        return np.empty((0, 2))
    return np.loadtxt(file, delimiter=",", skiprows=1, ndmin=2)


def begin_he(siamese: keras.Model) -> None:
    """New weights in place: He et al. 2015 for what ends in a ReLU or sigmoid, biases of 0."""
    for number, layer in enumerate(_learning(siamese)):
        kernel, bias = layer.get_weights()
        fresh = keras.initializers.HeNormal(seed=number)(kernel.shape)
        layer.set_weights([keras.ops.convert_to_numpy(fresh), np.zeros_like(bias)])


def rules_of(siamese: keras.Model) -> dict[str, LayerRule]:
    """The rule of each variable, by its path."""
    layers = _learning(siamese)
    return {
        variable.path: rule
        for layer, rule in zip(layers, RULES, strict=True)
        for variable in layer.trainable_variables
    }


def fit_koch(  # noqa: PLR0913 - one keyword per thing that a person may choose
    siamese: keras.Model,
    train: Drawings,
    held_out: Drawings,
    *,
    run: Run,
    adam: bool,
    pairs: int,
    epochs: int,
    batch: int,
    steps: int,
    seed: int,
) -> None:
    """Train `siamese` in place as the paper does, and leave it at its best epoch.

    train, held_out: of different alphabets; of each only the drawers that train or validate are
    looked at. adam: with Adam and He's initial weights instead of the paper's own.
    """
    if run.finished("fit"):
        return
    side = embedding_of(siamese).input_shape[1]
    lessons = PairBatches(
        split_drawers(train, validation=False),
        side,
        pairs=pairs,
        batch=batch,
        steps=steps,
        seed=seed,
    )
    judge = Validation(siamese, split_drawers(held_out, validation=True), run.folder, seed)
    model = Twins(siamese, judge)
    optimizer = (
        keras.optimizers.Adam(ADAM_RATE)
        if adam
        else LayerwiseSGD(rules_of(siamese), steps=steps, epochs=EPOCHS)
    )
    model.compile(optimizer, jit_compile=False)  # see distill.compile_student
    model(lessons[0][0][:, :2])
    model.optimizer.build(model.trainable_variables)
    run.train(model, lessons, siamese, epochs=epochs, phase="fit")
    best = keras.saving.load_model(run.folder / BEST, compile=False)
    siamese.set_weights(best.get_weights())
    run.save(siamese)


def _learning(siamese: keras.Model) -> list[keras.layers.Layer]:
    """Convolutions in order, the dense layer, the last unit."""
    parts = (embedding_of(siamese), head_of(siamese))
    return [layer for part in parts for layer in part.layers if layer.trainable_variables]
