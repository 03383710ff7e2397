"""Channels of uneven range: the same answers, and int8 holds them."""

from __future__ import annotations

import numpy as np
import onnx
import onnxruntime
import pytest

from convert import importing
from convert.cli import main
from convert.engine import embedder
from convert.equalize import equalized, scales_of, spans_of
from convert.from_onnx import constants_of, read_onnx
from convert.parity import cosines
from convert.quantize import INT8, twin_to
from convert.source import load_source
from tests.workstation.test_import import Sketch

SIDE = 16
RNG = np.random.default_rng(2)
PICTURES = RNG.uniform(-1, 1, (4, 3, SIDE, SIDE)).astype(np.float32)


def uneven(path):
    """Every channel matters, but what lies between the layers differs by up to a thousand times."""
    s = Sketch(SIDE)
    first, second = 10 ** s.rng.uniform(-3, 0, (2, 16))
    weight = [s.rng.normal(size=shape) for shape in ((16, 3, 3, 3), (16, 1, 3, 3), (16, 16, 1, 1))]
    x = s.node(
        "Conv",
        "picture",
        s.constant(weight[0] * first[:, None, None, None]),
        s.constant(s.rng.normal(size=16) * first),
        pads=[0, 0, 1, 1],
        strides=[2, 2],
    )
    x = s.node("PRelu", x, s.weight(16, 1, 1, low=-1, high=3))
    depthwise = s.constant(weight[1] * (second / first)[:, None, None, None])
    x = s.node("Relu", s.node("Conv", x, depthwise, group=16, pads=[1, 1, 1, 1]))
    x = s.node("Conv", x, s.constant(weight[2] / second[None, :, None, None]))
    x = s.node("Conv", x, s.weight(24, 16, 8, 8))
    return s.save(path, s.node("Flatten", x), 24)


def crowded(path):
    """Spans between what must close them, and weights that two layers share."""
    s = Sketch(SIDE)
    shared = s.weight(4, 4, 3, 3)
    bn = [s.weight(4, low=0.5, high=1.5), s.weight(4), s.weight(4), s.weight(4, low=0.5, high=2)]
    first = s.node("Conv", "picture", s.weight(4, 3, 3, 3), s.weight(4))  # n1: closed by n2
    x = s.node("PRelu", s.node("BatchNormalization", first, *bn), s.weight(4, 1, 1))  # n2, n3
    x = s.node("Relu", s.node("Conv", x, shared, pads=[1, 1, 1, 1]))  # n4, n5
    x = s.node("Conv", x, shared, pads=[1, 1, 1, 1])  # n6: closed by n8
    both = s.node("Add", x, s.node("Conv", first, s.weight(4, 4, 1, 1)))  # n7, n8
    x = s.node("Clip", s.node("Conv", x, s.weight(4, 4, 1, 1)), s.constant(0.0), s.constant(6.0))
    cut = s.node("Conv", x, s.weight(4, 4, 1, 1))  # n11, which reads n9 through n10, a Clip
    x = s.node("Add", cut, s.node("Conv", both, s.weight(4, 4, 1, 1)))  # n12, n13
    x = s.node("Conv", x, s.weight(6, 4, 1, 1))  # n14
    x = s.node("MaxPool", x, kernel_shape=[2, 2], strides=[2, 2])  # n15
    x = s.node("Conv", x, s.weight(12, 1, 3, 3), s.weight(12), group=6)  # n16: two for each channel
    gate = s.node("Conv", s.node("GlobalAveragePool", x), s.weight(5, 12, 1, 1))  # n17, n18
    gate = s.node("Conv", s.node("Sigmoid", gate), s.weight(5, 5, 1, 1))  # n19, n20
    x = s.node("Mul", s.node("Conv", x, s.weight(5, 12, 1, 1)), gate)  # n21, n22
    return s.save(path, s.node("Flatten", s.node("GlobalAveragePool", x)), 5)


def run(model, *names):
    """Its answers, or other tensors of it, for each picture."""
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3  # it would tell of the weights that are no longer used
    model.graph.output.extend(onnx.ValueInfoProto(name=name) for name in names)
    session = onnxruntime.InferenceSession(model.SerializeToString(), options)
    return [session.run(names or None, {"picture": one[None]}) for one in PICTURES]


