"""What a bundle's own thresholds are worth on other people: per comparison and per press."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edge.contract.levels import Comparison, Level, Press
from train import presses
from train.bootstrap import ends
from train.bounds import genuine, impostors
from train.data import Faces, for_network
from train.pairs import between
from train.rates import Pairs, rates_at
from train.subject import Subject

# With fewer comparisons a person's own rate says more of chance than of the person.
LEAST_TRIALS = 10


@dataclass(frozen=True)
class At:
    """What a distance is worth on these people. worst_fmr, worst_fnmr: as of `Kept`."""

    comparison: Comparison
    worst_fmr: float | None
    worst_fnmr: float | None


@dataclass(frozen=True)
class Kept:
    """One step of one level on these people. presses: empty where none were played.

    worst_fmr, worst_fnmr: the highest rate of a single person (R1.9), or None.
    """

    level: str
    people: int
    distance: float
    comparison: Comparison
    worst_fmr: float | None
    worst_fnmr: float | None
    presses: tuple[Press, ...]


def asked(levels: Sequence[Level]) -> list[float]:
    """The distances of all steps of all levels, rising."""
    return sorted({step.distance for level in levels for step in level.steps})


def at_distances(
    pairs: Pairs, person: NDArray[np.int32], distances: Sequence[float]
) -> dict[float, At]:
    """Each of some distances on pairs that are there one by one.

    Args:
        pairs: every crop with every later one, as of `pairs.all_pairs`.
        person: (crops,) whom they show.
        distances: at least one.
    """
    _, number = np.unique(person, return_inverse=True)
    number = number.astype(np.int32)
    highest = max(rates_at(pairs, distance)[0].value for distance in distances)
    found = impostors(pairs, number, highest)
    return {
        distance: At(
            Comparison(found.rate(distance), genuine(pairs, number, distance)),
            *_worst(pairs, number, distance),
        )
        for distance in distances
    }


def keep(
    levels: Sequence[Level], at: Mapping[float, At], burst: presses.Burst | None
) -> tuple[Kept, ...]:
    """Every step of every level; nothing is chosen.

    Args:
        levels: of the bundle.
        at: what each of their distances is worth.
        burst: to play presses with; None for none.
    """
    steps = [(level, step) for level in levels for step in level.steps]
    known = dict(_galleries(burst, {step.people for _, step in steps}) if burst else ())
    kept = []
    for level, step in steps:
        found = at[step.distance]
        played = [
            presses.press(gallery, step.distance, found.comparison.fmr.upper)
            for (people, _), gallery in known.items()
            if people == step.people
        ]
        kept.append(
            Kept(
                level.name,
                step.people,
                step.distance,
                found.comparison,
                found.worst_fmr,
                found.worst_fnmr,
                tuple(played),
            )
        )
    return tuple(kept)


def highest(errors: NDArray[np.float64], trials: NDArray[np.int64]) -> float | None:
    """The highest rate among people with trials enough; (people,)."""
    enough = trials >= LEAST_TRIALS
    return float((errors[enough] / trials[enough]).max()) if enough.any() else None


def burst_of(subject: Subject, faces: Faces) -> presses.Burst:
    """Presses of three frames for every crop; n crops take 12 n^2 bytes."""
    frames = presses.frames_of(for_network(faces.read(np.arange(len(faces))), subject.shape))
    embedded = [subject.embed(frame) for frame in frames]
    _, person = np.unique(faces.person, return_inverse=True)
    distance = np.stack([between(frame, embedded[0], subject.head) for frame in embedded])
    return presses.Burst(distance, person.astype(np.int32))


def _galleries(
    burst: presses.Burst, sizes: set[int]
) -> Iterator[tuple[tuple[int, int], presses.Gallery]]:
    for people in sorted(sizes):
        for templates in presses.TEMPLATES:
            gallery = presses.galleries(burst, people, templates)
            if gallery is not None:
                yield (people, templates), gallery


def _worst(
    pairs: Pairs, person: NDArray[np.int32], distance: float
) -> tuple[float | None, float | None]:
    """(FMR, FNMR) of the person whose own is highest."""
    below = pairs.distance < np.float32(distance)
    crops = np.bincount(person)
    accepts = np.zeros(len(crops))
    for side in ends(len(person), np.flatnonzero(below & ~pairs.same)):
        accepts += np.bincount(person[side], minlength=len(crops))
    refusals = np.bincount(
        person[ends(len(person), np.flatnonzero(~below & pairs.same))[0]], minlength=len(crops)
    )
    own = crops * (crops - 1) // 2
    return highest(accepts, crops * (crops.sum() - crops)), highest(refusals, own)
