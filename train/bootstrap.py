"""Intervals of figures over people: the people are drawn anew, with all pairs among them.

Pairs share crops and crops share people, so an interval that takes pairs for independent is far too
narrow. Drawing people with replacement weighs a pair by how often its two people were drawn (the
"subsets bootstrap" of Bolle, Ratha, Pankanti 2004).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from train.rates import CONFIDENCE, Curve, Pairs, clopper_pearson

ROUNDS = 200
# The nearest impostors decide all small rates and are all kept; of the others as many, at random.
_MOST_ROWS = 200_000


@dataclass(frozen=True)
class Interval:
    """A figure with its 95 % interval."""

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.value:.4f} ({self.low:.4f} to {self.high:.4f})"


@dataclass(frozen=True)
class Table:
    """Pairs in order of distance. All arrays are (n,).

    left, right: whose crops, 0 to people - 1. weight: how many pairs a row stands for.
    """

    distance: NDArray[np.float32]
    same: NDArray[np.bool_]
    left: NDArray[np.int32]
    right: NDArray[np.int32]
    weight: NDArray[np.float64]
    people: int

    def of(self, chosen: NDArray[np.bool_]) -> Table:
        """The rows where `chosen` (n,) is true."""
        columns = {
            name: getattr(self, name)[chosen]
            for name in ("distance", "same", "left", "right", "weight")
        }
        return replace(self, **columns)

    def within(self, inside: NDArray[np.bool_]) -> Table:
        """The pairs among the people where `inside` (people,) is true."""
        return self.of(inside[self.left] & inside[self.right])

    def drawn(self, times: NDArray[np.int64]) -> Table:
        """Each person drawn `times` (people,). A person is never an impostor of another copy."""
        own, other = times[self.left], times[self.right]
        return replace(self, weight=self.weight * np.where(self.same, own, own * other))


def table_of(pairs: Pairs, person: NDArray[np.int32], rng: np.random.Generator) -> Table:
    """The pairs of `pairs.all_pairs` as a table to draw from. person: (crops,) whom they show."""
    names, number = np.unique(person, return_inverse=True)
    kept, weight = _thin(pairs, rng)
    left, right = ends(len(person), kept)
    order = np.argsort(pairs.distance[kept], kind="stable")
    kept, weight = kept[order], weight[order]
    number = number.astype(np.int32)
    return Table(
        pairs.distance[kept],
        pairs.same[kept],
        number[left[order]],
        number[right[order]],
        weight,
        len(names),
    )


def ends(crops: int, row: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Which two of so many crops a row of `pairs.all_pairs` compares."""
    # Those of crop i begin at i(2n - i - 1)/2.
    first = np.arange(crops)
    begins = first * (2 * crops - first - 1) // 2
    left = np.searchsorted(begins[: crops - 1], row, side="right") - 1
    return left, row - begins[left] + left + 1


def curve_of(table: Table) -> Curve:
    """FMR and FNMR of weighted pairs; a pair matches if its distance is below the threshold."""
    genuine = np.r_[0.0, np.cumsum(np.where(table.same, table.weight, 0.0))]
    impostor = np.r_[0.0, np.cumsum(np.where(table.same, 0.0, table.weight))]
    # Equal distances match together: a threshold lies between two different ones.
    at = np.r_[0, np.flatnonzero(np.diff(table.distance)) + 1, len(table.distance)]
    thresholds = np.r_[table.distance[at[:-1]].astype(np.float64), 1.0 + 1e-9]
    return Curve(
        thresholds,
        impostor[at] / max(impostor[-1], 1e-12),
        1.0 - genuine[at] / max(genuine[-1], 1e-12),
    )


def tar_at(curve: Curve, fmr: float) -> float:
    """1 - FNMR at the largest threshold whose FMR does not exceed `fmr`."""
    return 1.0 - float(curve.fnmr[np.searchsorted(curve.fmr, fmr * (1 + 1e-9), side="right") - 1])


def best_threshold(curve: Curve) -> float:
    """Where FMR + FNMR is least, in the middle of the gap between two distances."""
    at = int(np.argmin(curve.fmr + curve.fnmr))
    below = curve.threshold[at - 1] if at else 0.0
    return float(below + curve.threshold[at]) / 2


def intervals(
    table: Table, levels: Sequence[float], rng: np.random.Generator
) -> dict[str, tuple[float, float]]:
    """(low, high) of `auc`, `eer`, and of `tar@LEVEL` for every level."""
    rounds = []
    for times in draws(table, rng):
        drawn = curve_of(table.drawn(times))
        tars = {f"tar@{level:g}": tar_at(drawn, level) for level in levels}
        rounds.append({"auc": drawn.auc, "eer": drawn.eer} | tars)
    return spans(rounds, table.people)


def draws(
    table: Table, rng: np.random.Generator, side: NDArray[np.bool_] | None = None
) -> Iterator[NDArray[np.int64]]:
    """ROUNDS times: (people,) how often each is drawn; halves keep their sizes."""
    repeated = np.isin(np.arange(table.people), table.left[table.same])
    halves = np.zeros(table.people, np.bool_) if side is None else side
    for _ in range(ROUNDS):
        yield _draw(halves, repeated, rng)


def spans(rounds: Sequence[dict[str, float]], people: int) -> dict[str, tuple[float, float]]:
    """What was found in draws of so many people -> (low, high) of each figure."""
    tails = (1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2
    found = {name: np.quantile([r[name] for r in rounds], tails) for name in rounds[0]}
    return {name: _widened(*both.tolist(), people) for name, both in found.items()}


def _widened(low: float, high: float, people: int) -> tuple[float, float]:
    """Without an error no draw differs from another: then as if each person were one trial."""
    return (low, high) if low < high else clopper_pearson(round(low * people), people)


def _draw(
    side: NDArray[np.bool_], repeated: NDArray[np.bool_], rng: np.random.Generator
) -> NDArray[np.int64]:
    """How often each person is drawn; each half keeps its size, and something to judge."""
    times = np.zeros(len(side), np.int64)
    for half in (np.flatnonzero(side), np.flatnonzero(~side)):
        if not len(half):
            continue
        drawn = rng.choice(half, len(half))
        while len(set(drawn)) == 1 or not repeated[drawn].any():
            drawn = rng.choice(half, len(half))
        np.add.at(times, drawn, 1)
    return times


def _thin(pairs: Pairs, rng: np.random.Generator) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """(rows, how many pairs each stands for)."""
    impostor = np.flatnonzero(~pairs.same)
    near = min(_MOST_ROWS, len(impostor))
    order = np.argpartition(pairs.distance[impostor], near - 1)
    parts = [
        impostor[order[:near]],
        _some(impostor[order[near:]], rng),
        _some(np.flatnonzero(pairs.same), rng),
    ]
    counts = near, len(impostor) - near, int(pairs.same.sum())
    weights = [np.full(len(p), n / max(len(p), 1)) for p, n in zip(parts, counts, strict=True)]
    return np.concatenate(parts), np.concatenate(weights)


def _some(rows: NDArray[np.int64], rng: np.random.Generator) -> NDArray[np.int64]:
    return rows if len(rows) <= _MOST_ROWS else rng.choice(rows, _MOST_ROWS, replace=False)
