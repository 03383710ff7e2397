"""Training of the `oneshot` preset: naming every character in every orientation, by its angle."""

from __future__ import annotations

from collections.abc import Iterator

import keras
import numpy as np
from keras import layers, ops
from numpy.typing import NDArray

from edge.contract.tensor import to_float
from train.distill import cosine_rate
from train.models import embedding_of
from train.oneshot.distort import ORIENTATIONS, orient, redraw
from train.oneshot.drawings import Drawings
from train.runs import Run

_SCALE, _MARGIN, _DECAY = 20.0, 0.1, 0.02


class Redrawn(keras.utils.PyDataset):
    """Batches of redrawn characters with their class; an epoch follows from its seed.

    A character turned is a class of its own (as in Vinyals et al. 2016), so there are
    ORIENTATIONS times as many classes as characters.
    """

    def __init__(self, drawings: Drawings, side: int, *, batch: int, steps: int, seed: int) -> None:
        """side: of the network's input."""
        super().__init__(workers=1, use_multiprocessing=False, max_queue_size=4)
        self._pictures = drawings.pictures[..., 0]
        numbers, self._character = np.unique(drawings.character, return_inverse=True)
        self.classes = ORIENTATIONS * len(numbers)
        self._side, self._batch, self._steps, self._seed = side, batch, steps, seed
        self.epoch = 0

    def __len__(self) -> int:
        return self._steps

    def __getitem__(self, index: int) -> tuple[NDArray[np.float32], NDArray[np.int32]]:
        """crops (batch, side, side, 1) float32 in [-1, 1), class (batch,) int32."""
        rng = np.random.default_rng((self._seed, self.epoch, index))
        which = rng.integers(0, len(self._pictures), self._batch)
        orientation = rng.integers(0, ORIENTATIONS, self._batch)
        return self._redrawn(which, orientation, rng)

    def of_each(self, count: int) -> Iterator[tuple[NDArray[np.float32], NDArray[np.int32]]]:
        """Batches that hold `count` redrawn drawings of every class."""
        rng = np.random.default_rng((self._seed, 1))
        for number in range(self.classes // ORIENTATIONS):
            own = np.flatnonzero(self._character == number)
            which = np.repeat(rng.choice(own, count), ORIENTATIONS)
            yield self._redrawn(which, np.tile(np.arange(ORIENTATIONS), count), rng)

    def _redrawn(
        self,
        which: NDArray[np.int64],
        orientation: NDArray[np.int64],
        rng: np.random.Generator,
    ) -> tuple[NDArray[np.float32], NDArray[np.int32]]:
        crops = np.stack(
            [
                redraw(orient(self._pictures[w], o), self._side, rng)
                for w, o in zip(which, orientation, strict=True)
            ]
        )
        named = self._character[which] * ORIENTATIONS + orientation
        return to_float(crops[..., None]), named.astype(np.int32)


class Naming(keras.Model):
    """An embedding that is asked which of all classes of the training it points to."""

    def __init__(self, embedding: keras.Model, classes: int) -> None:
        super().__init__()
        self.embedding = embedding
        self._directions = Directions(classes)

    def point_to_means(self, lessons: Redrawn, each: int = 5) -> None:
        """Begin with every class's direction where a trained twin already sees it."""
        sums = np.zeros((lessons.classes, self.embedding.output_shape[-1]))
        for crops, named in lessons.of_each(each):
            embedded = ops.convert_to_numpy(self.embedding.predict_on_batch(crops))
            np.add.at(sums, named, embedded / np.linalg.norm(embedded, axis=1, keepdims=True))
        self._directions.towards.assign(sums / np.linalg.norm(sums, axis=1, keepdims=True))

    def call(
        self,
        crops: keras.KerasTensor,
        training: bool = False,  # noqa: FBT001, FBT002 - Keras' own signature
    ) -> keras.KerasTensor:
        """crops (n, side, side, 1) -> cosines to every class (n, classes)."""
        unit = ops.normalize(self.embedding(crops, training=training), axis=-1)
        return self._directions(unit)

    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):  # noqa: ANN001, ANN201, ARG002, FBT002 - Keras' own signature
        """y (n,): classes. Cross-entropy of the cosines, the own one less a margin (CosFace)."""
        own = ops.take_along_axis(y_pred, y[:, None], axis=1)[:, 0]
        narrowed = _SCALE * (own - _MARGIN)
        others = ops.logsumexp(_SCALE * y_pred, axis=-1)
        # The sum holds the own class without its margin: exchange it.
        change = ops.exp(ops.minimum(_SCALE * own - others, -1e-6))
        share = ops.log1p(change * (np.exp(-_SCALE * _MARGIN) - 1.0))
        return ops.mean(others + share - narrowed)


class Directions(layers.Layer):
    """A direction for every class, which training alone needs: unit (n, d) -> cosine (n, k)."""

    def __init__(self, classes: int) -> None:
        super().__init__(name="directions")
        self._classes = classes

    def build(self, shape: tuple[int | None, ...]) -> None:
        self.towards = self.add_weight(
            shape=(self._classes, shape[-1]),
            initializer=keras.initializers.RandomNormal(0.0, 0.1, seed=0),
            name="towards",
        )

    def call(self, unit: keras.KerasTensor) -> keras.KerasTensor:
        return ops.matmul(unit, ops.transpose(ops.normalize(self.towards, axis=-1)))


def fit_characters(  # noqa: PLR0913 - one keyword per thing that a person may choose
    siamese: keras.Model,
    drawings: Drawings,
    *,
    run: Run,
    epochs: int,
    rate: float,
    batch: int,
    steps: int,
    seed: int,
    begun: bool = False,
) -> None:
    """Train the twin of `siamese` in place; every epoch leaves siamese.keras in the run folder.

    begun: it was trained before, so that its classes' directions can begin where it sees them.
    """
    if run.finished("fit"):
        return
    twin = embedding_of(siamese)
    lessons = Redrawn(drawings, twin.input_shape[1], batch=batch, steps=steps, seed=seed)
    model = Naming(twin, lessons.classes)
    model.compile(
        keras.optimizers.AdamW(cosine_rate(rate, epochs * steps), weight_decay=_DECAY),
        jit_compile=False,  # see distill.compile_student
    )
    model(lessons[0][0][:2])
    if begun:
        model.point_to_means(lessons)
    model.optimizer.build(model.trainable_variables)
    run.train(model, lessons, siamese, epochs=epochs, phase="fit")
