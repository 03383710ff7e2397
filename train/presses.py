"""Simulated presses (R1.15): random galleries of people, everybody else a stranger at the door.

A press is a burst of frames. No collection has bursts, so a picture stands for its first frame and
the same picture, slightly moved and lit otherwise, for the next ones: like frames of a camera 100
ms apart they are nearly one picture, so the burst gains little, as it does at a door.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from edge.contract.levels import TEMPLATES_PER_PERSON, Press, Rate
from train.bounds import CONFIDENCE, DRAWS, clopper_pearson_upper, clustered, rule_of_three

FRAMES, AGREE = 3, 2
GALLERIES = 100
SIZES = (1, 2, 5, 10, 20, 50)
TEMPLATES = (1, TEMPLATES_PER_PERSON)
_SEED = 30107
_SHIFT_SD_PX, _TURN_SD_DEG, _SCALE_SD = 1.0, 1.5, 0.015
_GAIN, _NOISE_SD = (0.85, 1.15), 4.0


@dataclass(frozen=True)
class Burst:
    """How far every frame of every press is from every picture that may be a template.

    distance: (FRAMES, n, n) float32; [f, i, j] from frame f of picture i to picture j.
    person: (n,) 0 to people - 1.
    """

    distance: NDArray[np.float32]
    person: NDArray[np.int32]


@dataclass(frozen=True)
class Gallery:
    """Presses at the galleries of one size, by press: what the door goes by, and who pressed.

    best: (presses, FRAMES) distance of the nearest person. owner: (presses, FRAMES) who that is.
    who: (presses,) who pressed. enrolled: (presses,) whether they are in the gallery.
    gallery: (presses,) number of the gallery.
    """

    people: int
    templates: int
    best: NDArray[np.float32]
    owner: NDArray[np.int32]
    who: NDArray[np.int32]
    enrolled: NDArray[np.bool_]
    gallery: NDArray[np.int32]


def frames_of(crops: NDArray[np.uint8]) -> list[NDArray[np.uint8]]:
    """Crops (n, h, w, c) uint8 -> FRAMES arrays of that shape, the first one as they are."""
    rng = np.random.default_rng(_SEED)
    later = [np.stack([_next_frame(crop, rng) for crop in crops]) for _ in range(FRAMES - 1)]
    return [crops, *later]


def galleries(burst: Burst, people: int, templates: int) -> Gallery | None:
    """GALLERIES random ones of `people` with `templates` random pictures each.

    None: fewer than `people` have a picture more than that, or nobody is left for a stranger.
    """
    pictures = np.bincount(burst.person)
    able = np.flatnonzero(pictures > templates)
    if len(able) < people or len(pictures) <= people:
        return None
    rng = np.random.default_rng((_SEED, people, templates))
    parts = [
        _gallery(burst, rng.choice(able, people, replace=False), templates, rng)
        for _ in range(GALLERIES)
    ]
    number = np.repeat(np.arange(GALLERIES, dtype=np.int32), [len(part[2]) for part in parts])
    best, owner, who, enrolled = (np.concatenate(column) for column in zip(*parts, strict=True))
    return Gallery(people, templates, best, owner, who, enrolled, number)


def press(at: Gallery, threshold: float, fmr_upper: float) -> Press:
    """FAR and FRR per press at a threshold.

    fmr_upper: the bound of the FMR there. A bound of the FAR follows from it without any draw:
    frames / agree x people x templates x FMR (Markov's inequality and the sum over templates).
    """
    granted = _granted(at, threshold)
    opened, known = granted >= 0, at.enrolled
    far = _strangers(opened[~known], at.who[~known], at.gallery[~known])
    by_sum = FRAMES / AGREE * at.people * at.templates * fmr_upper
    far = Rate(far.errors, far.trials, max(far.value, min(far.upper, by_sum)))
    # Let in as somebody else is not recognised either.
    frr = clustered(granted[known] != at.who[known], at.who[known])
    return Press(at.people, at.templates, far, frr)


def _granted(at: Gallery, threshold: float) -> NDArray[np.int32]:
    """(presses,) who is let in, -1 for nobody: `edge.core.burst` for all presses at once.

    The margin between two people is 0, as a door has it if its owner does not change it.
    """
    named = np.where(at.best < np.float32(threshold), at.owner, -1)
    granted = np.full(len(named), -1, np.int32)
    for frame in range(FRAMES):
        votes = (named == named[:, frame, None]).sum(axis=1)
        enough = (votes >= AGREE) & (named[:, frame] >= 0)
        granted[enough] = named[enough, frame]
    return granted


def _gallery(
    burst: Burst, enrolled: NDArray[np.int64], templates: int, rng: np.random.Generator
) -> tuple[NDArray[np.float32], NDArray[np.int32], NDArray[np.int32], NDArray[np.bool_]]:
    chosen = np.concatenate(
        [rng.choice(np.flatnonzero(burst.person == p), templates, replace=False) for p in enrolled]
    )
    pressing = np.setdiff1d(np.arange(len(burst.person)), chosen)
    to_people = burst.distance[:, pressing[:, None], chosen]
    to_people = to_people.reshape(FRAMES, len(pressing), len(enrolled), templates).min(axis=3)
    nearest = to_people.argmin(axis=2)
    best = np.take_along_axis(to_people, nearest[..., None], 2)[..., 0]
    who = burst.person[pressing]
    return best.T, enrolled[nearest].T.astype(np.int32), who, np.isin(who, enrolled)


def _strangers(
    opened: NDArray[np.bool_], who: NDArray[np.int32], gallery: NDArray[np.int32]
) -> Rate:
    """The FAR with its bound; strangers and galleries are drawn anew, as each may be a bad one."""
    _, number = np.unique(who, return_inverse=True)
    people = int(number.max()) + 1
    cells = gallery.astype(np.int64) * people + number
    shape = GALLERIES, people
    errors = np.bincount(cells, opened, GALLERIES * people).reshape(shape)
    trials = np.bincount(cells, minlength=GALLERIES * people).reshape(shape).astype(np.float64)
    rng = np.random.default_rng(_SEED)
    of_people = rng.multinomial(people, np.full(people, 1 / people), DRAWS)
    of_galleries = rng.multinomial(GALLERIES, np.full(GALLERIES, 1 / GALLERIES), DRAWS)
    wrong = ((of_galleries @ errors) * of_people).sum(axis=1)
    drawn = np.quantile(wrong / ((of_galleries @ trials) * of_people).sum(axis=1), CONFIDENCE)
    # The same pictures press at every gallery: they count as trials once.
    once, mean = len(opened) / GALLERIES, float(opened.sum()) / GALLERIES
    bounds = clopper_pearson_upper(math.ceil(mean), once), float(drawn), rule_of_three(people)
    return Rate(int(opened.sum()), len(opened), max(bounds))


def _next_frame(crop: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.uint8]:
    height, width = crop.shape[:2]
    turn, scale = rng.normal(0.0, _TURN_SD_DEG), 1.0 + rng.normal(0.0, _SCALE_SD)
    matrix = cv2.getRotationMatrix2D(((width - 1) / 2, (height - 1) / 2), turn, scale)
    matrix[:, 2] += rng.normal(0.0, _SHIFT_SD_PX, 2)
    moved = cv2.warpAffine(crop, matrix, (width, height), borderMode=cv2.BORDER_REPLICATE)
    lit = moved.reshape(crop.shape) * rng.uniform(*_GAIN) + rng.normal(0.0, _NOISE_SD, crop.shape)
    return np.clip(lit + 0.5, 0, 255).astype(np.uint8)
