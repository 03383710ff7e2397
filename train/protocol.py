"""A benchmark's own lists of pairs, as LFW's `pairs.txt`, scored as their makers ask for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edge.contract.errors import DataError, MissingError
from edge.contract.matching import Head, distances
from train.bootstrap import Table
from train.data import Faces
from train.rates import Pairs

_OF_ONE, _OF_TWO = 3, 4  # words: name, number, number; name, number, name, number
_FOLDS = 10  # that a list without folds is cut into
_LOST = -1  # a picture that is there and gave no crop


@dataclass(frozen=True)
class Listed:
    """Pairs in the order of their lists. All arrays are (n,).

    fold: of each pair. left, right: indices of crops, or _LOST. same: of one person?
    left_person, right_person: numbers of people, 0 to people - 1.
    """

    names: tuple[str, ...]
    fold: NDArray[np.int64]
    left: NDArray[np.int64]
    right: NDArray[np.int64]
    same: NDArray[np.bool_]
    left_person: NDArray[np.int32]
    right_person: NDArray[np.int32]
    people: int

    @property
    def lost(self) -> int:
        """Pairs of which a picture gave no crop: they count as not matched (R1.2)."""
        return int(((self.left == _LOST) | (self.right == _LOST)).sum())

    def pairs(self, embeddings: NDArray[np.float32], head: Head) -> Pairs:
        """Their distances; embeddings: (crops, dimensions) of the crops that were asked about."""
        distance = np.ones(len(self.fold), np.float32)
        for row in np.flatnonzero((self.left != _LOST) & (self.right != _LOST)):
            left, right = embeddings[self.left[row]], embeddings[self.right[row]]
            distance[row] = distances(head, left, right[None])[0]
        return Pairs(distance, self.same)

    def table(self, pairs: Pairs) -> Table:
        """To draw people from."""
        order = np.argsort(pairs.distance, kind="stable")
        return Table(
            pairs.distance[order],
            self.same[order],
            self.left_person[order],
            self.right_person[order],
            np.ones(len(order)),
            self.people,
        )


def read_lists(paths: Sequence[Path], faces: Faces) -> Listed:
    """Lists of pairs of the pictures of `faces`; of several lists each is one fold.

    A single list without folds is cut into ten in its own order.

    Raises:
        MissingError: no such file.
        DataError: a list is damaged, names a picture that is nowhere, or has too few pairs.
    """
    at = {_stem(file): i for i, file in enumerate(faces.files)}
    at |= {_stem(picture.file): _LOST for picture in faces.left_out}
    folds: list[NDArray[np.int64]] = []
    rows: list[tuple[int, int, bool]] = []
    names: list[tuple[str, str]] = []
    for number, path in enumerate(paths):
        count, per_fold, lines = _lines(path)
        own = np.repeat(np.arange(count), 2 * per_fold)
        folds.append(own if len(paths) == 1 else np.full(len(lines), number))
        for line in lines:
            other = line[0] if len(line) == _OF_ONE else line[2]
            ends = _name(line[0], line[1]), _name(other, line[-1])
            for name in ends:
                if name not in at:
                    raise DataError(
                        f"{path}: no picture {name} in the photographs",
                        remedy="give those that the list is about with --photos",
                    )
            rows.append((at[ends[0]], at[ends[1]], len(line) == _OF_ONE))
            names.append((line[0], other))
    fold = np.concatenate(folds)
    if fold[-1] == 0:
        fold = _cut(np.array([one for _, _, one in rows]))
    if fold[-1] == 0:
        raise DataError(
            f"{paths[0]}: too few pairs to choose a threshold from",
            remedy="give more, or two lists, as pairsDevTrain.txt and pairsDevTest.txt",
        )
    people, numbers = np.unique(np.array(names), return_inverse=True)
    numbers = numbers.reshape(-1, 2).astype(np.int32)
    left, right, same = (np.array(column) for column in zip(*rows, strict=True))
    return Listed(
        tuple(path.name for path in paths),
        fold,
        left,
        right,
        same,
        numbers[:, 0],
        numbers[:, 1],
        len(people),
    )


def _cut(same: NDArray[np.bool_]) -> NDArray[np.int64]:
    """(n,): the fold of each pair of a list of one, cut into ten; of both kinds in each."""
    folds = min(_FOLDS, int(same.sum()), int((~same).sum()))
    fold = np.zeros(len(same), np.int64)
    for kind in (same, ~same):
        count = int(kind.sum())
        fold[kind] = np.arange(count) * folds // max(count, 1)
    return fold


def _lines(path: Path) -> tuple[int, int, list[list[str]]]:
    """(folds, pairs of one person in each, the lines after the first, split)."""
    try:
        first, *rest = [line.split() for line in path.read_text(encoding="utf-8").splitlines()]
        folds, per_fold = (1, int(first[0])) if len(first) == 1 else (int(n) for n in first)
        if len(rest) != 2 * folds * per_fold or not rest:
            raise ValueError(f"{len(rest)} pairs instead of {2 * folds * per_fold}")
        for number, line in enumerate(rest, 2):
            if len(line) not in (_OF_ONE, _OF_TWO) or not line[1].isdigit() & line[-1].isdigit():
                raise ValueError(f"line {number} is no pair: {' '.join(line)!r}")
    except FileNotFoundError as e:
        raise MissingError(f"{path}: not there", remedy="check the path given with --pairs") from e
    except (OSError, ValueError) as e:
        raise DataError(
            f"{path}: not a list of pairs ({e})", remedy="copy it again; LFW's pairs.txt is one"
        ) from e
    return folds, per_fold, rest


def _stem(file: str) -> str:
    return Path(file.split(":", 1)[-1]).stem


def _name(person: str, number: str) -> str:
    return f"{person}_{int(number):04d}"
