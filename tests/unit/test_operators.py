"""What a door reads of a network before any engine sees it (R4.6)."""

from __future__ import annotations

import dataclasses

import flatbuffers
import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema

from edge.contract.bundle import EMBEDDING, load_bundle
from edge.contract.errors import BundleError
from edge.contract.signing import UNCHECKED
from edge.eye.golden import load_engine
from edge.eye.operators import counted, read
from edge.shipped import shipped


@pytest.fixture(scope="module")
def bundle():
    return load_bundle(shipped("models", "faces"), UNCHECKED)


@pytest.fixture
def changed(bundle):
    """The shipped network, after `change` was done to its parts."""

    def changed(change):
        model = schema.ModelT.InitFromPackedBuf(bundle.files[EMBEDDING], 0)
        change(model)
        builder = flatbuffers.Builder(1 << 20)
        builder.Finish(model.Pack(builder), b"TFL3")
        return bytes(builder.Output())

    return changed


def test_the_operators_are_those_that_the_manifest_lists(bundle):
    found = read(bundle.files[EMBEDDING])
    assert counted(found.operators) == dict(bundle.manifest.operators)
    assert {tensor.kind for tensor in found.tensors} == {"int8", "int32"}


def test_written_anew_it_is_the_same_network(bundle, changed):
    """So what is refused below is refused for what was changed, not for how it was written."""
    assert read(changed(lambda _: None)).operators == read(bundle.files[EMBEDDING]).operators


def second_graph(model):
    model.subgraphs.append(model.subgraphs[0])


def no_graph(model):
    model.subgraphs = []


def custom_operator(model):
    model.operatorCodes[0].builtinCode = schema.BuiltinOperator.CUSTOM
    model.operatorCodes[0].deprecatedBuiltinCode = schema.BuiltinOperator.CUSTOM
    model.operatorCodes[0].customCode = b"OpenTheDoor"


def branch(model):
    model.operatorCodes[0].builtinCode = schema.BuiltinOperator.IF
    model.operatorCodes[0].deprecatedBuiltinCode = schema.BuiltinOperator.IF


def operator_of_no_schema(model):
    model.operatorCodes[0].builtinCode = 5_000


def data_outside(model):
    model.buffers[-1].offset, model.buffers[-1].size = 4096, 16


def shape_left_open(model):
    model.subgraphs[0].tensors[0].shapeSignature = [-1, 112, 112, 3]


def computed_shape(model):
    made = model.subgraphs[0].operators[0].outputs[0]
    model.subgraphs[0].tensors[made].type = schema.TensorType.INT32


def input_of_no_tensor(model):
    model.subgraphs[0].operators[0].inputs = [1_000_000]


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (second_graph, "2 subgraphs instead of 1"),
        (no_graph, "0 subgraphs instead of 1"),
        (custom_operator, "'OpenTheDoor'"),
        (branch, "'IF'"),
        (operator_of_no_schema, "not a TFLite file that can be read"),
        (data_outside, "lie outside"),
        (shape_left_open, "a shape that is left open"),
        (computed_shape, "computes whole numbers"),
        (input_of_no_tensor, "not a TFLite file that can be read"),
    ],
)
def test_r4_6_what_no_door_may_run_is_refused(bundle, changed, change, says):
    model = changed(change)
    with pytest.raises(BundleError, match=says):
        read(model)
    with pytest.raises(BundleError, match=says):
        load_engine(dataclasses.replace(bundle, files={**bundle.files, EMBEDDING: model}))


def test_r4_6_a_network_of_other_operators_than_the_manifest_lists_is_refused(bundle):
    manifest = dataclasses.replace(bundle.manifest, operators={"CONV_2D": 31})
    with pytest.raises(BundleError, match="not the operators that the manifest lists"):
        load_engine(dataclasses.replace(bundle, manifest=manifest))


@pytest.mark.parametrize("model", [b"", b"TFL3", b"\0" * 64, b"\xff" * 4096])
def test_what_is_no_network_is_refused_in_one_line(model):
    with pytest.raises(BundleError, match="not a TFLite file that can be read"):
        read(model)


def test_a_damaged_file_is_read_or_refused_and_nothing_else_happens(bundle):
    """Offsets that point anywhere must not end in an endless loop or in another error."""
    whole, rng = bundle.files[EMBEDDING], np.random.default_rng(5)
    for _ in range(300):
        model = bytearray(whole)
        for at in rng.integers(0, len(model), 3000):
            model[at] = rng.integers(0, 256)
        start = int(rng.integers(0, len(model) - 64))
        model[start : start + 64] = rng.bytes(64)
        try:
            read(bytes(model))
        except BundleError:
            continue