@pytest.mark.parametrize("sketch", [uneven, crowded])
def test_the_answers_stay_and_the_weights_do_not(sketch, tmp_path):
    model = read_onnx(sketch(tmp_path / "net.onnx"))
    made = equalized(model, PICTURES)
    onnx.checker.check_model(made)
    assert np.array(run(made)) == pytest.approx(np.array(run(model)), rel=1e-4, abs=1e-5)
    kernel = next(node for node in made.graph.node if node.op_type == "Conv").input[1]
    assert kernel not in {weight.name for weight in model.graph.initializer}


def test_a_span_goes_from_a_layer_to_the_convolutions_that_alone_read_it(tmp_path):
    model = read_onnx(crowded(tmp_path / "net.onnx"))
    found = [
        [*span.tensors, "to", *(reader.output[0] for reader in span.readers)]
        for span in spans_of(model, constants_of(model))
    ]
    assert [[name.partition("/")[0] for name in span] for span in found] == [
        ["n2", "n3", "to", "n4"],
        ["n4", "n5", "to", "n6"],
        ["n14", "n15", "to", "n16"],
        ["n16", "n17", "to", "n18", "n21"],
    ]


def test_what_the_network_answers_is_in_no_span(tmp_path):
    model = read_onnx(crowded(tmp_path / "net.onnx"))
    before = spans_of(model, constants_of(model))
    model.graph.output.append(onnx.ValueInfoProto(name=before[0].tensors[0]))
    after = spans_of(model, constants_of(model))
    assert [span.tensors for span in after] == [span.tensors for span in before[1:]]


def test_all_channels_go_as_far_where_only_a_depthwise_layer_reads_them(tmp_path):
    model = read_onnx(uneven(tmp_path / "net.onnx"))
    (first, *_) = spans_of(model, constants_of(model))

    def range_by_channel(network):
        ranges = [
            np.max([np.abs(one).max(axis=(0, 2, 3)) for one in tensor], axis=0)
            for tensor in zip(*run(network, *first.tensors), strict=True)
        ]
        return np.max([one / one.max() for one in ranges], axis=0)

    made = equalized(model, PICTURES)
    assert range_by_channel(model).min() < 0.01
    assert range_by_channel(made) == pytest.approx(np.ones(16), rel=1e-3)


def test_weights_with_a_scale_for_each_channel_take_all_of_the_unevenness():
    loud = np.array([1.0, 4.0, 100.0])
    depthwise, full = np.ones((3, 1, 3, 3)), np.ones((2, 3, 1, 1))
    assert scales_of([loud, loud * 7], [depthwise]) == pytest.approx([0.25, 1, 25])
    assert scales_of([loud], [depthwise, full]) == pytest.approx([0.5, 1, 5])
    full[:, 1] = 0.04  # so small that they can bear more of it
    assert scales_of([loud], [full]) == pytest.approx(np.array([1, 10, 10]) / 10)


def test_a_channel_that_no_picture_woke_keeps_its_weights():
    scales = scales_of([np.array([0.0, 1e-7, 2.0, 8.0])], [np.ones((4, 1, 3, 3))])
    assert scales == pytest.approx([1, 1, 0.4, 1.6])
    assert scales_of([np.zeros(3)], [np.ones((2, 3, 1, 1))]) == pytest.approx(np.ones(3))


def test_int8_holds_an_imported_network_of_uneven_channels(
    tmp_path, others_tar, faces, monkeypatch
):
    def imported(run):
        how = ["--preprocessing", "127.5", "--people", str(others_tar)]
        assert main(["import", str(tmp_path / "net.onnx"), "-o", str(tmp_path / run), *how]) == 0
        source = load_source(tmp_path / run)
        rounded = embedder(twin_to(INT8, source.twin, faces.crops[:20]))(faces.crops[20:40])
        return float(cosines(source.embed(faces.crops[20:40]), rounded).mean())

    uneven(tmp_path / "net.onnx")
    assert imported("equalized") > 0.99
    monkeypatch.setattr(importing, "equalized", lambda model, _: model)
    assert imported("as it was") < 0.9
