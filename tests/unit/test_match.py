"""A probe against everybody: the nearest person, and nobody where an embedding is none."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from edge.contract.matching import Difference, Head, dequantize, distances
from edge.door.match import Matcher
from edge.store.people import Gallery, Person, Template

ZERO = -4  # the manifest's zero point: this byte is 0.0


def embedding(*values):
    return np.array(values, np.int8).tobytes()


NOTHING = embedding(ZERO, ZERO, ZERO)
A, B, C = embedding(90, 5, 5), embedding(5, 90, 5), embedding(5, 5, 90)


@pytest.fixture
def person(manifest):
    def made(name, *embeddings, model=manifest.model):
        return Person(name, name, tuple(Template(e, model, "", "", "") for e in embeddings))

    return made


def real(manifest, one):
    return dequantize(np.frombuffer(one, np.int8), manifest.output_quantization)


def test_the_nearest_is_the_one_of_the_contracts_distance(manifest, person):
    rng = np.random.default_rng(3)
    enrolled = {f"p{i}": [rng.integers(-128, 128, 3, np.int8) for _ in range(4)] for i in range(5)}
    people = tuple(person(n, *(e.tobytes() for e in es)) for n, es in enrolled.items())
    matcher = Matcher(manifest, Gallery(people))
    for _ in range(50):
        probe = rng.integers(-128, 128, 3, np.int8)
        to_each = {
            name: min(
                float(
                    distances(
                        manifest.head,
                        real(manifest, probe.tobytes()),
                        real(manifest, e.tobytes())[None],
                    )[0]
                )
                for e in es
            )
            for name, es in enrolled.items()
        }
        best, second = sorted(to_each, key=to_each.get)[:2]
        nearest = matcher.nearest(probe.tobytes())
        assert nearest.distance == pytest.approx(to_each[best], abs=1e-6)
        assert nearest.next_distance == pytest.approx(to_each[second], abs=1e-6)
        if to_each[second] - to_each[best] > 1e-6:
            assert nearest.person == best


def test_two_templates_of_one_person_are_no_rivals(manifest, person):
    nearest = Matcher(manifest, Gallery((person("ada", A, A), person("bea", B)))).nearest(A)
    assert nearest.person == "ada"
    assert nearest.next_distance > nearest.distance + 0.1


def test_the_order_of_the_gallery_changes_nothing(manifest, person):
    people = [person("ada", A), person("bea", B), person("cat", C, A)]
    for probe in (A, B, C):
        forth = Matcher(manifest, Gallery(tuple(people))).nearest(probe)
        back = Matcher(manifest, Gallery(tuple(people[::-1]))).nearest(probe)
        assert (forth.distance, forth.next_distance) == (back.distance, back.next_distance)
        if forth.next_distance > forth.distance:
            assert forth.person == back.person


def test_nobody_else_is_infinitely_far(manifest, person):
    assert Matcher(manifest, Gallery((person("ada", A),))).nearest(B).next_distance == math.inf


@pytest.mark.parametrize("probe", [b"", A[:2], A + b"\x01", NOTHING])
def test_a_probe_that_is_none_is_nobody(manifest, person, probe):
    assert Matcher(manifest, Gallery((person("ada", A),))).nearest(probe) is None


@pytest.mark.parametrize("template", [b"", A[:2], A + b"\x01", NOTHING])
@pytest.mark.parametrize("difference", list(Difference))
def test_a_template_that_is_none_is_nobodys(manifest, person, template, difference):
    head = Head(difference, manifest.head.weights, manifest.head.bias)
    matcher = Matcher(replace(manifest, head=head), Gallery((person("eve", template),)))
    assert matcher.empty
    assert matcher.nearest(A) is None
    with_ada = Gallery((person("eve", template), person("ada", A)))
    nearest = Matcher(replace(manifest, head=head), with_ada).nearest(B)
    assert (nearest.person, nearest.next_distance) == ("ada", math.inf)


def test_templates_of_another_network_are_no_use(manifest, person):
    matcher = Matcher(manifest, Gallery((person("ada", A, model="0" * 16),)))
    assert matcher.empty
    assert matcher.nearest(A) is None


def test_an_empty_gallery_recognises_nobody(manifest):
    assert Matcher(manifest, Gallery()).nearest(A) is None
