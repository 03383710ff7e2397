"""Disturbances: what comes out is a picture of the same face, and follows from its seed."""

from __future__ import annotations

import numpy as np
import pytest

from train.augment import DOOR, LIGHT, disturb, mix


@pytest.fixture
def crops(faces):
    return faces.crops[:24]


@pytest.mark.parametrize("how", [LIGHT, DOOR])
@pytest.mark.parametrize("channels", [1, 3])
def test_the_same_seed_disturbs_in_the_same_way(crops, how, channels):
    given = crops[..., :channels]
    first, again, other = (
        disturb(given, np.random.default_rng(seed), how=how) for seed in (1, 1, 2)
    )
    assert (first.shape, first.dtype) == (given.shape, np.uint8)
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


def test_through_a_door_half_of_the_pictures_are_worse_and_still_of_that_face(crops):
    light, door = (disturb(crops, np.random.default_rng(1), how=how) for how in (LIGHT, DOOR))
    # Mirrored, moved and lit from the same draws until the first picture goes through the door.
    untouched = [np.array_equal(a, b) for a, b in zip(light, door, strict=True)]
    assert any(untouched) or not np.array_equal(light, door)
    alike = [
        max(
            np.corrcoef(a.astype(float).ravel(), view.astype(float).ravel())[0, 1]
            for view in (b, b[:, ::-1])
        )
        for a, b in zip(crops, door, strict=True)
    ]
    assert np.median(alike) > 0.7


def test_a_character_is_not_mirrored(crops):
    rng = np.random.default_rng(0)
    for crop, found in zip(crops, disturb(crops, rng, mirror=False), strict=True):
        straight, mirrored = (
            np.corrcoef(crop[..., 0].astype(float).ravel(), view[..., 0].astype(float).ravel())[
                0, 1
            ]
            for view in (found, found[:, ::-1])
        )
        assert straight > mirrored - 0.05


def test_blends_come_in_whole_batches_and_are_named(crops):
    seen = {}
    for seed in range(20):
        mixed, blends = mix(crops, np.random.default_rng(seed))
        seen.setdefault(blends, []).append(np.array_equal(mixed, crops))
    assert all(seen[False])
    assert not any(seen[True])
