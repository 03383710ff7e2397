"""How good a network is on people whom it never saw.

A threshold is never chosen and judged on the same people: the held-out people are cut into two
halves, each half is judged at the threshold of the other. Intervals come from drawing people anew,
because the pairs of one person resemble each other.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from edge.contract.errors import DataError
from edge.contract.matching import Difference
from train.bootstrap import (
    ROUNDS,
    Interval,
    best_threshold,
    crossed,
    curve_of,
    intervals,
    table_of,
)
from train.data import NOBODY, Faces
from train.heads import embed
from train.models import head_parameters
from train.pairs import all_pairs
from train.rates import Curve, Pairs, clopper_pearson, curve, rates_at, threshold_at_fmr

SCHEMA = "onelook.evaluation/1"
FMR_LEVELS = (1e-2, 1e-3, 1e-4)
LEAST_PEOPLE, LEAST_REPEATED = 4, 2
# Pairs grow with the square of crops: 6,000 crops make 18 million, a minute's work.
_MOST_CROPS = {Difference.SQUARED: 6000, Difference.ABSOLUTE: 2000}
_PAIR = 2  # crops of one person
_BINS = 50
_INTERVAL = f"95 %, people drawn anew {ROUNDS} times; Clopper-Pearson where it says so"


@dataclass(frozen=True)
class Measured:
    """What the figures were measured on.

    given: crops before the sample was cut to what minutes suffice for. data: SHA-256 of the list of
    files.
    """

    people: int
    crops: int
    given: int
    genuine: int
    impostor: int
    data: str
    seed: int


@dataclass(frozen=True)
class Point:
    """One row of the FMR/FNMR table, the threshold chosen on these very pairs for the asked FMR.

    fmr_interval, fnmr_interval: 95 %, Clopper-Pearson, as if pairs were independent.
    tar: 1 - FNMR; its interval is drawn over people, and the one to quote.
    """

    asked_fmr: float
    threshold: float
    fmr: float
    fmr_interval: tuple[float, float]
    fnmr: float
    fnmr_interval: tuple[float, float]
    tar: Interval


@dataclass(frozen=True)
class Evaluation:
    """Everything that a report shows.

    scores: accuracy, precision, recall, f1, with as many pairs of one person as of two (weighted).
    thresholds: of the two halves. unsupported: levels of FMR too rare for this sample.
    roc: (2, n) FMR and TAR. histogram: (3, bins) left edge, share of genuine, of impostor pairs.
    """

    measured: Measured
    scores: dict[str, Interval]
    thresholds: tuple[float, float]
    threshold: float
    auc: Interval
    eer: Interval
    points: tuple[Point, ...]
    unsupported: tuple[float, ...]
    roc: NDArray[np.float64]
    histogram: NDArray[np.float64]

    def document(self) -> dict[str, Any]:
        """For programs; without the curves."""
        figures = {k: v for k, v in asdict(self).items() if k not in {"roc", "histogram"}}
        return {"schema": SCHEMA, "ok": True, "interval": _INTERVAL, **figures}

    def summary(self) -> str:
        """For people, on one screen."""
        m = self.measured
        rows = {**self.scores, "AUC": self.auc, "EER": self.eer}
        rows |= {f"TAR at FMR {p.asked_fmr:g}": p.tar for p in self.points}
        lines = [f"{name:<18} {figure}" for name, figure in rows.items()]
        sample = (
            f"{m.people} people who were not trained on, {m.crops} crops, "
            f"{m.genuine} genuine and {m.impostor} impostor pairs; 95 % intervals over people"
        )
        return "\n".join([sample, *lines])


def evaluate(siamese: keras.Model, faces: Faces, *, seed: int = 0) -> Evaluation:
    """Measure a network on held-out people.

    seed: of the halves, of the crops that are left out of a large sample, and of the intervals.

    Raises:
        DataError: too few people, or too few of them with two pictures; see `require_sample`.
    """
    require_sample(faces)
    head, rng = head_parameters(siamese), np.random.default_rng(seed)
    known = _known(faces)
    chosen = _at_most(known, _MOST_CROPS[head.difference], rng)
    pairs = all_pairs(embed(siamese, chosen.crops), chosen.person, head)
    measured = Measured(
        people=len(chosen.people()),
        crops=len(chosen),
        given=len(known),
        genuine=int(pairs.same.sum()),
        impostor=int((~pairs.same).sum()),
        data=chosen.digest(),
        seed=seed,
    )
    return measure(pairs, measured, chosen.person, rng)


def require_sample(faces: Faces) -> None:
    """Ask before a long training whether its result can be measured on these people.

    Raises:
        DataError: they cannot be cut into two halves with pairs of one person and of two in each.
    """
    counts = np.unique(faces.person[faces.person != NOBODY], return_counts=True)[1]
    repeated = int((counts >= _PAIR).sum())
    if len(counts) < LEAST_PEOPLE or repeated < LEAST_REPEATED:
        raise DataError(
            f"{len(counts)} people to measure on, {repeated} of them with two pictures",
            why=f"At least {LEAST_PEOPLE} are needed, {LEAST_REPEATED} of them with two pictures.",
            remedy="give more people, or raise --held-out-share",
        )


def measure(
    pairs: Pairs, measured: Measured, person: NDArray[np.int32], rng: np.random.Generator
) -> Evaluation:
    """Every figure of the pairs of `pairs.all_pairs`. person: (crops,) whom they show."""
    side = _halves(person, rng)
    table = table_of(pairs, person, rng)
    scores, thresholds = crossed(curve_of(table.within(side)), curve_of(table.within(~side)))
    whole = curve(pairs)
    spans = intervals(table, side, FMR_LEVELS, rng)
    points = tuple(_points(pairs, spans))
    return Evaluation(
        measured=measured,
        scores={name: Interval(value, *spans[name]) for name, value in scores.items()},
        thresholds=thresholds,
        threshold=best_threshold(whole),
        auc=Interval(whole.auc, *spans["auc"]),
        eer=Interval(whole.eer, *spans["eer"]),
        points=points,
        unsupported=tuple(sorted(set(FMR_LEVELS) - {p.asked_fmr for p in points}, reverse=True)),
        roc=_roc(whole, len(pairs.impostor)),
        histogram=_histogram(pairs),
    )


def _known(faces: Faces) -> Faces:
    return faces.of(faces.person != NOBODY)


def _at_most(faces: Faces, most: int, rng: np.random.Generator) -> Faces:
    """All of a small sample; of a large one as many crops of each person as fit, at least two."""
    if len(faces) <= most:
        return faces
    order = rng.permutation(len(faces))
    rank = np.empty(len(faces), np.int64)  # of a crop among those of its person
    for number in np.unique(faces.person):
        own = order[faces.person[order] == number]
        rank[own] = np.arange(len(own))
    each = int(np.searchsorted(np.cumsum(np.bincount(rank)), most, side="right"))
    if each >= _PAIR:
        return faces.of(rank < each)
    people = rng.permutation(np.unique(faces.person))[: most // _PAIR]
    return faces.of((rank < _PAIR) & np.isin(faces.person, people))


def _halves(person: NDArray[np.int32], rng: np.random.Generator) -> NDArray[np.bool_]:
    """(people,): every other one of those with two pictures, then of the rest."""
    counts = np.unique(person, return_counts=True)[1]
    shuffled = rng.permutation(len(counts))
    order = shuffled[np.argsort(counts[shuffled] < _PAIR, kind="stable")]
    side = np.zeros(len(counts), np.bool_)
    side[order[::2]] = True
    return side


def _points(pairs: Pairs, spans: dict[str, tuple[float, float]]) -> Iterator[Point]:
    """One for every level that so many impostor pairs can show."""
    for level in FMR_LEVELS:
        try:
            threshold = threshold_at_fmr(pairs, level)
        except ValueError:
            continue
        fmr, fnmr = rates_at(pairs, threshold)
        yield Point(
            level,
            threshold,
            fmr.value,
            clopper_pearson(fmr.errors, fmr.trials),
            fnmr.value,
            clopper_pearson(fnmr.errors, fnmr.trials),
            Interval(1.0 - fnmr.value, *spans[f"tar@{level:g}"]),
        )


def _roc(whole: Curve, impostor: int, *, points: int = 400) -> NDArray[np.float64]:
    wanted = np.r_[0.0, np.geomspace(1.0 / impostor, 1.0, points)]
    at = np.unique(np.searchsorted(whole.fmr, wanted, side="right") - 1)
    return np.stack([whole.fmr[at], 1.0 - whole.fnmr[at]])


def _histogram(pairs: Pairs) -> NDArray[np.float64]:
    edges = np.linspace(0.0, 1.0, _BINS + 1)
    shares = [np.histogram(d, edges)[0] / len(d) for d in (pairs.genuine, pairs.impostor)]
    return np.stack([edges[:-1], *shares])
