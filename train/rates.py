"""Distances with labels -> the rates that a lock is judged by, each with its sample and interval.

Words as in ISO/IEC 19795-1: FMR (of pairs of two people, the share taken for one), FNMR (of pairs
of one person, the share taken for two).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from scipy.stats import beta

from edge.contract.levels import Rate

CONFIDENCE = 0.95
_MOST_CUTS = 200_000  # of a curve, on either side of its knee


class Sides(Protocol):
    """Pairs of one person and of two, as far as rates go: each by itself, or counted."""

    @property
    def trials(self) -> tuple[int, int]:
        """(pairs of one person, of two)."""

    @property
    def cuts(self) -> NDArray[np.floating]:
        """Thresholds that make a difference, rising; of many some."""

    def below(
        self, thresholds: NDArray[np.floating] | float
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """(of one person, of two): pairs whose distance is below each of the thresholds."""

    def impostor_at(self, rank: int) -> float:
        """The largest threshold that at most `rank` pairs of two people lie below."""


@dataclass(frozen=True)
class Pairs:
    """Distances of pairs of crops, and whether a pair shows one person: `Sides`, one by one.

    distance: (n,) float32 in [0, 1], 0 = same. same: (n,) bool.
    """

    distance: NDArray[np.float32]
    same: NDArray[np.bool_]

    @cached_property
    def genuine(self) -> NDArray[np.float32]:
        """Distances of pairs of one person, rising."""
        return np.sort(self.distance[self.same])

    @cached_property
    def impostor(self) -> NDArray[np.float32]:
        """Distances of pairs of two people, rising."""
        return np.sort(self.distance[~self.same])

    @property
    def trials(self) -> tuple[int, int]:
        return len(self.genuine), len(self.impostor)

    @cached_property
    def cuts(self) -> NDArray[np.float32]:
        return np.unique(np.concatenate([_some(self.impostor), _some(self.genuine)]))

    def below(
        self, thresholds: NDArray[np.floating] | float
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        # As the door compares: a threshold is rounded to what distances are.
        genuine, impostor = (
            np.searchsorted(side, np.asarray(thresholds, np.float32))
            for side in (self.genuine, self.impostor)
        )
        return genuine, impostor

    def impostor_at(self, rank: int) -> float:
        # So many lie strictly below the next one's distance.
        return float(self.impostor[rank])


@dataclass(frozen=True)
class Curve:
    """FMR and FNMR at every threshold that makes a difference, thresholds rising."""

    threshold: NDArray[np.float64]
    fmr: NDArray[np.float64]
    fnmr: NDArray[np.float64]

    @property
    def auc(self) -> float:
        """Area under the ROC (1 - FNMR over FMR); 0.5 = guessing. Ties count half."""
        x, y = np.r_[0.0, self.fmr, 1.0], np.r_[0.0, 1.0 - self.fnmr, 1.0]
        area = float((np.diff(x) * (y[1:] + y[:-1])).sum() / 2)
        return min(area, 1.0)  # the sum of many shares may end a hair above it

    @property
    def eer(self) -> float:
        """The rate where FMR and FNMR are equal, between the two nearest thresholds."""
        at = int(np.argmax(self.fmr >= self.fnmr))
        if at == 0:
            return float((self.fmr[0] + self.fnmr[0]) / 2)
        before, after = (self.fmr - self.fnmr)[at - 1 : at + 1]
        share = before / (before - after)
        return float(self.fmr[at - 1] + share * (self.fmr[at] - self.fmr[at - 1]))


def clopper_pearson(errors: int, trials: int) -> tuple[float, float]:
    """The exact two-sided 95 % interval of a proportion (Clopper, Pearson 1934)."""
    tail = (1.0 - CONFIDENCE) / 2
    low = float(beta.ppf(tail, errors, trials - errors + 1)) if errors else 0.0
    high = float(beta.ppf(1 - tail, errors + 1, trials - errors)) if errors < trials else 1.0
    return low, high


def rate(errors: int, trials: int) -> Rate:
    """A rate with the upper end of its interval."""
    return Rate(int(errors), int(trials), clopper_pearson(int(errors), int(trials))[1])


def curve(pairs: Sides) -> Curve:
    """FMR and FNMR over all thresholds. A pair matches if its distance is below the threshold.

    Of many pairs only some thresholds are on the curve; the rates there are those of all pairs.
    """
    cuts = pairs.cuts
    genuine, impostor = (
        np.r_[below, trials] / max(trials, 1)
        for below, trials in zip(pairs.below(cuts), pairs.trials, strict=True)
    )
    return Curve(np.r_[cuts.astype(np.float64), 1.0 + 1e-9], impostor, 1.0 - genuine)


def _some(rising: NDArray[np.float32]) -> NDArray[np.float32]:
    """The smallest, which decide all small rates, and of the others evenly many."""
    if len(rising) <= 2 * _MOST_CUTS:
        return rising
    others = np.linspace(_MOST_CUTS, len(rising) - 1, _MOST_CUTS).astype(np.int64)
    return np.concatenate([rising[:_MOST_CUTS], rising[others]])


def rates_at(pairs: Sides, threshold: float) -> tuple[Rate, Rate]:
    """(FMR, FNMR) at one threshold."""
    genuine, impostor = pairs.trials
    recognised, accepted = pairs.below(threshold)
    return rate(int(accepted), impostor), rate(genuine - int(recognised), genuine)


def least_impostors(target: float) -> int:
    """How many pairs of two people it takes to see an FMR: with none taken for one, 95 % sure."""
    # The rule of three; rounded first, as a quotient may end a hair above a whole number.
    return math.ceil(round(3.0 / target, 6))


def threshold_at_fmr(pairs: Sides, target: float) -> float:
    """The largest threshold whose measured FMR does not exceed `target`.

    Raises:
        ValueError: fewer pairs of two people than `least_impostors`.
    """
    impostor = pairs.trials[1]
    if impostor < least_impostors(target):
        raise ValueError(f"{impostor} pairs of two people cannot show an FMR of {target:g}")
    return pairs.impostor_at(int(np.floor(target * impostor)))


def scores(hit: float, false: float) -> dict[str, float]:
    """Accuracy, precision, recall, F1 with as many pairs of one person as of two.

    "Positive" means: taken for one person. hit, false: of genuine, of impostor pairs, those that
    are.
    """
    precision = hit / (hit + false) if hit + false else 0.0
    f1 = 2 * precision * hit / (precision + hit) if precision + hit else 0.0
    return {"accuracy": (hit + 1 - false) / 2, "precision": precision, "recall": hit, "f1": f1}
