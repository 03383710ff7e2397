"""Koch, Zemel, Salakhutdinov 2015: what is learnt from, pairs of drawings and their distortions."""

from __future__ import annotations

import cv2
import keras
import numpy as np
from numpy.typing import NDArray

from edge.contract.tensor import to_float
from train.oneshot.drawings import Drawings

COPIES = 8  # distorted ones of each pair, beside itself
_TRAINS, _VALIDATES = slice(0, 12), slice(12, 16)  # of an alphabet's 20 drawers, by number
_CHANCE = 0.5  # of each component of a distortion
_PAPER = 255


def split_drawers(drawings: Drawings, *, validation: bool) -> Drawings:
    """Of each alphabet the drawings of those drawers that train, or of the others that validate."""
    chosen = np.zeros(len(drawings), np.bool_)
    for alphabet in np.unique(drawings.alphabet):
        mine = drawings.alphabet == alphabet
        drawers = np.unique(drawings.drawer[mine])[_VALIDATES if validation else _TRAINS]
        chosen |= mine & np.isin(drawings.drawer, drawers)
    return drawings.of(chosen)


def draw_pairs(
    drawings: Drawings, count: int, rng: np.random.Generator
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """(pairs (count, 2) of drawings, same (count,)): half of one character, alphabets alike often.

    Both drawings come from one alphabet, each by any of its drawers.
    """
    alphabets = [_characters(drawings, a) for a in np.unique(drawings.alphabet)]
    pairs = np.empty((count, 2), np.int64)
    same = np.arange(count) % 2 == 0
    for row in range(count):
        characters = alphabets[row // 2 % len(alphabets)]
        if same[row]:
            own = characters[int(rng.integers(len(characters)))]
            pairs[row] = rng.choice(own, 2, replace=False)
        else:
            one, other = rng.choice(len(characters), 2, replace=False)
            pairs[row] = rng.choice(characters[one]), rng.choice(characters[other])
    return pairs, same


def distort(picture: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.uint8]:
    """One drawing (n, n) uint8 under T of section 3.3: turned, sheared, scaled, moved.

    Each of the seven components takes part with probability 0.5.
    """
    ranges = ((-10, 10), (-0.3, 0.3), (-0.3, 0.3), (0.8, 1.2), (0.8, 1.2), (-2, 2), (-2, 2))
    rest = np.array([0, 0, 0, 1, 1, 0, 0], float)
    drawn = np.array([rng.uniform(*ends) for ends in ranges])
    degrees, shear_x, shear_y, scale_x, scale_y, *shift = np.where(
        rng.random(len(ranges)) < _CHANCE, drawn, rest
    )
    turn, middle = np.deg2rad(degrees), (np.array(picture.shape[::-1]) - 1) / 2
    matrix = (
        np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
        @ np.array([[1.0, shear_x], [shear_y, 1.0]])
        @ np.diag([scale_x, scale_y])
    )
    moved = middle - matrix @ middle + shift
    size = picture.shape[::-1]
    made = cv2.warpAffine(picture, np.c_[matrix, moved], size, borderValue=_PAPER)
    return np.asarray(made, np.uint8)


class PairBatches(keras.utils.PyDataset):
    """Pairs and their distorted copies, all once before any comes again, in a new order each time.

    An epoch of `steps` batches goes on where the one before ended, and follows from its seed.
    pairs: (n, 2) drawings, before copies.
    """

    def __init__(  # noqa: PLR0913 - one keyword per thing that decides a batch
        self, drawings: Drawings, side: int, *, pairs: int, batch: int, steps: int, seed: int
    ) -> None:
        """pairs: before copies. batch: pairs of a step. side: of the drawings and the network."""
        super().__init__(workers=1, use_multiprocessing=False, max_queue_size=4)
        self._pictures = drawings.pictures[..., 0]
        if self._pictures.shape[1:] != (side, side):
            raise ValueError(f"drawings of {self._pictures.shape[1:]} for a network of {side}")
        self.pairs, self._same = draw_pairs(drawings, pairs, np.random.default_rng((seed, 0)))
        self._batch, self._steps, self._seed = batch, steps, seed
        self._all = pairs * (1 + COPIES)
        self._round, self._order = -1, np.empty(0, np.int64)
        self.epoch = 0

    def __len__(self) -> int:
        return self._steps

    def __getitem__(self, index: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """pictures (2, batch, side, side, 1) float32, ink above paper; same (batch,) float32."""
        first = (self.epoch * self._steps + index) * self._batch
        numbers = [self._numbered(first + place) for place in range(self._batch)]
        both = np.stack([self._made(*divmod(number, 1 + COPIES)) for number in numbers], axis=1)
        same = self._same[[number // (1 + COPIES) for number in numbers]]
        return to_float(both[..., None]), same.astype(np.float32)

    def _numbered(self, place: int) -> int:
        """The pair and copy at a place of the endless row of shuffled rounds."""
        turn, within = divmod(place, self._all)
        if turn != self._round:
            self._round = turn
            self._order = np.random.default_rng((self._seed, 1, turn)).permutation(self._all)
        return int(self._order[within])

    def _made(self, pair: int, copy: int) -> NDArray[np.uint8]:
        left, right = (self._pictures[drawing] for drawing in self.pairs[pair])
        if copy == 0:
            return np.stack([left, right])
        rng = np.random.default_rng((self._seed, 2, pair, copy))
        return np.stack([distort(left, rng), distort(right, rng)])


def _characters(drawings: Drawings, alphabet: int) -> list[NDArray[np.int64]]:
    """The drawings of each character of an alphabet."""
    mine = np.flatnonzero(drawings.alphabet == alphabet)
    own = drawings.character[mine]
    return [mine[own == character] for character in np.unique(own)]
