"""Characters by alphabet and drawer, as Omniglot keeps them: `Alphabet/character01/0709_03.png`."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

import numpy as np
from numpy.typing import NDArray

from edge.contract.errors import DataError
from train.data import held_out_by_name, load_pictures

SIDE = 105  # pixels of an Omniglot drawing
_DRAWER = re.compile(r"(\d+)\.[a-z]+$", re.IGNORECASE)


@dataclass(frozen=True)
class Drawings:
    """Grey pictures of characters, paper light.

    pictures: (n, side, side, 1) uint8. character, alphabet, drawer: (n,) int32; a drawer's number
    names one person within an alphabet. characters, alphabets: the names of the numbers.
    """

    pictures: NDArray[np.uint8]
    character: NDArray[np.int32]
    alphabet: NDArray[np.int32]
    drawer: NDArray[np.int32]
    characters: tuple[str, ...]
    alphabets: tuple[str, ...]
    files: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.pictures)

    def of(self, chosen: NDArray[np.bool_]) -> Drawings:
        """Those where `chosen` (n,) is true; numbers and names stay."""
        return replace(
            self,
            pictures=self.pictures[chosen],
            character=self.character[chosen],
            alphabet=self.alphabet[chosen],
            drawer=self.drawer[chosen],
            files=tuple(np.array(self.files, object)[chosen]),
        )

    def names(self) -> list[str]:
        """Of the characters that are drawn here."""
        return [self.characters[number] for number in np.unique(self.character)]

    def used_alphabets(self) -> list[str]:
        """Of these drawings."""
        return [self.alphabets[number] for number in np.unique(self.alphabet)]


def load_drawings(paths: Iterable[Path], side: int = SIDE) -> Drawings:
    """Every drawing under the paths, at side x side pixels.

    Raises:
        MissingError, DataError: as `data.load_pictures`; DataError: a file that names no drawer.
    """
    read = load_pictures(paths, (side, side, 1))
    owner = [str(PurePosixPath(name).parent) for name in read.names]
    alphabets = tuple(sorted(set(owner)))
    number = {name: i for i, name in enumerate(alphabets)}
    of_character = np.array([number[name] for name in owner], np.int32)
    drawer = np.array([_drawer(file) for file in read.files], np.int32)
    return Drawings(
        read.crops,
        read.person,
        of_character[read.person],
        drawer,
        read.names,
        alphabets,
        read.files,
    )


def split_alphabets(drawings: Drawings, share: float) -> tuple[Drawings, Drawings]:
    """(train, held out): whole alphabets, about `share` of them, by the hash of their names."""
    out = np.array([held_out_by_name(name, share) for name in drawings.alphabets], np.bool_)
    held = out[drawings.alphabet]
    return drawings.of(~held), drawings.of(held)


def _drawer(file: str) -> int:
    found = _DRAWER.search(file)
    if found is None:
        raise DataError(
            f"{file}: its name does not say who drew it",
            remedy="name drawings as Omniglot does, 0709_03.png: character and drawer",
        )
    return int(found.group(1))
