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
from train.augment import LIGHT, disturb, mix
from train.data import NOBODY, Faces
from train.goals import Goals
from train.losses import MarginSoftmax
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

    goals: what the embedding of each crop shall be, or None: the teacher's own. seen: the teachers
    of the goals look at the disturbed crop as well, not at the clean one. A blend of two crops has
    no clean one, so there are none of them then.
    person: (n,) whom a crop shows, or NOBODY. how: as of `augment.disturb`.
    """

    def __init__(  # noqa: PLR0913 - one keyword per thing that decides a batch
        self,
        faces: Faces,
        teacher: Teacher,
        *,
        goals: Goals | None = None,
        seen: bool = False,
        batch: int,
        steps: int,
        seed: int,
        how: str = LIGHT,
    ) -> None:
        # Teacher and student take turns, each with all cores: at once they would be no faster.
        super().__init__(workers=1, use_multiprocessing=False)
        self._crops, self._teacher, self._goals = faces.crops, teacher, goals
        self._seen = seen or goals is None
        _, number = np.unique(faces.person[faces.person != NOBODY], return_inverse=True)
        self.people = int(number.max(initial=-1)) + 1
        self._person = np.full(len(faces), NOBODY, np.int32)
        self._person[faces.person != NOBODY] = number
        self._batch, self._steps, self._seed, self._how = batch, steps, seed, how
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
        crops = disturb(self._crops[which], rng, how=self._how)
        person = self._person[which]
        if self._seen:
            crops, mixed = mix(crops, rng)
            person = np.full_like(person, NOBODY) if mixed else person
        answers = self._teacher.answer(crops)
        if self._goals is not None:
            goals = self._goals
            answers["embedding"] = goals.of(crops) if self._seen else goals.kept[which]
        answers["person"] = person
        return {"crops": to_float(crops)} | {m: answers[m] for m in _MAPS}, answers

    def _order(self, lap: int) -> NDArray[np.int64]:
        if getattr(self, "_lap", None) != lap:
            self._lap = lap
            self._shuffled = np.random.default_rng((self._seed, 0, lap)).permutation(
                len(self._crops)
            )
        return self._shuffled


class Student(keras.Model):
    """The twin with its stages in reach; `local` says whether a stage sees the teacher's maps.

    people: how many there are to tell apart. identities: how much that counts; 0: not at all.
    """

    def __init__(
        self, embedding: keras.Model, *, local: bool, people: int = 0, identities: float = 0.0
    ) -> None:
        super().__init__()
        self.stages = [embedding.get_layer(name) for name in _STAGES]
        self.local = local
        self._identities = 0.0 if local else identities
        self._classes = None
        names = [*_MAPS, "cosine", "relations"]
        if self._identities:
            self._classes = MarginSoftmax(people, embedding.output_shape[-1], "cosface")
            names.append("identities")
        self.trackers = {name: keras.metrics.Mean(name) for name in names}

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
        loss = 0.3 * sum(maps) + 4.0 * (1.0 - cosine) + 16.0 * relations
        if self._classes is None:
            return loss
        known = ops.maximum(ops.sum(ops.cast(y["person"] >= 0, "float32")), 1.0)
        identities = ops.sum(self._classes(own, y["person"])) / known
        self.trackers["identities"].update_state(identities)
        return loss + self._identities * identities


def _products(unit: keras.KerasTensor) -> keras.KerasTensor:
    """(n, d) -> (n, n): the cosine of every pair of a batch."""
    return ops.matmul(unit, ops.transpose(unit))


def distill(  # noqa: PLR0913 - one keyword per thing that a person may choose
    siamese: keras.Model,
    faces: Faces,
    teacher: Teacher,
    *,
    goals: Goals | None,
    run: Run,
    phases: Sequence[Phase],
    batch: int,
    steps: int,
    seed: int,
    identities: float = 0.0,
    how: str = LIGHT,
    seen: bool = False,
) -> None:
    """Teach the twin of `siamese` in place; every epoch leaves siamese.keras in the run folder.

    goals, how, seen: as of `Lessons`. identities: as of `Student`. Started again with the same run
    folder it goes on after the last whole epoch.
    """
    for number, phase in enumerate(phases):
        if phase.epochs == 0 or run.finished(phase.name):
            continue
        lessons = Lessons(
            faces,
            teacher,
            goals=goals,
            batch=batch,
            steps=steps,
            seed=seed + number,
            how=how,
            seen=seen,
        )
        student = Student(
            embedding_of(siamese),
            local=phase.name == "local",
            people=lessons.people,
            identities=identities,
        )
        compile_student(student, phase, steps)
        student.build_for(lessons)
        run.train(student, lessons, siamese, epochs=phase.epochs, phase=phase.name)


def compile_student(student: Student, phase: Phase, steps: int) -> None:
    """AdamW on a cosine of the rate, warmed up so that a new phase does not undo the last one."""
    rate = cosine_rate(phase.rate, phase.epochs * steps)
    # XLA compiles depthwise gradients badly on CPUs: seven times slower than plain kernels here.
    student.compile(keras.optimizers.AdamW(rate, weight_decay=1e-4), jit_compile=False)


def cosine_rate(peak: float, steps: int) -> keras.optimizers.schedules.LearningRateSchedule:
    """Warmed up over the first 3 %, then along a cosine to a hundredth."""
    warm = max(1, round(0.03 * steps))
    return keras.optimizers.schedules.CosineDecay(
        0.0, max(1, steps - warm), alpha=0.01, warmup_target=peak, warmup_steps=warm
    )
