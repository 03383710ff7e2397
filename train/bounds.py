"""The upper 95 % bound that a sample supports for a rate (R1.7): the largest of three.

Clopper-Pearson takes trials for independent, which comparisons of the same people are not; drawing
the people anew takes them as they are, but sees nothing where no error was seen; and nobody has
shown less than 3 / n with n pairs of people.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import beta

from edge.contract.levels import Rate
from train.bootstrap import ends
from train.rates import Pairs

CONFIDENCE = 0.95
DRAWS = 1000
_RANKS = 2000  # at so many places the bound is computed, between them the next one counts
_SEED = 19795  # ISO/IEC 19795; any fixed number, so that equal data give equal bounds


def clopper_pearson_upper(errors: float, trials: float) -> float:
    """Exact and one-sided (Clopper, Pearson 1934)."""
    return 1.0 if errors >= trials else float(beta.ppf(CONFIDENCE, errors + 1, trials - errors))


def rule_of_three(units: float) -> float:
    """What no error among so many independent units shows at most."""
    return min(1.0, 3.0 / units)


@dataclass(frozen=True)
class Impostors:
    """The nearest pairs of two people, nearest first, with a bound for every rank.

    distance: (k,) float32, rising. ranks: (r,) numbers of pairs, rising, the first is 0.
    upper: (r,) the bound of the FMR at a threshold that just so many pairs lie below.
    pairs: how many there are in all.
    """

    distance: NDArray[np.float32]
    ranks: NDArray[np.int64]
    upper: NDArray[np.float64]
    pairs: int

    def threshold(self, target: float) -> float | None:
        """The largest whose bound does not exceed `target`; None if the sample shows no such."""
        fits = np.flatnonzero(self.upper <= target)
        if not len(fits):
            return None
        return float(self.distance[self.ranks[fits[-1]]])

    def rate(self, threshold: float) -> Rate:
        """The FMR at a threshold, with its bound; of pairs beyond the kept ones it is 1."""
        errors = int(np.searchsorted(self.distance, np.float32(threshold), side="left"))
        at = int(np.searchsorted(self.ranks, errors, side="left"))
        upper = float(self.upper[at]) if at < len(self.ranks) else 1.0
        return Rate(errors, self.pairs, upper)


def impostors(given: Pairs, person: NDArray[np.int32], most: float) -> Impostors:
    """Look at the nearest pairs of two people.

    Args:
        given: every crop with every later one, as of `pairs.all_pairs`.
        person: (crops,) 0 to people - 1.
        most: the highest FMR that will be asked for.
    """
    rows = np.flatnonzero(~given.same)
    found = given.distance[rows]
    pairs = len(found)
    kept = min(pairs, int(2 * most * pairs) + 100)
    nearest = np.argpartition(found, kept - 1)[:kept]
    nearest = nearest[np.argsort(found[nearest], kind="stable")]
    left, right = (person[crop] for crop in ends(len(person), rows[nearest]))
    # A threshold at rank r needs the distance of the pair after the r that lie below it.
    ranks = np.unique(np.r_[0, np.geomspace(1, kept - 1, _RANKS).astype(np.int64)])
    drawn = _drawn(person, left, right, ranks)
    of_pairs = [clopper_pearson_upper(float(rank), pairs) for rank in ranks]
    people = int(person.max()) + 1
    floor = rule_of_three(people * (people - 1) / 2)
    upper = np.maximum.accumulate(np.maximum.reduce([of_pairs, drawn, np.full(len(ranks), floor)]))
    return Impostors(found[nearest], ranks, upper, pairs)


def genuine(given: Pairs, person: NDArray[np.int32], threshold: float) -> Rate:
    """The FNMR at a threshold, with its bound; arguments as of `impostors`."""
    rows = np.flatnonzero(given.same)
    owner = person[ends(len(person), rows)[0]]
    return clustered(given.distance[rows] >= np.float32(threshold), owner)


def clustered(error: NDArray[np.bool_], unit: NDArray[np.int32]) -> Rate:
    """The rate of `error` (n,), whose trials hang together by `unit` (n,), with its bound."""
    _, number = np.unique(unit, return_inverse=True)
    return of_units(np.bincount(number, error), np.bincount(number))


def of_units(errors: NDArray[np.number], trials: NDArray[np.number]) -> Rate:
    """The rate of errors among trials that hang together by unit: (units,) of each, none empty."""
    rng, even = _rng(), np.full(len(trials), 1 / len(trials))
    # Draw by draw: all draws of a hundred thousand people at once would take a gigabyte.
    times = (rng.multinomial(len(trials), even) for _ in range(DRAWS))
    rates = [(drawn @ errors) / max(drawn @ trials, 1) for drawn in times]
    wrong, all_of_them = round(errors.sum()), round(trials.sum())
    floor = rule_of_three(len(trials)) if wrong == 0 else 0.0
    drawn = float(np.quantile(rates, CONFIDENCE))
    return Rate(wrong, all_of_them, max(clopper_pearson_upper(wrong, all_of_them), drawn, floor))


def _drawn(
    person: NDArray[np.int32],
    left: NDArray[np.int32],
    right: NDArray[np.int32],
    ranks: NDArray[np.int64],
) -> NDArray[np.float64]:
    """The FMR's 95th percentile over draws of the people, at each rank.

    Everybody is drawn as often as chance will; a pair counts as often as its two people together,
    and two copies of one person are no pair ("subsets bootstrap", Bolle, Ratha, Pankanti 2004).
    """
    crops = np.bincount(person).astype(np.float64)
    people, rng = len(crops), _rng()
    at_ranks = np.empty((DRAWS, len(ranks)))
    for row in at_ranks:
        times = rng.multinomial(people, np.full(people, 1 / people)).astype(np.float64)
        weight = np.r_[0.0, np.cumsum(times[left] * times[right])]
        each = times * crops
        row[:] = weight[ranks] / max((each.sum() ** 2 - (each**2).sum()) / 2, 1.0)
    return np.quantile(at_ranks, CONFIDENCE, axis=0)


def _rng() -> np.random.Generator:
    return np.random.default_rng(_SEED)
