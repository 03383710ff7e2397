"""One-shot trials: which of `ways` characters, drawn once each, does a drawing show?"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from edge.contract.errors import DataError
from edge.contract.matching import Head, distances
from train.oneshot.drawings import Drawings


@dataclass(frozen=True)
class Trials:
    """Each asks about one drawing. Indices into some Drawings.

    probe: (n,). support: (n, ways), shuffled. answer: (n,) the column of support that is right.
    group: (n,) what was drawn together: a run or an alphabet.
    """

    probe: NDArray[np.int64]
    support: NDArray[np.int64]
    answer: NDArray[np.int64]
    group: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.probe)

    def shuffled(self, rng: np.random.Generator) -> Trials:
        """The same, each with its supports in a new order."""
        order = rng.permuted(np.tile(np.arange(self.support.shape[1]), (len(self), 1)), axis=1)
        support = np.take_along_axis(self.support, order, axis=1)
        return replace(self, support=support, answer=(order == self.answer[:, None]).argmax(axis=1))


def within_alphabets(
    drawings: Drawings, count: int, rng: np.random.Generator, *, ways: int = 20
) -> Trials:
    """As the official runs: one alphabet and two of its drawers, one for all supports.

    The alphabets take turns; those of fewer than `ways` characters are left out.

    Raises:
        DataError: no alphabet is large enough.
    """
    table = _by_alphabet(drawings)
    large = [
        a
        for a, (characters, drawn) in table.items()
        if len(characters) >= ways and drawn.shape[1] > 1
    ]
    if not large:
        raise DataError(
            f"no alphabet of {ways} characters among the drawings",
            remedy="give more drawings, in folders Alphabet/character/",
        )
    rows = []
    for turn in range(count):
        alphabet = large[turn % len(large)]
        characters, drawn = table[alphabet]
        chosen = rng.choice(len(characters), ways, replace=False)
        one, other = rng.choice(drawn.shape[1], 2, replace=False)
        answer = int(rng.integers(ways))
        rows.append((drawn[chosen[answer], other], drawn[chosen, one], answer, alphabet))
    return _trials(rows)


def between_alphabets(
    drawings: Drawings, count: int, rng: np.random.Generator, *, ways: int = 20
) -> Trials:
    """Characters from anywhere, each drawing by anybody: much easier than within an alphabet."""
    own = [np.flatnonzero(drawings.character == c) for c in np.unique(drawings.character)]
    rows = []
    for _ in range(count):
        chosen = rng.choice(len(own), ways, replace=False)
        support = np.array([rng.choice(own[c]) for c in chosen])
        answer = int(rng.integers(ways))
        others = own[chosen[answer]]
        probe = rng.choice(others[others != support[answer]])
        rows.append((probe, support, answer, int(drawings.alphabet[probe])))
    return _trials(rows)


def distances_of(
    embeddings: NDArray[np.float32], trials: Trials, head: Head
) -> NDArray[np.float32]:
    """(n, ways), as the door computes them. embeddings: (drawings, dimensions) float32."""
    return np.stack(
        [
            distances(head, embeddings[probe], embeddings[support])
            for probe, support in zip(trials.probe, trials.support, strict=True)
        ]
    )


def right(
    distance: NDArray[np.floating], answer: NDArray[np.int64], rng: np.random.Generator
) -> NDArray[np.bool_]:
    """Whether the nearest is the right one, (n,); of equally near ones chance takes one.

    distance: (n, ways), answer: (n,) column.
    """
    lowest = distance == distance.min(axis=1, keepdims=True)
    pick = np.where(lowest, rng.random(distance.shape), -1.0).argmax(axis=1)
    return pick == answer


def _by_alphabet(
    drawings: Drawings,
) -> dict[int, tuple[NDArray[np.int32], NDArray[np.int64]]]:
    """Alphabet -> its characters, and the drawing of each (row) by each of its drawers (column)."""
    table = {}
    for alphabet in np.unique(drawings.alphabet):
        mine = np.flatnonzero(drawings.alphabet == alphabet)
        characters, row = np.unique(drawings.character[mine], return_inverse=True)
        drawers, column = np.unique(drawings.drawer[mine], return_inverse=True)
        drawn = np.full((len(characters), len(drawers)), -1, np.int64)
        drawn[row, column] = mine
        table[int(alphabet)] = characters, drawn[:, (drawn >= 0).all(axis=0)]
    return table


def _trials(rows: list[tuple[int, NDArray[np.int64], int, int]]) -> Trials:
    probe, support, answer, group = zip(*rows, strict=True)
    return Trials(
        np.array(probe, np.int64),
        np.stack(support),
        np.array(answer, np.int64),
        np.array(group, np.int64),
    )
