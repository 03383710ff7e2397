"""Training on labelled people: one of five losses teaches the twin, every pair the head."""

from __future__ import annotations

from collections.abc import Iterable

import keras
import numpy as np
from keras import ops
from numpy.typing import NDArray

from edge.contract.errors import DataError, UsageError
from edge.contract.tasks import FACES
from edge.contract.tensor import to_float
from train.augment import LIGHT, disturb
from train.data import NOBODY, Faces, for_network
from train.losses import MarginSoftmax, batch_hard, contrastive
from train.models import embedding_of, head_of
from train.runs import Run
from train.shards import Shards
from train.together import ALONE, Part

# "bce" teaches the twin through the head; with the others the head learns beside it.
LOSSES = ("bce", "contrastive", "triplet", "cosface", "arcface")
_OF_CLASSES = ("cosface", "arcface")


class PeopleBatches(keras.utils.PyDataset):
    """`each` disturbed crops of each of `batch / each` people; an epoch follows from its seed.

    people: how many there are in all. Each of several processes makes its part of the same batch:
    every crop has a generator of its own, so that no part depends on another.
    """

    def __init__(  # noqa: PLR0913 - one keyword per thing that decides a batch
        self,
        faces: Faces | Shards,
        shape: tuple[int, int, int],
        *,
        batch: int,
        steps: int,
        seed: int,
        each: int = 2,
        how: str = LIGHT,
        part: Part = ALONE,
    ) -> None:
        """how: as of `augment.disturb`. part: the rows that this process makes.

        Raises:
            DataError: fewer than two people. UsageError: a batch that cannot be shared out evenly.
        """
        super().__init__(workers=1, use_multiprocessing=False, max_queue_size=4)
        numbers = [n for n in np.unique(faces.person) if n != NOBODY]
        if len(numbers) < 2:
            raise DataError(
                f"pictures of {len(numbers)} people to train on, at least 2 are needed",
                remedy="add people, or lower --held-out-share",
            )
        self._faces, self._shape = faces, shape
        self._mirror = faces.task == FACES  # a mirrored character is another one
        self._own = [np.flatnonzero(faces.person == n) for n in numbers]
        self.people = len(numbers)
        self._together, self._each = max(2, min(batch // each, self.people)), each
        self._steps, self._seed, self._how = steps, seed, how
        rows = self._together * self._each
        if rows % part.of:
            raise UsageError(
                f"batches of {rows} crops cannot be shared out evenly among {part.of} workers",
                remedy="give another --batch, a multiple of --each times the workers",
            )
        own = rows // part.of
        self._rows = slice(part.number * own, (part.number + 1) * own)
        self.epoch = 0

    def __len__(self) -> int:
        return self._steps

    def __getitem__(self, index: int) -> tuple[NDArray[np.float32], NDArray[np.int32]]:
        """crops (n, h, w, c) float32 in [-1, 1), person (n,) int32."""
        rng = np.random.default_rng((self._seed, self.epoch, index))
        people = rng.choice(self.people, self._together, replace=False)
        which = np.concatenate([self._draw(self._own[p], rng) for p in people])[self._rows]
        person = np.repeat(people, self._each).astype(np.int32)[self._rows]
        crops = for_network(self._faces.read(which), self._shape)
        seen = [self._disturb(crop, (index, row)) for row, crop in self._numbered(crops)]
        return to_float(np.concatenate(seen)), person

    def _numbered(self, crops: NDArray[np.uint8]) -> Iterable[tuple[int, NDArray[np.uint8]]]:
        return enumerate(crops, self._rows.start)

    def _disturb(self, crop: NDArray[np.uint8], place: tuple[int, int]) -> NDArray[np.uint8]:
        rng = np.random.default_rng((self._seed, self.epoch, *place))
        return disturb(crop[None], rng, mirror=self._mirror, how=self._how)

    def _draw(self, own: NDArray[np.int64], rng: np.random.Generator) -> NDArray[np.int64]:
        # Somebody with a single picture is paired with another disturbance of it.
        return rng.choice(own, self._each, replace=len(own) < self._each)


class AllPairs(keras.Model):
    """Trains on every pair of a batch of crops; each crop is embedded once."""

    def __init__(self, siamese: keras.Model, loss: str, people: int) -> None:
        """loss: of LOSSES. people: how many there are in all, numbered from 0."""
        super().__init__()
        self.embedding, self.head = embedding_of(siamese), head_of(siamese)
        self._kind = loss
        dimensions = self.embedding.output_shape[-1]
        self._classes = MarginSoftmax(people, dimensions, loss) if loss in _OF_CLASSES else None

    def call(
        self,
        crops: keras.KerasTensor,
        training: bool = False,  # noqa: FBT001, FBT002
    ) -> tuple[keras.KerasTensor, keras.KerasTensor]:
        """crops (n, h, w, c) float32 -> embeddings (n, d), distance (n, n) in [0, 1]."""
        e = self.embedding(crops, training=training)
        n = ops.shape(e)[0]
        seen = e if self._kind == "bce" else ops.stop_gradient(e)
        left = ops.repeat(seen, n, axis=0)
        right = ops.tile(seen, (n, 1))
        return e, ops.reshape(self.head([left, right]), (n, n))

    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):  # noqa: ANN001, ANN201, ARG002, FBT002 - Keras' own signature
        """y (n,): numbers of people. Both kinds of pairs weigh the same, however few one is."""
        embeddings, distance = y_pred
        different = ops.cast(y[:, None] != y[None], "float32")
        pair = 1.0 - ops.eye(ops.shape(y)[0])  # no crop is paired with itself
        same, other = pair * (1.0 - different), pair * different
        weight = same / ops.maximum(ops.sum(same), 1.0) + other / ops.maximum(ops.sum(other), 1.0)
        entropy = keras.losses.binary_crossentropy(different[..., None], distance[..., None])
        loss = ops.sum(weight * entropy) / 2.0 + sum(self.losses)
        unit = ops.normalize(embeddings, axis=-1)
        if self._kind == "contrastive":
            loss += ops.sum(weight * contrastive(unit, different)) / 2.0
        elif self._kind == "triplet":
            loss += ops.mean(batch_hard(unit, different))
        elif self._classes is not None:
            loss += ops.mean(self._classes(unit, y))
        return loss


def fit(  # noqa: PLR0913 - one keyword per thing that a person may choose
    siamese: keras.Model,
    faces: Faces | Shards,
    *,
    run: Run,
    loss: str,
    epochs: int,
    rate: float,
    batch: int,
    steps: int,
    seed: int,
    each: int = 2,
    how: str = LIGHT,
    part: Part = ALONE,
) -> None:
    """Train `siamese` in place; every epoch leaves siamese.keras in the run folder.

    Started again with the same run folder it goes on from the last checkpoint, bit for bit as if
    it had never stopped. part: which of several processes that do this at once; see `together`.
    """
    if run.finished("fit"):
        return
    shape = embedding_of(siamese).input_shape[1:]
    batches = PeopleBatches(
        faces, shape, batch=batch, steps=steps, seed=seed, each=each, how=how, part=part
    )
    model = AllPairs(siamese, loss, batches.people)
    model.compile(
        keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(rate, epochs * steps, 0.01)),
        jit_compile=False,  # see distill.compile_student
    )
    model(batches[0][0][:2])
    model.optimizer.build(model.trainable_variables)
    run.train(model, batches, siamese, epochs=epochs, phase="fit")
