"""How good a network is on people whom it never saw.

A threshold is never chosen and judged on the same people: the held-out people are cut into two
halves, each half is judged at the threshold of the other; a benchmark's list has folds for that.
Intervals come from drawing people anew, because the pairs of one person resemble each other.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edge.contract.errors import DataError, UsageError
from edge.contract.matching import Difference
from train.bootstrap import Interval, best_threshold, intervals, table_of
from train.data import NOBODY, Faces, LeftOut
from train.faults import Fault, false_accepts, false_rejects
from train.judge import Judged, judge_folds, judge_halves
from train.pairs import all_pairs
from train.promised import Kept, burst_of, keep
from train.protocol import read_lists
from train.rates import Curve, Pairs, clopper_pearson, curve, rates_at, threshold_at_fmr
from train.subject import Subject

FMR_LEVELS = (1e-2, 1e-3, 1e-4, 1e-5)
LEAST_PEOPLE, LEAST_REPEATED = 4, 2
# Pairs grow with the square of crops: 20,000 crops make 200 million, a gigabyte and some minutes.
_MOST_CROPS = {Difference.SQUARED: 20_000, Difference.ABSOLUTE: 2000}
_MOST_PRESSED = 7000  # crops; a press keeps three frames' distances to all of them
_PAIR = 2  # crops of one person
_BINS = 50


@dataclass(frozen=True)
class Ask:
    """What to measure, beside the pairs that follow from the pictures.

    lists: of pairs, as LFW's. all_pairs: rates from every pair even so. press: play presses at the
    galleries of a bundle's levels. seed: of halves, of crops that are left out, of intervals.
    """

    lists: tuple[Path, ...] = ()
    all_pairs: bool = False
    press: bool = False
    seed: int = 0


@dataclass(frozen=True)
class Measured:
    """What the figures were measured on.

    given: crops before the sample was cut to what minutes suffice for. genuine, impostor: pairs.
    left_out: pictures that gave no crop. data: SHA-256 of the list of files.
    """

    people: int
    crops: int
    given: int
    genuine: int
    impostor: int
    left_out: tuple[LeftOut, ...]
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

    judged: the four metrics, over halves of the people or over the folds of a list.
    threshold: the best one for all these pairs together; auc, eer, points: of the same pairs.
    unsupported: levels of FMR too rare for this sample. kept: what a bundle promises, here.
    roc: (2, n) FMR and TAR. histogram: (3, bins) left edge, share of genuine, of impostor pairs.
    """

    subject: Subject
    measured: Measured
    judged: Judged
    threshold: float
    auc: Interval
    eer: Interval
    points: tuple[Point, ...]
    unsupported: tuple[float, ...]
    kept: tuple[Kept, ...]
    accepts: tuple[Fault, ...]
    rejects: tuple[Fault, ...]
    roc: NDArray[np.float64]
    histogram: NDArray[np.float64]

    def summary(self) -> str:
        """For people, on one screen."""
        m = self.measured
        rows = {**self.judged.scores, "AUC": self.auc, "EER": self.eer}
        rows |= {f"TAR at FMR {p.asked_fmr:g}": p.tar for p in self.points}
        lines = [f"{name:<18} {figure}" for name, figure in rows.items()]
        sample = (
            f"{m.people} people who were not trained on, {m.crops} crops, "
            f"{m.genuine} genuine and {m.impostor} impostor pairs; 95 % intervals over people"
        )
        return "\n".join([f"{self.subject.name} ({self.subject.kind})", sample, *lines])


def evaluate(subject: Subject, faces: Faces, ask: Ask | None = None) -> Evaluation:
    """Measure a network on people whom it was not trained on.

    Raises:
        DataError: too few people, see `require_sample`; or a list, see `protocol.read_lists`.
        UsageError: presses are asked for, and the network promises no thresholds.
    """
    ask = ask or Ask()
    if ask.press and not subject.levels:
        raise UsageError(
            f"{subject.name}: promises no thresholds to press against",
            remedy="convert it first, and name the bundle with --model",
        )
    require_sample(faces)
    listed = read_lists(ask.lists, faces) if ask.lists else None
    rng = np.random.default_rng(ask.seed)
    embeddings = subject.embed(faces.crops)
    chosen = _at_most(faces, _MOST_CROPS[subject.head.difference], rng)
    people = faces.of(chosen)
    every = all_pairs(embeddings[chosen], people.person, subject.head)
    if listed is None:
        pairs, table = every, table_of(every, people.person, rng)
        judged = judge_halves(table, rng)
    else:
        pairs = listed.pairs(embeddings, subject.head)
        judged, table = judge_folds(listed, pairs, rng), listed.table(pairs)
        if ask.all_pairs:
            pairs, table = every, table_of(every, people.person, rng)
    whole, spans = curve(pairs), intervals(table, FMR_LEVELS, rng)
    points = tuple(_points(pairs, spans))
    return Evaluation(
        subject=subject,
        measured=Measured(
            people=table.people,
            crops=len(people),
            given=len(faces),
            genuine=len(pairs.genuine),
            impostor=len(pairs.impostor),
            left_out=faces.left_out,
            data=people.digest(),
            seed=ask.seed,
        ),
        judged=judged,
        threshold=best_threshold(whole),
        auc=Interval(whole.auc, *spans["auc"]),
        eer=Interval(whole.eer, *spans["eer"]),
        points=points,
        unsupported=tuple(sorted(set(FMR_LEVELS) - {p.asked_fmr for p in points}, reverse=True)),
        kept=_kept(subject, every, people, rng, press=ask.press),
        accepts=false_accepts(every, people),
        rejects=false_rejects(every, people),
        roc=_roc(whole, len(pairs.impostor)),
        histogram=_histogram(pairs),
    )


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


def _kept(
    subject: Subject, every: Pairs, people: Faces, rng: np.random.Generator, *, press: bool
) -> tuple[Kept, ...]:
    if not subject.levels:
        return ()
    burst = None
    if press:
        burst = burst_of(subject, people.of(_at_most(people, _MOST_PRESSED, rng)))
    return keep(subject.levels, every, people.person, burst)


def _at_most(faces: Faces, most: int, rng: np.random.Generator) -> NDArray[np.bool_]:
    """(n,): crops of known people; of many as many of each person as fit, at least two."""
    known = faces.person != NOBODY
    if known.sum() <= most:
        return known
    order = rng.permutation(len(faces))
    rank = np.empty(len(faces), np.int64)  # of a crop among those of its person
    for number in np.unique(faces.person):
        own = order[faces.person[order] == number]
        rank[own] = np.arange(len(own))
    each = int(np.searchsorted(np.cumsum(np.bincount(rank[known])), most, side="right"))
    if each >= _PAIR:
        return known & (rank < each)
    people = rng.permutation(np.unique(faces.person[known]))[: most // _PAIR]
    return (rank < _PAIR) & np.isin(faces.person, people)


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
