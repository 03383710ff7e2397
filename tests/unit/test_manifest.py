"""What a bundle promises, read strictly and written canonically."""

from __future__ import annotations

import json
import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from edge.contract.errors import BundleError
from edge.contract.levels import Rate, gallery_size
from edge.contract.manifest import MAX_BYTES, _decimal32, from_bytes, to_bytes
from edge.contract.matching import Difference, Head


def canonical(document):
    return json.dumps(document, sort_keys=True, separators=(",", ":")).encode() + b"\n"


def same(one, other):
    """Whether two manifests are equal; an array inside forbids ==."""
    weights = (one.head.weights, other.head.weights)
    bare = [replace(m, head=replace(m.head, weights=None)) for m in (one, other)]
    return np.array_equal(*weights) and bare[0] == bare[1]


def test_a_manifest_is_read_as_it_was_written_and_written_as_it_was_read(manifest):
    raw = to_bytes(manifest)
    again = from_bytes(raw, where="here")
    assert same(again, manifest)
    assert to_bytes(again) == raw
    assert raw.isascii()
    assert raw.endswith(b"}\n")
    assert raw.count(b"\n") == 1


@given(hnp.arrays(np.float32, 5, elements=st.floats(width=32, allow_nan=False)))
def test_every_weight_comes_back_as_the_same_float32(weights):
    again = [np.float32(_decimal32(weight)) for weight in weights]
    assert np.array_equal(again, weights)


def test_equal_manifests_are_equal_bytes_whatever_order_their_parts_came_in(manifest):
    turned = replace(manifest, parity={"b": "2", "a": "1"})
    straight = replace(manifest, parity={"a": "1", "b": "2"})
    assert to_bytes(turned) == to_bytes(straight)


def changed(manifest, *path, value):
    """The canonical bytes of a manifest's document with one place replaced."""
    document = json.loads(to_bytes(manifest))
    place = document
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    return canonical(document)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (["schema"], "onelook.bundle/1"),
        (["name"], 3),
        (["serial"], 0),
        (["serial"], True),
        (["unknown"], "key"),
        (["input", "shape"], [112, 112]),
        (["input", "shape"], [112, 112, "3"]),
        (["input", "quantization", "scale"], 0.5),
        (["input", "quantization", "scale"], "0"),
        (["input", "quantization", "scale"], "nan"),
        (["input", "quantization", "zero_point"], 128),
        (["embedding", "dimensions"], 4),
        (["embedding", "dimensions"], 3.0),
        (["head", "difference"], "cubed"),
        (["head", "weights"], ["0.1", "2.0"]),
        (["head", "weights"], ["0.1", "2.0", "inf"]),
        (["head", "weights"], ["0.1", "2.0", "0.30"]),  # not the shortest
        (["head", "bias"], -1.25),
        (["levels", 0, "steps", 0, "distance"], "1.0"),
        (["levels", 0, "steps", 0, "distance"], "0.0"),
        (["levels", 0, "steps", 0, "distance"], "0.25"),  # below the next step's
        (["levels", 0, "steps", 0, "people"], 2),  # as the next step's
        (["levels", 0, "steps", 0, "chosen", "fmr"], [-1, 3000, "0.1"]),
        (["levels", 0, "steps", 0, "chosen", "fmr"], [1, 0, "0.1"]),
        (["levels", 0, "steps", 0, "chosen", "fmr"], [0, 3000, "0.0"]),  # R1.8: never 0
        (["levels", 0, "steps", 0, "tested", "fnmr"], [30, 3000, "0.009"]),
        (["levels", 0, "steps", 0, "presses", 0, "people"], 0),
        (["levels", 0, "steps"], []),
        (["levels", 1, "level"], "normal"),
        (["levels"], []),
        (["levels"], {}),
        (["burst"], [3]),
        (["chosen_on", "people"], 0),
        (["operators", "CONV_2D"], 0),
        (["files", "embedding.tflite", "size"], "4"),
        (["files"], []),
        (["parity"], None),
        (["provenance", "seed"], 1),
    ],
)
def test_anything_out_of_its_range_or_type_is_refused_by_name(manifest, path, value):
    with pytest.raises(BundleError, match=r"^bundle/manifest\.json: ") as refusal:
        from_bytes(changed(manifest, *path, value=value), where="bundle/manifest.json")
    assert refusal.value.why
    assert refusal.value.remedy


@pytest.mark.parametrize("key", ["schema", "model", "head", "files", "levels", "embedding"])
def test_a_missing_key_is_named(manifest, key):
    document = json.loads(to_bytes(manifest))
    del document[key]
    with pytest.raises(BundleError) as refusal:
        from_bytes(canonical(document), where="m")
    assert key in refusal.value.why


@pytest.mark.parametrize(
    "raw", [b"", b"[]", b'"text"', b"{}", b"\xff\xfe", b"[" * 60_000, b'{"schema":NaN}']
)
def test_bytes_that_are_no_manifest_are_refused(raw):
    with pytest.raises(BundleError):
        from_bytes(raw, where="m")


@pytest.mark.parametrize(
    "spoil",
    [
        lambda raw: raw[:-1],
        lambda raw: raw + b"\n",
        lambda raw: raw.replace(b",", b", ", 1),
        lambda raw: raw.replace(b'"name":', b'"name":"twice","name":', 1),
        lambda raw: raw + b" " * MAX_BYTES,
    ],
)
def test_a_manifest_that_is_not_in_its_canonical_form_is_refused(manifest, spoil):
    with pytest.raises(BundleError):
        from_bytes(spoil(to_bytes(manifest)), where="m")


@given(st.binary(max_size=100) | st.text(max_size=60).map(str.encode))
def test_any_bytes_are_a_manifest_or_refused(raw):
    with pytest.raises(BundleError):
        from_bytes(raw, where="m")


def test_a_level_is_found_by_its_name_and_an_unknown_one_names_the_known(manifest):
    assert manifest.level("strict").steps[0].distance == 0.2
    with pytest.raises(BundleError, match="'lax'") as refusal:
        manifest.level("lax")
    assert "normal, strict" in refusal.value.remedy


@pytest.mark.parametrize(
    ("people", "templates", "distance"),
    [(0, 0, 0.31), (1, 5, 0.31), (1, 6, 0.28), (2, 2, 0.28), (3, 3, 0.2), (5, 25, 0.2)],
)
def test_r1_10_the_step_is_that_of_the_gallery(manifest, people, templates, distance):
    assert manifest.level("normal").step(people, templates).distance == distance


@pytest.mark.parametrize(("people", "templates"), [(6, 6), (5, 26)])
def test_r1_10_a_gallery_that_nobody_measured_has_no_threshold(manifest, people, templates):
    with pytest.raises(BundleError, match=r"is measured for 5 people .* counts as 6"):
        manifest.level("normal").step(people, templates)


def test_a_gallery_counts_people_or_fives_of_templates():
    assert [gallery_size(*g) for g in ((0, 0), (3, 3), (3, 15), (3, 16))] == [1, 3, 3, 4]


def test_a_rate_is_errors_per_trial():
    assert Rate(3, 1000, 0.01).value == 0.003
    assert math.isnan(Rate(0, 0, 1.0).value)


def test_a_head_of_the_absolute_difference_comes_back(manifest):
    head = Head(Difference.ABSOLUTE, manifest.head.weights, 0.5)
    again = from_bytes(to_bytes(replace(manifest, head=head)), where="m")
    assert again.head.difference is Difference.ABSOLUTE
