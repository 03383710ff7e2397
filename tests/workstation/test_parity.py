"""What int8 may change of what was trained, and what it may not."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from convert import parity as gate
from convert.errors import GateError
from train.rates import Pairs

RNG = np.random.default_rng(0)
SAME = np.arange(60_000) < 20_000
FLOAT = Pairs(
    np.where(SAME, RNG.beta(2, 6, 60_000), RNG.beta(6, 2, 60_000)).astype(np.float32), SAME
)
EMBEDDINGS = RNG.normal(size=(50, 16)).astype(np.float32)
CUT = 0.15


def measured(by_int8=FLOAT, rounded=EMBEDDINGS):
    return gate.parity(EMBEDDINGS, rounded, FLOAT, by_int8, CUT)


def moved(chosen, by):
    return Pairs(np.where(chosen, FLOAT.distance + by, FLOAT.distance).astype(np.float32), SAME)


def test_equal_networks_pass_and_their_figures_are_those_of_one():
    found = measured()
    gate.check(found)
    assert found.cosine_lowest == pytest.approx(1.0)
    assert found.error_95_percent == 0.0
    assert found.tar_int8_1e3 == found.tar_float_1e3 > 0.1
    assert (found.genuine_flips, found.impostor_flips) == (0.0, 0.0)


def test_any_growing_function_of_the_distance_recognises_as_well():
    squared = Pairs(FLOAT.distance**2, SAME)
    found = gate.parity(EMBEDDINGS, EMBEDDINGS, FLOAT, squared, CUT)
    assert found.tar_int8_1e3 == found.tar_float_1e3
    # but the door's threshold means something else there
    with pytest.raises(GateError, match="get another verdict"):
        gate.check(found)


@pytest.mark.parametrize(
    ("by_int8", "says"),
    [
        (moved(SAME, 0.1), "TAR at FMR 1e-3"),
        (moved(SAME & (FLOAT.distance < CUT), 0.2), "of the pairs of one person get another"),
        (moved(~SAME & (FLOAT.distance < 0.4), -0.3), "of the pairs of two people are newly"),
    ],
)
def test_what_int8_loses_at_the_operating_point_is_refused(by_int8, says):
    with pytest.raises(GateError, match=says):
        gate.check(measured(by_int8))


def test_embeddings_that_point_elsewhere_are_refused():
    turned = EMBEDDINGS + RNG.normal(0, 0.3, EMBEDDINGS.shape).astype(np.float32)
    assert 0.9 < measured(rounded=turned).cosine_mean < gate.LEAST_COSINE
    with pytest.raises(GateError, match=r"mean cosine 0\.9"):
        gate.check(measured(rounded=turned))


def test_a_loss_of_two_in_a_hundred_passes_and_more_does_not():
    good = dataclasses.replace(measured(), tar_float_1e4=0.5, tar_int8_1e4=0.481)
    gate.check(good)
    with pytest.raises(GateError, match=r"TAR at FMR 1e-4 47.90% instead of 50.00%"):
        gate.check(dataclasses.replace(good, tar_int8_1e4=0.479))


def test_what_the_sample_cannot_show_is_left_out():
    few = Pairs(FLOAT.distance[19_500:21_000], SAME[19_500:21_000])
    found = gate.parity(EMBEDDINGS, EMBEDDINGS, few, few, CUT)
    gate.check(found)
    assert "tar_int8_1e4" not in found.texts()
