"""Block-wise distillation: every stage of the `mobile` twin learns the teacher's next map.

Phase `local`: each stage sees the teacher's map at the joint before it. Phase `whole`: the student
runs on its own maps. Maps teach far more per picture than embeddings do: docs/experiments.md.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import keras
import numpy as np
from keras import ops
from numpy.typing import NDArray

from edge.contract.tensor import to_float
from train.augment import disturb, mix
from train.models import embedding_of
from train.runs import Run
from train.teacher import JOINTS, Teacher

_MAPS = tuple(JOINTS)
_STAGES = ("stage28", "stage14", "stage7", "stage1")


@dataclass(frozen=True)
class Phase:
    """One part of a distillation and its peak learning rate."""

    name: str  # "local" or "whole"
    epochs: int
    rate: float


class Lessons(keras.utils.PyDataset):
    """Batches of disturbed crops with the teacher's answers; an epoch follows from its seed.

    goals: (n, 128) of unit length, what the embedding of each crop shall be, or None: the teacher's
    own of the disturbed crop. A blend of two crops has no goal, so there are none of them then.
    """

    def __init__(  # noqa: PLR0913 - one keyword per thing that decides a batch
        self,
        crops: NDArray[np.uint8],
        teacher: Teacher,
        *,
        goals: NDArray[np.float32] | None = None,
        batch: int,
        steps: int,
        seed: int,
    ) -> None:
        # Teacher and student take turns, each with all cores: at once they would be no faster.
        super().__init__(workers=1, use_multiprocessing=False)
        self._crops, self._teacher, self._goals = crops, teacher, goals
        self._batch, self._steps, self._seed = batch, steps, seed
        self.epoch = 0

    def __len__(self) -> int:
        return self._steps

    def __getitem__(
        self, index: int
    ) -> tuple[dict[str, NDArray[np.float32]], dict[str, NDArray[np.float32]]]:
        # Pictures come in shuffled passes over all of them, however long an epoch is.
        at = (self.epoch * self._steps + index) * self._batch + np.arange(self._batch)
        which = [self._order(int(i) // len(self._crops))[int(i) % len(self._crops)] for i in at]
        rng = np.random.default_rng((self._seed, 1, self.epoch, index))
        crops = disturb(self._crops[which], rng)
        if self._goals is None:
            crops = mix(crops, rng)
        answers = self._teacher.answer(crops)
        if self._goals is not None:
            answers["embedding"] = self._goals[which]
        return {"crops": to_float(crops)} | {m: answers[m] for m in _MAPS}, answers

    def _order(self, lap: int) -> NDArray[np.int64]:
        if getattr(self, "_lap", None) != lap:
            self._lap = lap
            self._shuffled = np.random.default_rng((self._seed, 0, lap)).permutation(
                len(self._crops)
            )
        return self._shuffled


class Student(keras.Model):
    """The twin with its stages in reach; `local` says whether a stage sees the teacher's maps."""

    def __init__(self, embedding: keras.Model, *, local: bool) -> None:
        super().__init__()
        self.stages = [embedding.get_layer(name) for name in _STAGES]
        self.local = local
        self.trackers = {name: keras.metrics.Mean(name) for name in (*_MAPS, "cosine", "relations")}

    def build_for(self, lessons: Lessons) -> None:
        """Make every variable now, so that a checkpoint finds its place."""
        inputs, _ = lessons[0]
        self({name: values[:1] for name, values in inputs.items()})
        self.optimizer.build(self.trainable_variables)

    def call(
        self,
        inputs: Mapping[str, keras.KerasTensor],
        training: bool = False,  # noqa: FBT001, FBT002
    ) -> dict[str, keras.KerasTensor]:
        """crops (n, 112, 112, 3) and the teacher's maps -> own maps, own embedding."""
        made: dict[str, keras.KerasTensor] = {}
        here = inputs["crops"]
        for stage, name in zip(self.stages, (*_MAPS, "embedding"), strict=True):
            made[name] = stage(here, training=training)
            here = inputs.get(name) if self.local else made[name]
        return made

    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):  # noqa: ANN001, ANN201, ARG002, FBT002 - Keras' own signature
        """Map errors over their variance, the angle to the teacher; in `whole` how pairs relate."""
        maps = []
        for name in _MAPS:
            wanted = y[name]
            error = ops.mean(ops.square(y_pred[name] - wanted)) / ops.var(wanted)
            self.trackers[name].update_state(error)
            maps.append(error)
        own, wanted = ops.normalize(y_pred["embedding"], axis=-1), y["embedding"]
        cosine = ops.mean(ops.sum(own * wanted, axis=-1))
        relations = ops.mean(ops.square(_products(own) - _products(wanted)))
        self.trackers["cosine"].update_state(cosine)
        self.trackers["relations"].update_state(relations)
        if self.local:
            return sum(maps) + 2.0 * (1.0 - cosine)
        return 0.3 * sum(maps) + 4.0 * (1.0 - cosine) + 16.0 * relations


def _products(unit: keras.KerasTensor) -> keras.KerasTensor:
    """(n, d) -> (n, n): the cosine of every pair of a batch."""
    return ops.matmul(unit, ops.transpose(unit))


def distill(  # noqa: PLR0913 - one keyword per thing that a person may choose
    siamese: keras.Model,
    crops: NDArray[np.uint8],
    teacher: Teacher,
    *,
    goals: NDArray[np.float32] | None,
    run: Run,
    phases: Sequence[Phase],
    batch: int,
    steps: int,
    seed: int,
) -> None:
    """Teach the twin of `siamese` in place; every epoch leaves siamese.keras in the run folder.

    goals: as of `Lessons`. Started again with the same run folder it goes on after the last whole
    epoch.
    """
    for number, phase in enumerate(phases):
        if phase.epochs == 0 or run.finished(phase.name):
            continue
        student = Student(embedding_of(siamese), local=phase.name == "local")
        compile_student(student, phase, steps)
        lessons = Lessons(crops, teacher, goals=goals, batch=batch, steps=steps, seed=seed + number)
        student.build_for(lessons)
        run.train(student, lessons, siamese, epochs=phase.epochs, phase=phase.name)


def compile_student(student: Student, phase: Phase, steps: int) -> None:
    """AdamW on a cosine of the rate, warmed up so that a new phase does not undo the last one."""
    total = phase.epochs * steps
    warm = max(1, round(0.03 * total))
    rate = keras.optimizers.schedules.CosineDecay(
        0.0, total - warm, alpha=0.01, warmup_target=phase.rate, warmup_steps=warm
    )
    # XLA compiles depthwise gradients badly on CPUs: seven times slower than plain kernels here.
    student.compile(keras.optimizers.AdamW(rate, weight_decay=1e-4), jit_compile=False)
