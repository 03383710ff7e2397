"""Whose faces a conversion uses for what: three sets of people, none of them in two (R1.5).

The training side calibrates int8. Of those who were never trained on, some choose the thresholds,
and others, who chose nothing, say what these are worth.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge.contract.errors import DataError, UsageError
from edge.contract.levels import Sample
from edge.contract.tasks import FACES
from train.data import Faces, for_network, split_people
from train.people import held_out_share, read_sources, untrained

CALIBRATION_CROPS = 200
LEAST_CALIBRATION_CROPS = 50
# Neighbouring pixels of a photograph or of a drawing go together; those of noise do not.
LEAST_SMOOTH = 0.3


@dataclass(frozen=True)
class Measured:
    """People that rates are measured on.

    crops: (n, h, w, c) uint8 as the network sees them. person: (n,) 0 to people - 1.
    names: theirs. sample: how many they are, and a hash of which pictures.
    """

    crops: NDArray[np.uint8]
    person: NDArray[np.int32]
    names: frozenset[str]
    sample: Sample

    def __len__(self) -> int:
        return len(self.crops)


def choosers_and_testers(  # noqa: PLR0913 - one keyword per option of the command
    config: Mapping[str, Any],
    shape: tuple[int, int, int],
    *,
    people: Sequence[str] = (),
    choosing: Sequence[str] = (),
    testing: Sequence[str] = (),
    share: float | None = None,
) -> tuple[Measured, Measured]:
    """(who choose the thresholds, whom these are tested on), nobody in both, nobody trained on.

    Args:
        config: of the run that made the network.
        shape: of the network's input.
        people: sources as of `train.people`, to halve by the hash of the names, if there are not
            two groups of them.
        choosing: sources of those who choose.
        testing: sources of those who test.
        share: of the people of the run's own sources, how many it held out; else as the run says.

    Raises:
        UsageError: people were trained on, or are in both. DataError: too few are left.
    """
    if bool(choosing) != bool(testing):
        raise UsageError(
            "thresholds are chosen on some people and tested on others",
            remedy="give --threshold-people and --test-people together, or --people alone",
        )
    if choosing:
        sides = tuple(
            untrained(read(sources, config, shape, option), config, share)
            for sources, option in ((choosing, "--threshold-people"), (testing, "--test-people"))
        )
    else:
        sides = _halves(untrained(read(people, config, shape, "--people"), config, share))
    both = sides[0].people() & sides[1].people()
    if both:
        raise UsageError(
            f"{len(both)} people would choose the thresholds and be tested on, {min(both)!r} first",
            why="Rates on those who chose the threshold are too good.",
            remedy="name different people with --threshold-people and --test-people",
        )
    return tuple(_measured(side, shape) for side in sides)


def task_of(config: Mapping[str, Any]) -> str:
    """What the run's network recognises."""
    return str(config.get("task", FACES))


def read(
    sources: Sequence[str], config: Mapping[str, Any], shape: tuple[int, int, int], option: str
) -> Faces:
    """The faces (or pictures, if that is the run's task) of `sources`, else of the run's own data.

    Raises:
        UsageError: neither says where the faces are. MissingError: a path is not there.
    """
    chosen = tuple(sources) or tuple(map(str, config.get("data", ())))
    if not chosen:
        raise UsageError(
            f"{option} is missing, and the network's run does not say what it was trained on",
            remedy=f"add {option} with tars of crops or folders of people",
        )
    return read_sources(chosen, task=task_of(config), shape=shape)


def calibration(
    faces: Faces, shape: tuple[int, int, int], config: Mapping[str, Any], measured: set[str]
) -> NDArray[np.uint8]:
    """Crops to take tensors' ranges from: spread over the training side, never of `measured`.

    A pixel of 0 and one of 255 are among them: that pins the input to scale 1/128, zero point 0.

    Raises:
        DataError: too few crops, noise, or none that is black or white somewhere.
    """
    inside, _ = split_people(faces, held_out_share(config))
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
    _require_pictures(chosen)
    missing = [value for value in (0, 255) if not (chosen == value).any()]
    return np.concatenate([chosen, *(_with_pixel(inside, shape, value) for value in missing)])


def _halves(faces: Faces) -> tuple[Faces, Faces]:
    """By a hash that has nothing to do with the one that held them out."""
    first = [hashlib.sha256(f"half {name}".encode()).digest()[0] < 128 for name in faces.names]
    chosen = np.array([*first, False])[faces.person]
    return faces.of(chosen), faces.of(~chosen)


def _measured(faces: Faces, shape: tuple[int, int, int]) -> Measured:
    people = len(faces.people())
    if people < 2:
        raise DataError(
            f"{people} people to choose thresholds or to test them on, at least 2 are needed",
            why="Half of the people who were not trained on choose, the others test.",
            remedy="give more --people, or raise --held-out-share",
        )
    _, person = np.unique(faces.person, return_inverse=True)
    sample = Sample(people, len(faces), faces.digest())
    crops, names = for_network(faces.crops, shape), frozenset(faces.people())
    return Measured(crops, person.astype(np.int32), names, sample)


def _require_pictures(crops: NDArray[np.uint8]) -> None:
    """Raises: DataError: noise, from which no range of a real picture follows."""
    values = crops.astype(np.float32)
    left, right = values[:, :, :-1], values[:, :, 1:]
    left, right = left - left.mean(), right - right.mean()
    spread = float(np.sqrt((left**2).mean() * (right**2).mean()))
    together = float((left * right).mean()) / spread if spread > 0 else 0.0
    if together < LEAST_SMOOTH:
        raise DataError(
            f"the calibration crops are no pictures: neighbouring pixels correlate by "
            f"{together:.2f}, at least {LEAST_SMOOTH}",
            why="Ranges taken from noise are wrong for faces.",
            remedy="give --calibration pictures like those that the door will see",
        )


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
