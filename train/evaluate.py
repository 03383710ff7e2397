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
from train.bootstrap import Interval, best_threshold, intervals
from train.choose import MOST_CROPS, PAIR, at_most, chosen_of
from train.data import NOBODY, Faces, LeftOut
from train.faults import Fault, shown
from train.judge import Judged, judge_folds, judge_halves
from train.progress import watched
from train.promised import Kept, asked, burst_of, keep
from train.protocol import read_lists
from train.rates import Curve, Sides, clopper_pearson, curve, rates_at, threshold_at_fmr
from train.ready import Ready
from train.sample import Sample, stored
from train.streamed import streamed
from train.subject import Subject

FMR_LEVELS = (1e-2, 1e-3, 1e-4, 1e-5)
LEAST_PEOPLE, LEAST_REPEATED = 4, 2
_MOST_PRESSED = 7000  # crops; a press keeps three frames' distances to all of them
_BINS = 50
_BLOCK = 256  # crops that are embedded together; of whole batches of every network


@dataclass(frozen=True)
class Ask:
    """What to measure, beside the pairs that follow from the pictures.

    lists: of pairs, as LFW's. all_pairs: rates from every pair of every crop, with a list too; else
    of a list only its own pairs count, and of very many crops some. press: play presses at the
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
        UsageError: presses are asked for, and the network promises no thresholds; every pair of
            more crops is asked for than its head can compare.
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
    chosen = chosen_of(subject, faces, rng, every=ask.all_pairs)
    people = faces.of(chosen)
    wanted = chosen if listed is None else np.ones(len(faces), np.bool_)
    embeddings = _embedded(subject, faces, np.flatnonzero(wanted))
    of_list = listed.pairs(embeddings, subject.head) if listed else None
    every = _every(subject, embeddings, np.flatnonzero(chosen[wanted]), people, ask.seed)
    del embeddings  # of a million crops half a gigabyte
    pairs: Sides
    if listed is None or of_list is None:
        pairs, table = every.sides, every.table(rng)
        judged = judge_halves(table, rng)
    else:
        pairs = of_list
        judged, table = judge_folds(listed, of_list, rng), listed.table(of_list)
        if ask.all_pairs:
            pairs, table = every.sides, every.table(rng)
    whole, spans = curve(pairs), intervals(table, FMR_LEVELS, rng)
    points = tuple(_points(pairs, spans))
    genuine, impostor = pairs.trials
    return Evaluation(
        subject=subject,
        measured=Measured(
            people=table.people,
            crops=len(people),
            given=len(faces),
            genuine=genuine,
            impostor=impostor,
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
        accepts=tuple(shown(every.nearest, people)),
        rejects=tuple(shown(every.farthest, people)),
        roc=_roc(whole, impostor),
        histogram=_histogram(pairs),
    )


def require_sample(faces: Faces) -> None:
    """Ask before a long training whether its result can be measured on these people.

    Raises:
        DataError: they cannot be cut into two halves with pairs of one person and of two in each.
    """
    counts = np.unique(faces.person[faces.person != NOBODY], return_counts=True)[1]
    repeated = int((counts >= PAIR).sum())
    if len(counts) < LEAST_PEOPLE or repeated < LEAST_REPEATED:
        raise DataError(
            f"{len(counts)} people to measure on, {repeated} of them with two pictures",
            why=f"At least {LEAST_PEOPLE} are needed, {LEAST_REPEATED} of them with two pictures.",
            remedy="give more people, or raise --held-out-share",
        )


def _embedded(subject: Subject, faces: Faces, which: NDArray[np.int64]) -> NDArray[np.float32]:
    """(k, dimensions) of the crops `which`, read and embedded block by block."""
    blocks = [which[at : at + _BLOCK] for at in range(0, len(which), _BLOCK)]
    found = np.empty((len(which), len(subject.head.weights)), np.float32)
    for number, block in enumerate(watched(blocks, "embedding")):
        found[number * _BLOCK : number * _BLOCK + len(block)] = subject.embed(faces.read(block))
    return found


def _every(
    subject: Subject,
    embeddings: NDArray[np.float32],
    which: NDArray[np.int64],
    people: Faces,
    seed: int,
) -> Sample:
    """The pairs of the crops `which` of `embeddings`, whose faces are `people`."""
    levels = asked(subject.levels)
    if len(which) <= MOST_CROPS[subject.head.difference]:
        return stored(embeddings[which], people.person, subject.head, levels)
    return streamed(Ready.of(embeddings, people.person, which, subject.head), levels, seed)


def _kept(
    subject: Subject, every: Sample, people: Faces, rng: np.random.Generator, *, press: bool
) -> tuple[Kept, ...]:
    if not subject.levels:
        return ()
    burst = None
    if press:
        burst = burst_of(subject, people.of(at_most(people, _MOST_PRESSED, rng)))
    return keep(subject.levels, every.at, burst)


def _points(pairs: Sides, spans: dict[str, tuple[float, float]]) -> Iterator[Point]:
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


def _histogram(pairs: Sides) -> NDArray[np.float64]:
    edges = np.linspace(0.0, 1.0, _BINS + 1)
    below = zip(pairs.below(edges[1:-1]), pairs.trials, strict=True)
    shares = [np.diff(np.r_[0, inner, trials]) / trials for inner, trials in below]
    return np.stack([edges[:-1], *shares])
