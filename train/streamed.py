"""All pairs of any number of crops without storing one: the memory is that of the embeddings.

Counts at the edges of fine bins are exact. What needs the pairs themselves (intervals over people,
bounds) comes from a sample with weights, `train.strata`; the worst pairs are recomputed in double
precision. A first scan of few crops says where the strata lie.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from edge.contract.levels import Comparison, Rate
from train.bootstrap import Table
from train.bounds import CONFIDENCE, DRAWS, clopper_pearson_upper, of_units, rule_of_three
from train.faults import Ends
from train.genuine import Genuine, look_at_own
from train.grid import Counted, Grid
from train.promised import At, highest
from train.ready import Ready, as_distance, as_z
from train.sample import Sample
from train.scan import Scanned, Search, count, scan
from train.strata import Rows, plan

_FIRST_SHARE, _FIRST_LEAST, _FIRST_MOST = 10, 2000, 30_000  # crops of the first scan
_SEED = 19795  # as of `train.bounds`


def streamed(ready: Ready, asked: Sequence[float], seed: int) -> Sample:
    """Every pair of `ready`.

    Args:
        ready: crops of known people.
        asked: distances to look at.
        seed: of what is drawn.
    """
    grid, rng = Grid.of(ready.head), np.random.default_rng(seed)
    thresholds = np.array([as_z(float(np.float32(distance))) for distance in asked])
    own = look_at_own(ready, grid, thresholds, rng)
    pairs = len(ready) * (len(ready) - 1) // 2 - int(own.trials.sum())
    strata = plan(grid, _first_look(ready, grid, rng), pairs)
    found = scan(Search(ready, grid, strata, thresholds, seed))
    table = _table(ready, own, found)
    return Sample(
        Counted(grid, own.genuine_in, found.impostor_in),
        lambda _: table,
        _ends(ready, found.nearest, farthest_first=False),
        _ends(ready, own.farthest, farthest_first=True),
        dict(zip(asked, _worth(ready, own, found, thresholds), strict=True)) if asked else {},
    )


def _first_look(ready: Ready, grid: Grid, rng: np.random.Generator) -> NDArray[np.int64]:
    """The counts of all pairs of few crops."""
    crops = min(len(ready), max(_FIRST_LEAST, min(len(ready) // _FIRST_SHARE, _FIRST_MOST)))
    return count(ready.of_rows(np.sort(rng.permutation(len(ready))[:crops])), grid)


def _table(ready: Ready, own: Genuine, found: Scanned) -> Table:
    rows = Rows.joined([own.sample, found.sample])
    same = np.arange(len(rows)) < len(own.sample)
    distance = as_distance(ready.exact(rows.left, rows.right))
    order = np.argsort(distance, kind="stable")
    return Table(
        distance[order],
        same[order],
        ready.person[rows.left[order]],
        ready.person[rows.right[order]],
        np.concatenate([own.weight, found.weight])[order],
        ready.people,
    )


def _ends(ready: Ready, rows: Rows, *, farthest_first: bool) -> Ends:
    z = ready.exact(rows.left, rows.right)
    order = np.argsort(-z if farthest_first else z, kind="stable")
    left, right = ready.crop[rows.left[order]], ready.crop[rows.right[order]]
    return Ends(as_distance(z[order]), left, right)


def _worth(ready: Ready, own: Genuine, found: Scanned, thresholds: NDArray[np.float64]) -> list[At]:
    """What each asked threshold is worth."""
    crops = np.bincount(ready.person).astype(np.int64)
    others = crops * (crops.sum() - crops)
    repeated = own.trials > 0
    worth = []
    for step, fmr in enumerate(_rates(ready, found, thresholds)):
        refusals = own.refusals[step]
        worth.append(
            At(
                Comparison(fmr, of_units(refusals[repeated], own.trials[repeated])),
                highest(found.accepts[step], others),
                highest(refusals, own.trials),
            )
        )
    return worth


def _rates(ready: Ready, found: Scanned, thresholds: NDArray[np.float64]) -> list[Rate]:
    """The FMR at each asked threshold, with its bound: as of `bounds.impostors`."""
    errors = found.accepts.sum(axis=1) // 2  # each pair is one of either person
    trials = int(found.impostor_in.sum())
    bound = rule_of_three(ready.people * (ready.people - 1) / 2)
    rates = []
    for wrong, drawn in zip(errors, _drawn(ready, found, thresholds), strict=True):
        # Rising with the threshold, as the rate itself.
        bound = max(bound, clopper_pearson_upper(float(wrong), trials), float(drawn))
        rates.append(Rate(int(wrong), trials, bound))
    return rates


def _drawn(ready: Ready, found: Scanned, thresholds: NDArray[np.float64]) -> NDArray[np.float64]:
    """(thresholds,): the FMR's 95th percentile over draws of the people, from the sample."""
    step = np.searchsorted(thresholds, found.sample.z, side="right")
    near = step < len(thresholds)
    step, weight = step[near], found.weight[near]
    left, right = (ready.person[side[near]] for side in (found.sample.left, found.sample.right))
    crops = np.bincount(ready.person).astype(np.float64)
    rng, even = np.random.default_rng(_SEED), np.full(len(crops), 1 / len(crops))
    rates = np.empty((DRAWS, len(thresholds)))
    for row in rates:
        times = rng.multinomial(len(crops), even).astype(np.float64)
        below = np.bincount(step, weight * times[left] * times[right], len(thresholds))
        each = times * crops
        row[:] = np.cumsum(below) / max((each.sum() ** 2 - (each**2).sum()) / 2, 1.0)
    return np.quantile(rates, CONFIDENCE, axis=0)
