"""Simulated presses: the door's own rule, for thousands of presses at once (R1.15)."""

from __future__ import annotations

import math

import numpy as np
import pytest

from edge.contract.reasons import Reason
from edge.core.burst import Nearest, Rule, conclude, find
from train.bounds import rule_of_three
from train.presses import AGREE, FRAMES, Burst, Gallery, frames_of, galleries, press


def burst(people=30, pictures=4, noise=0.15, seed=0):
    """People on a line, pictures beside them; frames differ from each other by a tenth of that."""
    rng = np.random.default_rng(seed)
    person = np.repeat(np.arange(people, dtype=np.int32), pictures)
    picture = person + rng.normal(0, noise, len(person))
    frames = picture + rng.normal(0, noise / 10, (FRAMES, len(person)))
    frames[0] = picture
    distance = 1 - np.exp(-np.abs(frames[:, :, None] - picture))
    return Burst(distance.astype(np.float32), person)


def by_the_door(at: Gallery, threshold: float):
    """(presses,) who is let in, by the door's own functions, frame by frame."""
    rule = Rule(FRAMES, AGREE, threshold, 0.0)
    for best, owner in zip(at.best, at.owner, strict=True):
        seen = [Nearest(str(p), float(d), math.inf) for d, p in zip(best, owner, strict=True)]
        verdict = conclude([find(one, rule) for one in seen], rule)
        yield int(verdict.person) if verdict.reason is Reason.GRANTED else -1


@pytest.mark.parametrize("threshold", [0.05, 0.3, 0.6])
def test_r1_15_who_is_let_in_is_whom_the_door_lets_in(threshold):
    at = galleries(burst(noise=0.4), 3, 2)
    some = slice(None, 3000)
    at = Gallery(
        3, 2, *(getattr(at, n)[some] for n in ("best", "owner", "who", "enrolled", "gallery"))
    )
    granted = np.array(list(by_the_door(at, threshold)))
    found = press(at, threshold, 1.0)
    assert found.far.errors == int((granted[~at.enrolled] >= 0).sum())
    assert found.frr.errors == int((granted != at.who)[at.enrolled].sum())


def test_a_larger_gallery_lets_more_strangers_in():
    presses = [press(galleries(burst(noise=0.4), n, 1), 0.4, 1.0).far for n in (1, 5, 10)]
    rates = [far.value for far in presses]
    assert rates == sorted(rates)
    assert rates[0] < rates[2] / 4


def test_no_template_presses_and_nobody_enrolled_is_a_stranger():
    source = burst()
    at = galleries(source, 5, 2)
    # 30 x 4 pictures, 10 of them templates.
    assert np.bincount(at.gallery).tolist() == [110] * 100
    assert at.enrolled.sum() == 100 * 5 * 2
    assert (at.best[at.enrolled] > 0).all()


def test_too_few_people_or_pictures_make_no_gallery():
    assert galleries(burst(people=5), 5, 1) is None
    assert galleries(burst(pictures=4), 2, 4) is None
    assert galleries(burst(people=6), 5, 1) is not None


def test_r1_7_no_error_is_not_no_chance_and_the_sum_over_templates_is_a_bound():
    at = galleries(burst(noise=0.01), 2, 1)
    assert press(at, 0.02, 1.0).far.errors == 0
    assert press(at, 0.02, 1.0).far.upper == rule_of_three(30)
    assert press(at, 0.02, 1e-5).far.upper == pytest.approx(FRAMES / AGREE * 2 * 1e-5)


def test_frames_of_a_burst_are_nearly_one_picture_and_always_the_same():
    rng = np.random.default_rng(0)
    crops = np.kron(rng.integers(0, 255, (2, 8, 8, 3)), np.ones((1, 8, 8, 1))).astype(np.uint8)
    first, *later = frames_of(crops)
    assert (first == crops).all()
    assert len(later) == FRAMES - 1
    for frame in later:
        assert frame.shape == crops.shape
        assert 1 < np.abs(frame.astype(int) - crops).mean() < 40
    assert all((a == b).all() for a, b in zip(later, frames_of(crops)[1:], strict=True))
