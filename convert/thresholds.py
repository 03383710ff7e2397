"""Distances of held-out people -> the thresholds of the levels, with the rates that they stand for.

Chosen on the int8 network: a threshold that was right for float distances is wrong for these.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from convert.errors import GateError
from convert.people import Sample
from edge.contract.errors import DataError
from edge.contract.manifest import Threshold
from edge.contract.matching import Head, distances
from train.rates import Pairs, least_impostors, rates_at, threshold_at_fmr

NORMAL, STRICT = "normal", "strict"
# One in ten of what "normal" accepts.
STRICTER = 0.1


def compare_all(head: Head, embeddings: NDArray[np.float32], person: NDArray[np.int32]) -> Pairs:
    """Every crop with every later one, by the very function that the door matches with.

    Args:
        head: what compares them.
        embeddings: (n, dimensions) float32, dequantized if they were int8.
        person: (n,) numbers of people.

    Returns:
        n (n - 1) / 2 pairs; 5 bytes each, so 4,000 crops take 40 MB and 20,000 take 1 GB.
    """
    n = len(embeddings)
    distance = np.empty(n * (n - 1) // 2, np.float32)
    same = np.empty(len(distance), np.bool_)
    at = 0
    for i in range(n - 1):
        until = at + n - 1 - i
        distance[at:until] = distances(head, embeddings[i], embeddings[i + 1 :])
        same[at:until] = person[i + 1 :] == person[i]
        at = until
    return Pairs(distance, same)


def require_sample(sample: Sample, target_fmr: float) -> None:
    """Ask before the long work whether these people can show the rate that was asked for.

    Raises:
        DataError: too few pairs of two people for `target_fmr`, or nobody with two pictures.
    """
    crops = np.unique(sample.person, return_counts=True)[1]
    genuine = int((crops * (crops - 1)).sum()) // 2
    if not genuine:
        raise DataError(
            "no person to measure on has two pictures",
            remedy="give --people with at least two pictures of a person",
        )
    impostor = len(sample) * (len(sample) - 1) // 2 - genuine
    needed = least_impostors(target_fmr)
    if impostor < needed:
        raise DataError(
            f"{impostor} pairs of two people cannot show an FMR of {target_fmr:g}, "
            f"{needed} are needed",
            why=f"There are {len(sample)} crops of {sample.people} people to measure on.",
            remedy="give more --people, or raise --target-fmr",
        )


def choose(pairs: Pairs, sample: Sample, target_fmr: float) -> tuple[Threshold, ...]:
    """The thresholds of all levels that the sample is large enough for, "normal" first.

    pairs: of a sample that `require_sample` accepts.

    Raises:
        GateError: the distances leave no room for a threshold.
    """
    levels = {NORMAL: target_fmr, STRICT: target_fmr * STRICTER}
    return tuple(
        _threshold(level, threshold_at_fmr(pairs, target), target, pairs, sample)
        for level, target in levels.items()
        if len(pairs.impostor) >= least_impostors(target)
    )


def fnmr_at_fmr(pairs: Pairs, target_fmr: float) -> float:
    """FNMR at the threshold that these pairs themselves ask for."""
    return rates_at(pairs, threshold_at_fmr(pairs, target_fmr))[1].value


def _threshold(
    level: str, distance: float, target: float, pairs: Pairs, sample: Sample
) -> Threshold:
    if not 0.0 < distance < 1.0:
        raise GateError(
            f"the threshold of level {level!r} would be {distance:g}",
            why="Pairs of two people lie at the very end of the range of distances.",
            remedy="train and calibrate the head, then convert again",
        )
    fmr, fnmr = rates_at(pairs, distance)
    return Threshold(level, distance, target, fmr, fnmr, sample.people, len(sample), sample.data)
