"""Distances with labels -> the rates that a lock is judged by, each with its sample and interval.

Words as in ISO/IEC 19795-1: FMR (of pairs of two people, the share taken for one), FNMR (of pairs
of one person, the share taken for two).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import beta

from edge.contract.levels import Rate

CONFIDENCE = 0.95


@dataclass(frozen=True)
class Pairs:
    """Distances of pairs of crops, and whether a pair shows one person.

    distance: (n,) float32 in [0, 1], 0 = same. same: (n,) bool.
    """

    distance: NDArray[np.float32]
    same: NDArray[np.bool_]

    @property
    def genuine(self) -> NDArray[np.float32]:
        return self.distance[self.same]

    @property
    def impostor(self) -> NDArray[np.float32]:
        return self.distance[~self.same]


@dataclass(frozen=True)
class Scores:
    """The tutorial's four metrics at one threshold; "positive" means: taken for one person."""

    threshold: float
    accuracy: float
    precision: float
    recall: float
    f1: float


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
        return float((np.diff(x) * (y[1:] + y[:-1])).sum() / 2)

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


def curve(pairs: Pairs) -> Curve:
    """FMR and FNMR over all thresholds. A pair matches if its distance is below the threshold."""
    thresholds = np.r_[np.unique(pairs.distance).astype(np.float64), 1.0 + 1e-9]
    return Curve(
        thresholds,
        np.searchsorted(np.sort(pairs.impostor), thresholds) / max(len(pairs.impostor), 1),
        1.0 - np.searchsorted(np.sort(pairs.genuine), thresholds) / max(len(pairs.genuine), 1),
    )


def rates_at(pairs: Pairs, threshold: float) -> tuple[Rate, Rate]:
    """(FMR, FNMR) at one threshold."""
    return (
        rate(int((pairs.impostor < threshold).sum()), len(pairs.impostor)),
        rate(int((pairs.genuine >= threshold).sum()), len(pairs.genuine)),
    )


def least_impostors(target: float) -> int:
    """How many pairs of two people it takes to see an FMR: with none taken for one, 95 % sure."""
    # The rule of three; rounded first, as a quotient may end a hair above a whole number.
    return math.ceil(round(3.0 / target, 6))


def threshold_at_fmr(pairs: Pairs, target: float) -> float:
    """The largest threshold whose measured FMR does not exceed `target`.

    Raises:
        ValueError: fewer pairs of two people than `least_impostors`.
    """
    impostor = np.sort(pairs.impostor.astype(np.float64))
    if len(impostor) < least_impostors(target):
        raise ValueError(f"{len(impostor)} pairs of two people cannot show an FMR of {target:g}")
    # As many impostors as allowed lie strictly below the next one's distance.
    return float(impostor[int(np.floor(target * len(impostor)))])


def scores_at(pairs: Pairs, threshold: float) -> Scores:
    """Accuracy, precision, recall, F1 with as many pairs of one person as of two (weighted)."""
    hit = float((pairs.genuine < threshold).mean())
    false = float((pairs.impostor < threshold).mean())
    precision = hit / (hit + false) if hit + false else 0.0
    f1 = 2 * precision * hit / (precision + hit) if precision + hit else 0.0
    return Scores(threshold, (hit + 1.0 - false) / 2, precision, hit, f1)
