"""Distances of a probe to all templates, against sums written out by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from edge.contract.matching import Difference, Head, Quantization, dequantize, distances

WEIGHTS = np.array([2.0, 0.5, 1.0, 3.0], np.float32)
SQUARED = Head(Difference.SQUARED, WEIGHTS, -1.5)
ABSOLUTE = Head(Difference.ABSOLUTE, WEIGHTS, -1.5)
integers = hnp.arrays(np.int8, (6, 4), elements=st.integers(-128, 127))
embeddings = integers.map(lambda rows: dequantize(rows, Quantization(1 / 32, 5)))


def by_hand(head, a, b):
    """One pair, in Python's own floats."""
    a, b = [float(v) for v in a], [float(v) for v in b]
    if head.difference is Difference.SQUARED:
        if not any(a) or not any(b):
            return 1.0
        a = [v / math.hypot(*a) for v in a]
        b = [v / math.hypot(*b) for v in b]
        terms = [(x - y) ** 2 for x, y in zip(a, b, strict=True)]
    else:
        terms = [abs(x - y) for x, y in zip(a, b, strict=True)]
    z = head.bias + sum(float(w) * t for w, t in zip(head.weights, terms, strict=True))
    return 1.0 / (1.0 + math.exp(-z))


@pytest.mark.parametrize("head", [SQUARED, ABSOLUTE], ids=["squared", "absolute"])
@given(rows=embeddings)
def test_all_at_once_is_each_by_hand(head, rows):
    probe, templates = rows[0], rows[1:]
    found = distances(head, probe, templates)
    assert (found.shape, found.dtype) == ((5,), np.float32)
    assert found == pytest.approx([by_hand(head, probe, t) for t in templates], abs=2e-5)


@pytest.mark.parametrize("head", [SQUARED, ABSOLUTE], ids=["squared", "absolute"])
@given(rows=embeddings)
def test_either_of_two_may_be_the_probe(head, rows):
    (one,), (other,) = (distances(head, a, b[None]) for a, b in (rows[:2], rows[1::-1]))
    assert one == pytest.approx(other, abs=1e-6)


def test_nothing_is_nearer_than_itself_and_its_opposite_is_farthest():
    probe = np.array([1.0, -2.0, 0.5, 1.0], np.float32)
    itself, near, opposite = distances(SQUARED, probe, np.stack([3 * probe, probe + 0.3, -probe]))
    assert itself == pytest.approx(1 / (1 + math.exp(1.5)))
    assert itself < near < opposite


def test_an_embedding_without_length_is_far_from_all_itself_included():
    zero, some = np.zeros(4, np.float32), np.ones(4, np.float32)
    assert distances(SQUARED, zero, np.stack([zero, some])).tolist() == [1.0, 1.0]
    assert distances(SQUARED, some, zero[None]).tolist() == [1.0]


def test_an_empty_gallery_has_no_distances():
    assert distances(SQUARED, np.ones(4, np.float32), np.empty((0, 4), np.float32)).shape == (0,)


def test_the_order_of_the_templates_changes_nothing():
    random = np.random.default_rng(3)
    probe, templates = random.normal(size=4), random.normal(size=(50, 4))
    order = random.permutation(50)
    straight = distances(SQUARED, probe.astype(np.float32), templates.astype(np.float32))
    mixed = distances(SQUARED, probe.astype(np.float32), templates[order].astype(np.float32))
    assert (mixed == straight[order]).all()


def test_a_head_of_great_weights_neither_overflows_nor_warns():
    templates = np.array([[0.0] * 4, [9.0] * 4], np.float32)
    for weight, far in ((1e6, 1.0), (-1e6, 0.0)):
        head = Head(Difference.ABSOLUTE, np.full(4, weight, np.float32), 0.0)
        found = distances(head, np.zeros(4, np.float32), templates)
        assert found == pytest.approx([0.5, far], abs=1e-20)


def test_integers_become_what_they_stand_for():
    integers = np.array([[-128, -3, 0, 127]], np.int8)
    real = dequantize(integers, Quantization(0.25, -3))
    assert real.dtype == np.float32
    assert real.tolist() == [[-31.25, 0.0, 0.75, 32.5]]
