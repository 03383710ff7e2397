"""Which crops of a sample are compared with each other."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from edge.contract.errors import UsageError
from edge.contract.matching import Difference
from train.data import NOBODY, Faces
from train.subject import Subject

# Distances that are stored grow with the square of crops: 20,000 make 200 million, a gigabyte. A
# head of squares compares more crops without storing them, if every pair is asked for.
MOST_CROPS = {Difference.SQUARED: 20_000, Difference.ABSOLUTE: 2000}
PAIR = 2  # crops of one person


def chosen_of(
    subject: Subject, faces: Faces, rng: np.random.Generator, *, every: bool
) -> NDArray[np.bool_]:
    """(n,): the crops whose pairs are looked at: of known people all, if `every`."""
    difference = subject.head.difference
    most = MOST_CROPS[difference]
    if not every:
        return at_most(faces, most, rng)
    known = faces.person != NOBODY
    if difference is Difference.ABSOLUTE and known.sum() > most:
        raise UsageError(
            f"{subject.name}: compares {most:,} crops with each other at most, not {known.sum():,}",
            why="Its head takes absolute differences, for which there is no fast way.",
            remedy="leave out --all-pairs: then some are drawn",
        )
    return known


def at_most(faces: Faces, most: int, rng: np.random.Generator) -> NDArray[np.bool_]:
    """(n,): crops of known people; of many as many of each person as fit, at least two."""
    known = faces.person != NOBODY
    if known.sum() <= most:
        return known
    order = rng.permutation(len(faces))
    by_person = order[np.argsort(faces.person[order], kind="stable")]
    of_whom = faces.person[by_person]
    rank = np.empty(len(faces), np.int64)  # of a crop among those of its person
    rank[by_person] = np.arange(len(faces)) - np.searchsorted(of_whom, of_whom)
    each = int(np.searchsorted(np.cumsum(np.bincount(rank[known])), most, side="right"))
    if each >= PAIR:
        return known & (rank < each)
    people = rng.permutation(np.unique(faces.person[known]))[: most // PAIR]
    return (rank < PAIR) & np.isin(faces.person, people)
