"""Distances of people who choose, and of others who test -> the levels of a bundle.

Chosen on the int8 network: a threshold that was right for float distances is wrong for these.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from convert.errors import GateError
from convert.people import Measured
from edge.contract.errors import DataError
from edge.contract.levels import Comparison, Level, Step, rounded_up
from edge.contract.matching import Head, distances
from train import presses
from train.bounds import genuine, impostors, rule_of_three
from train.rates import Pairs

NORMAL, STRICT = "normal", "strict"
# One in ten of what "normal" accepts.
STRICTER = 0.1


def distance_matrix(
    head: Head, probes: NDArray[np.float32], templates: NDArray[np.float32]
) -> NDArray[np.float32]:
    """(m, dimensions), (n, dimensions) float32 -> (m, n), by the function the door matches with."""
    found = np.empty((len(probes), len(templates)), np.float32)
    for row, probe in zip(found, probes, strict=True):
        row[:] = distances(head, probe, templates)
    return found


def pairs_of(distance: NDArray[np.float32], person: NDArray[np.int32]) -> Pairs:
    """Every crop with every later one: a square (n, n) -> n (n - 1) / 2 pairs."""
    rows, columns = np.triu_indices(len(person), 1)
    return Pairs(distance[rows, columns], person[rows] == person[columns])


def compare_all(head: Head, embeddings: NDArray[np.float32], person: NDArray[np.int32]) -> Pairs:
    """Every crop with every later one; 5 bytes a pair, so 20,000 crops take 1 GB."""
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


def supported(target_fmr: float, *samples: Measured) -> float:
    """`target_fmr`, or the lowest one that all samples can show at all, whichever is higher.

    With one figure, rounded up: 435 pairs of people show 0.0069 at best, which is told as 0.007.
    """
    floors = [rule_of_three(m.sample.people * (m.sample.people - 1) / 2) for m in samples]
    return max(target_fmr, *(rounded_up(floor) for floor in floors))


def require_people(sample: Measured, target_fmr: float, *, asked: bool) -> None:
    """Ask before the long work whether these people can show the rate that was asked for.

    Raises:
        DataError: too few people for `target_fmr`, or nobody with two pictures.
    """
    if np.bincount(sample.person).max() < 2:
        raise DataError(
            "no person to measure on has two pictures",
            remedy="give --people with at least two pictures of a person",
        )
    least = supported(0.0, sample)
    if (asked and least > target_fmr) or least >= 0.5:
        raise DataError(
            f"{sample.sample.people} people cannot show an FMR of {target_fmr:g}, "
            f"at best {least:g}",
            why="Without a single error, n pairs of people show 3 / n (rule of three).",
            remedy="give more --people, or raise --target-fmr",
        )


def choose(  # noqa: PLR0913, PLR0917 - two samples, one choice
    pairs: Pairs,
    chosen_on: Measured,
    tested_on: Measured,
    burst: presses.Burst,
    target_fmr: float,
    say: Callable[[str], None],
) -> tuple[Level, ...]:
    """The levels that the samples are large enough for, "normal" first.

    Args:
        pairs: every crop of `chosen_on` with every later one.
        chosen_on: who choose.
        tested_on: whom the choice is tested on.
        burst: of the crops of `tested_on`; its first frames' distances give their pairs.
        target_fmr: of the level "normal" for a gallery of one person.
        say: takes one line per step, for whoever waits.

    Raises:
        GateError: the distances leave no room for a threshold.
    """
    tested = pairs_of(burst.distance[0], tested_on.person)
    choosing = impostors(pairs, chosen_on.person, target_fmr)
    testing = impostors(tested, tested_on.person, 4 * target_fmr)
    known = {
        (people, templates): presses.galleries(burst, people, templates)
        for people in presses.SIZES
        for templates in presses.TEMPLATES
    }
    levels = []
    for name, target in ((NORMAL, target_fmr), (STRICT, target_fmr * STRICTER)):
        steps: list[Step] = []
        for people in presses.SIZES:
            threshold = choosing.threshold(target / people)
            if threshold is None:
                break
            _require_room(name, threshold)
            say(f"testing {name}, {people} people: distance below {threshold:.5f}")
            steps.append(
                _step(
                    people,
                    threshold,
                    target / people,
                    Comparison(
                        choosing.rate(threshold), genuine(pairs, chosen_on.person, threshold)
                    ),
                    Comparison(
                        testing.rate(threshold), genuine(tested, tested_on.person, threshold)
                    ),
                    known,
                )
            )
        if steps:
            levels.append(Level(name, target, tuple(steps)))
    if not levels or levels[0].name != NORMAL:
        raise GateError(
            f"no threshold has an FMR whose bound is {target_fmr:g} or lower",
            why="Too many of the nearest pairs of two people are of the same few.",
            remedy="raise --target-fmr, give more people, or train longer",
        )
    return tuple(levels)


def _step(  # noqa: PLR0913, PLR0917 - it is the sum of them
    people: int,
    threshold: float,
    target: float,
    chosen: Comparison,
    tested: Comparison,
    known: dict[tuple[int, int], presses.Gallery | None],
) -> Step:
    found = [known[people, templates] for templates in presses.TEMPLATES]
    return Step(
        people,
        threshold,
        target,
        chosen,
        tested,
        tuple(presses.press(at, threshold, tested.fmr.upper) for at in found if at is not None),
    )


def _require_room(level: str, threshold: float) -> None:
    if not 0.0 < threshold < 1.0:
        raise GateError(
            f"the threshold of level {level!r} would be {threshold:g}",
            why="Pairs of two people lie at the very end of the range of distances.",
            remedy="train and calibrate the head, then convert again",
        )
