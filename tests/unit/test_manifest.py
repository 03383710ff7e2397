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
from edge.contract.manifest import MAX_BYTES, Rate, _decimal32, from_bytes, to_bytes
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
    turned = replace(manifest, drift={"b": "2", "a": "1"})
    straight = replace(manifest, drift={"a": "1", "b": "2"})
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
        (["schema"], "onelook.bundle/2"),
        (["name"], 3),
        (["version"], 0),
        (["version"], True),
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
        (["thresholds", 0, "distance"], "1.0"),
        (["thresholds", 0, "distance"], "0.0"),
        (["thresholds", 0, "fmr", "errors"], -1),
        (["thresholds", 0, "fmr", "trials"], 0),
        (["thresholds", 0, "people"], 0),
        (["thresholds"], {}),
        (["operators", "CONV_2D"], 0),
        (["files", "embedding.tflite", "size"], "4"),
        (["files"], []),
        (["drift"], None),
        (["provenance", "seed"], 1),
    ],
)
def test_anything_out_of_its_range_or_type_is_refused_by_name(manifest, path, value):
    with pytest.raises(BundleError, match=r"^bundle/manifest\.json: ") as refusal:
        from_bytes(changed(manifest, *path, value=value), where="bundle/manifest.json")
    assert refusal.value.why
    assert refusal.value.remedy


@pytest.mark.parametrize("key", ["schema", "model", "head", "files", "thresholds", "embedding"])
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


def test_a_threshold_is_found_by_its_level_and_an_unknown_level_names_the_known(manifest):
    assert manifest.threshold("strict").distance == 0.2
    assert manifest.threshold("normal").distance == 0.31
    with pytest.raises(BundleError, match="'lax'") as refusal:
        manifest.threshold("lax")
    assert "strict, normal" in refusal.value.remedy


def test_a_rate_is_errors_per_trial():
    assert Rate(3, 1000, 0.01).value == 0.003
    assert math.isnan(Rate(0, 0, 1.0).value)


def test_a_head_of_the_absolute_difference_comes_back(manifest):
    head = Head(Difference.ABSOLUTE, manifest.head.weights, 0.5)
    again = from_bytes(to_bytes(replace(manifest, head=head)), where="m")
    assert again.head.difference is Difference.ABSOLUTE
