"""The four metrics, each part of a sample judged at the threshold that is best for the others."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from train.bootstrap import Interval, Table, best_threshold, curve_of, draws, spans
from train.protocol import Listed
from train.rates import Curve, Pairs, curve, scores


@dataclass(frozen=True)
class Judged:
    """Accuracy, precision, recall, F1, with as many pairs of one person as of two (weighted).

    over: what was judged by the others' thresholds, in words. accuracies, thresholds: of each part.
    lost: listed pairs that count as not matched because a picture gave no crop.
    """

    over: str
    accuracies: tuple[float, ...]
    thresholds: tuple[float, ...]
    scores: dict[str, Interval]
    lost: int = 0

    @property
    def spread(self) -> float:
        """Standard deviation of the parts' accuracies."""
        return float(np.std(self.accuracies, ddof=1))


def judge_halves(table: Table, rng: np.random.Generator) -> Judged:
    """Over two halves of the people."""
    side = halves(table, rng)
    parts = table.within(side), table.within(~side)
    found, accuracies, thresholds = crossed(*map(curve_of, parts))
    rounds = [
        crossed(*(curve_of(part.drawn(times)) for part in parts))[0]
        for times in draws(table, rng, side)
    ]
    ends = spans(rounds, table.people)
    return Judged(
        "two halves of the people",
        accuracies,
        thresholds,
        {name: Interval(value, *ends[name]) for name, value in found.items()},
    )


def judge_folds(listed: Listed, pairs: Pairs, rng: np.random.Generator) -> Judged:
    """Over the folds of a list; pairs: its own, in its order.

    The intervals draw the people anew and leave the thresholds as they are.
    """
    thresholds = fold_thresholds(listed.fold, pairs)
    matched = pairs.distance < np.array(thresholds, np.float32)[listed.fold]
    right = matched == pairs.same
    rounds = []
    for times in draws(listed.table(pairs), rng):
        own, other = times[listed.left_person], times[listed.right_person]
        rounds.append(_weighed(matched, pairs.same, np.where(pairs.same, own, own * other)))
    found = _weighed(matched, pairs.same, np.ones(len(matched)))
    ends = spans(rounds, listed.people)
    return Judged(
        f"{len(thresholds)} folds of {', '.join(listed.names)}",
        tuple(float(right[listed.fold == n].mean()) for n in range(len(thresholds))),
        thresholds,
        {name: Interval(value, *ends[name]) for name, value in found.items()},
        listed.lost,
    )


def fold_thresholds(fold: NDArray[np.int64], pairs: Pairs) -> tuple[float, ...]:
    """For each fold the best one of all others. fold: (pairs,)."""
    return tuple(
        best_threshold(curve(Pairs(pairs.distance[fold != n], pairs.same[fold != n])))
        for n in np.unique(fold)
    )


def _weighed(
    matched: NDArray[np.bool_], same: NDArray[np.bool_], weight: NDArray[np.float64]
) -> dict[str, float]:
    hit, false = (
        float(weight[side & matched].sum() / max(weight[side].sum(), 1e-12))
        for side in (same, ~same)
    )
    return scores(hit, false)


def halves(table: Table, rng: np.random.Generator) -> NDArray[np.bool_]:
    """(people,): every other one of those with two pictures, then of the rest."""
    repeated = np.isin(np.arange(table.people), table.left[table.same])
    shuffled = rng.permutation(table.people)
    order = shuffled[np.argsort(~repeated[shuffled], kind="stable")]
    side = np.zeros(table.people, np.bool_)
    side[order[::2]] = True
    return side


def crossed(
    first: Curve, second: Curve
) -> tuple[dict[str, float], tuple[float, ...], tuple[float, ...]]:
    """(metrics of both halves together, accuracies, thresholds): each at the other's threshold."""
    thresholds = best_threshold(first), best_threshold(second)
    judged = [_rates(second, thresholds[0]), _rates(first, thresholds[1])]
    fmr, fnmr = np.mean(judged, axis=0)
    accuracies = tuple(1.0 - (a + b) / 2 for a, b in judged)
    return scores(1.0 - float(fnmr), float(fmr)), accuracies, thresholds


def _rates(curve: Curve, threshold: float) -> tuple[float, float]:
    """(FMR, FNMR) of the pairs below `threshold`, be it on the curve or not."""
    at = np.searchsorted(curve.threshold, threshold)
    at = min(int(at), len(curve.threshold) - 1)
    return float(curve.fmr[at]), float(curve.fnmr[at])
