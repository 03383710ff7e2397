"""Whose faces a conversion uses for what: to calibrate the training side, for rates the other."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge.contract.errors import DataError, UsageError
from train.data import Faces, for_network, load_faces, split_people

DEFAULT_SHARE = 0.2
CALIBRATION_CROPS = 200
LEAST_CALIBRATION_CROPS = 100


@dataclass(frozen=True)
class Sample:
    """The people that rates are measured on.

    crops: (n, h, w, c) uint8 as the network sees them. person: (n,) numbers of people.
    people: how many. data: SHA-256 of the list of files.
    """

    crops: NDArray[np.uint8]
    person: NDArray[np.int32]
    people: int
    data: str

    def __len__(self) -> int:
        return len(self.crops)


def read(paths: Iterable[Path], config: Mapping[str, Any], option: str) -> Faces:
    """The faces under `paths`, or under those that the run was trained on if none are given.

    Raises:
        UsageError: neither says where the faces are.
    """
    chosen = tuple(paths) or tuple(Path(p) for p in config.get("data", ()))
    if not chosen:
        raise UsageError(
            f"{option} is missing, and the network's run does not say what it was trained on",
            remedy=f"add {option} with tars of crops or folders of people",
        )
    return load_faces(chosen)


def split_share(config: Mapping[str, Any], given: float | None) -> float:
    """The share of people to measure on: as asked, else as the run held them out."""
    return given if given is not None else float(config.get("held_out_share", DEFAULT_SHARE))


def held_out(
    faces: Faces, shape: tuple[int, int, int], config: Mapping[str, Any], share: float
) -> Sample:
    """The held-out people among `faces`, the same that training held out.

    Raises:
        UsageError: one of them was trained on. DataError: fewer than two are left.
    """
    _, kept = split_people(faces, share)
    names = kept.people()
    known = sorted(trained_on(names, config))
    if known:
        raise UsageError(
            f"{len(known)} of the people to measure on were trained on, {known[0]!r} first",
            why="Rates on people whom a network was trained on are far too good.",
            remedy="leave --held-out-share as the run has it, or give other --people",
        )
    if len(names) < 2:
        raise DataError(
            f"{len(names)} people to measure on, at least 2 are needed",
            remedy="give more --people, or raise --held-out-share",
        )
    return Sample(for_network(kept.crops, shape), kept.person, len(names), kept.digest())


def trained_on(names: Iterable[str], config: Mapping[str, Any]) -> set[str]:
    """Those of `names` that the run trained on, as far as its config says.

    `people` lists them; else all but `held_out` are, or all whom `held_out_share` left in.
    """
    asked = set(names)
    if "people" in config:
        return asked & set(config["people"])
    if "held_out" in config:
        return asked - set(config["held_out"])
    if "held_out_share" in config:
        listed = tuple(sorted(asked))
        one_each = Faces(
            np.zeros((len(listed), 1), np.uint8),
            np.arange(len(listed), dtype=np.int32),
            listed,
            listed,
        )
        return split_people(one_each, float(config["held_out_share"]))[0].people()
    return set()


def calibration(
    faces: Faces, shape: tuple[int, int, int], config: Mapping[str, Any], measured: set[str]
) -> NDArray[np.uint8]:
    """Crops to take tensors' ranges from: spread over the training side, never of `measured`.

    A pixel of 0 and one of 255 are among them: that pins the input to scale 1/128, zero point 0.

    Raises:
        DataError: too few crops, or none that is black or white somewhere.
    """
    inside, _ = split_people(faces, split_share(config, None))
    numbers = [i for i, name in enumerate(inside.names) if name in measured]
    inside = inside.of(~np.isin(inside.person, numbers))
    if len(inside) < LEAST_CALIBRATION_CROPS:
        raise DataError(
            f"{len(inside)} crops to calibrate with, at least {LEAST_CALIBRATION_CROPS} are needed",
            remedy="give more --calibration faces of people who are not held out",
        )
    # Sources and people lie one after another: even steps visit all of them.
    steps = np.linspace(0, len(inside) - 1, min(CALIBRATION_CROPS, len(inside))).astype(int)
    chosen = for_network(inside.crops[np.unique(steps)], shape)
    missing = [value for value in (0, 255) if not (chosen == value).any()]
    return np.concatenate([chosen, *(_with_pixel(inside, shape, value) for value in missing)])


def _with_pixel(
    faces: Faces, shape: tuple[int, int, int], value: int, *, block: int = 256
) -> NDArray[np.uint8]:
    """The first crop that holds `value`, (1, h, w, c)."""
    for at in range(0, len(faces), block):
        crops = for_network(faces.crops[at : at + block], shape)
        found = np.flatnonzero((crops == value).reshape(len(crops), -1).any(axis=1))
        if len(found):
            return crops[found[:1]]
    raise DataError(
        f"no calibration crop has a pixel of {value}",
        why="Without black and white the converter would choose another input scale than 1/128.",
        remedy="add --calibration faces in ordinary light",
    )
