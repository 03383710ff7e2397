"""How often the nearest of some characters is the right one, under names that say which trials."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edge.contract.matching import Difference
from edge.contract.whole import whole
from train.bootstrap import Interval
from train.oneshot.drawings import Drawings
from train.oneshot.official import Runs
from train.oneshot.trials import (
    between_alphabets,
    distances_of,
    right,
    within_alphabets,
)
from train.oneshot.views import head_for, together, views
from train.rates import clopper_pearson
from train.subject import Subject

OFFICIAL = "within an alphabet, 20-way, the official runs"
TRIALS, ROUNDS, _WORST = 10_000, 1000, 10
_DRAWN = (
    ("within an alphabet", 20, within_alphabets),
    ("within an alphabet", 5, within_alphabets),
    ("between alphabets (easier)", 20, between_alphabets),
    ("between alphabets (easier)", 5, between_alphabets),
)
_AS_IF_APART = "95 %, Clopper-Pearson, as if trials were independent"
_OVER_ALPHABETS = f"95 %, alphabets drawn anew {ROUNDS} times"


@dataclass(frozen=True)
class Figure:
    """The share of trials that are right.

    name: which trials, in words. how: the interval is meant. groups: the share by run or alphabet.
    """

    name: str
    trials: int
    accuracy: Interval
    how: str
    groups: dict[str, float]

    def line(self) -> str:
        a = self.accuracy
        shares = f"{a.value:7.2%}  ({a.low:.2%} to {a.high:.2%})"
        return f"{self.name:<48} {shares}  {self.trials} trials"


@dataclass(frozen=True)
class Wrong:
    """A trial that went wrong, its pictures as they were read.

    far: how much nearer the wrong one is, as a logarithm of odds.
    """

    probe: NDArray[np.uint8]
    right: NDArray[np.uint8]
    taken: NDArray[np.uint8]
    group: str
    far: float


def official(subject: Subject, runs: Runs, *, looks: int, seed: int) -> tuple[Figure, list[Wrong]]:
    """Omniglot's own runs, and their worst trials first. looks: views of each picture."""
    rng = np.random.default_rng((seed, 0))
    pictures, names, trials = runs.pictures, runs.names, runs.trials.shuffled(rng)
    distance = distances_of(
        embedded(subject, pictures, looks), trials, head_for(subject.head, looks)
    )
    correct = right(distance, trials.answer, rng)
    total = int(correct.sum())
    figure = Figure(
        OFFICIAL,
        len(trials),
        Interval(total / len(trials), *clopper_pearson(total, len(trials))),
        _AS_IF_APART,
        _by_group(correct, trials.group, names),
    )
    own = np.take_along_axis(distance, trials.answer[:, None], axis=1)[:, 0]
    ahead = np.log(_odds(own)) - np.log(_odds(distance.min(axis=1)))
    wrong = np.flatnonzero(~correct)
    worst = wrong[np.argsort(-ahead[wrong], kind="stable")][:_WORST]
    return figure, [
        Wrong(
            pictures[trials.probe[t]],
            pictures[trials.support[t, trials.answer[t]]],
            pictures[trials.support[t, distance[t].argmin()]],
            names[trials.group[t]],
            float(ahead[t]),
        )
        for t in worst
    ]


def resampled(
    subject: Subject, drawings: Drawings, *, looks: int, seed: int, count: int | None = None
) -> list[Figure]:
    """Trials drawn from whole alphabets, in four ways that must not be taken for each other.

    count: of each kind, else TRIALS.
    """
    pictures = [np.repeat(picture, 3, axis=-1) for picture in drawings.pictures]
    embeddings = embedded(subject, pictures, looks)
    found = []
    for number, (where, ways, draw) in enumerate(_DRAWN):
        rng = np.random.default_rng((seed, 1, number))
        trials = draw(drawings, count or TRIALS, rng, ways=ways)
        distance = distances_of(embeddings, trials, head_for(subject.head, looks))
        correct = right(distance, trials.answer, rng)
        found.append(
            Figure(
                f"{where}, {ways}-way, drawn",
                len(trials),
                _over_groups(correct, trials.group, rng),
                _OVER_ALPHABETS,
                _by_group(correct, trials.group, drawings.alphabets),
            )
        )
    return found


def embedded(
    subject: Subject, pictures: Sequence[NDArray[np.uint8]], looks: int
) -> NDArray[np.float32]:
    """Pictures (height, width, 3) uint8 -> (n, looks x dimensions), the views of each side by side.

    Raises:
        ValueError: several views for a head that does not compare unit vectors.
    """
    if looks > 1 and subject.head.difference is not Difference.SQUARED:
        raise ValueError("views are for heads that compare directions")
    seen = [
        whole(view, subject.shape)
        for picture in pictures
        for view in (views(picture, looks) if looks > 1 else [picture])
    ]
    return together(subject.embed(np.stack(seen)), looks)


def _over_groups(
    correct: NDArray[np.bool_], group: NDArray[np.int64], rng: np.random.Generator
) -> Interval:
    """The mean with the interval of drawing whole groups anew."""
    _, number = np.unique(group, return_inverse=True)
    trials, rights = np.bincount(number), np.bincount(number, weights=correct)
    drawn = rng.integers(0, len(trials), (ROUNDS, len(trials)))
    means = rights[drawn].sum(axis=1) / trials[drawn].sum(axis=1)
    low, high = np.percentile(means, (2.5, 97.5))
    return Interval(float(correct.mean()), float(low), float(high))


def _by_group(
    correct: NDArray[np.bool_], group: NDArray[np.int64], names: Sequence[str]
) -> dict[str, float]:
    return {names[g]: float(correct[group == g].mean()) for g in np.unique(group)}


def _odds(distance: NDArray[np.float32]) -> NDArray[np.float64]:
    kept = np.clip(distance.astype(np.float64), 1e-12, 1 - 1e-12)
    return kept / (1 - kept)
