"""Networks of others: the same answers in Keras, and the same way into a bundle."""

from __future__ import annotations

import json

import keras
import numpy as np
import pytest

from convert import from_onnx
from convert.cli import main
from convert.importing import PREPROCESSINGS
from edge.contract.bundle import load_bundle
from edge.contract.signing import UNCHECKED
from tests.workstation.conftest import FMR
from train.heads import embed
from train.models import embedding_of
from train.runs import load_run


class Sketch:
    """An ONNX network, written node by node."""

    def __init__(self, side=40):
        self.nodes, self.weights, self.side, self.count = [], [], side, 0
        self.rng = np.random.default_rng(5)

    def weight(self, *shape, low=-0.3, high=0.3):
        return self.constant(self.rng.uniform(low, high, shape))

    def constant(self, values):
        from onnx import numpy_helper

        name = f"w{len(self.weights)}"
        self.weights.append(numpy_helper.from_array(np.asarray(values, np.float32), name))
        return name

    def node(self, kind, *inputs, **attributes):
        from onnx import helper

        self.count += 1
        name = f"n{self.count}/{kind}"
        self.nodes.append(helper.make_node(kind, inputs, [name], name=name, **attributes))
        return name

    def save(self, path, last, dimensions):
        import onnx
        from onnx import TensorProto, helper

        shape = ["n", 3, self.side, self.side]
        graph = helper.make_graph(
            self.nodes,
            "sketch",
            [helper.make_tensor_value_info("picture", TensorProto.FLOAT, shape)],
            [helper.make_tensor_value_info(last, TensorProto.FLOAT, ["n", dimensions])],
            self.weights,
        )
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
        onnx.save(model, str(path))
        return path


def sketched(path, *, activation="Relu"):
    """Every operator that networks of faces are made of, and some that fold away."""
    s = Sketch()
    x = s.node(
        "Div", s.node("Sub", "picture", s.constant(3.0)), s.constant([[[2.0]], [[3]], [[4]]])
    )
    x = s.node("Conv", x, s.weight(8, 3, 3, 3), s.weight(8), strides=[2, 2], pads=[0, 0, 1, 1])
    bn = [s.weight(8, low=0.5, high=1.5), s.weight(8), s.weight(8), s.weight(8, low=0.5, high=2)]
    x = s.node("BatchNormalization", x, *bn, epsilon=1e-3)
    x = shortcut = s.node("PRelu", x, s.weight(8, 1, 1))
    x = s.node("Conv", x, s.weight(8, 1, 3, 3), group=8, pads=[1, 1, 1, 1])
    x = s.node("Clip", x, s.constant(0.0), s.constant(6.0))
    gate = s.node("Sigmoid", s.node("Conv", s.node("GlobalAveragePool", x), s.weight(8, 8, 1, 1)))
    x = s.node("Add", s.node("Mul", x, gate), shortcut)
    x = s.node("MaxPool", x, kernel_shape=[2, 2], strides=[2, 2])
    x = s.node("AveragePool", x, kernel_shape=[2, 2], strides=[2, 2])
    x = s.node(activation, s.node("Conv", x, s.node("Identity", s.weight(12, 8, 3, 3))))
    x = s.node("Gemm", s.node("Flatten", x), s.weight(16, 12 * 9), s.weight(16), transB=1)
    x = s.node("BatchNormalization", x, *(s.weight(16, low=0.5, high=1.5) for _ in range(4)))
    return s.save(path, x, 16)


@pytest.fixture
def given(others_tar):
    return "--people", str(others_tar), "--preprocessing", "127.5"


def test_every_layer_answers_as_it_did(tmp_path, given, capsys):
    net, run = sketched(tmp_path / "net.onnx"), tmp_path / "run"
    assert main(["import", str(net), "-o", str(run), *given, "--licence", "MIT", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["cosine_to_original"] > 0.999999
    assert document["dimensions"] == 16
    siamese, config = load_run(run)
    assert (config["licence"], config["data"]) == ("MIT", [])
    assert embedding_of(siamese).input_shape == (None, 112, 112, 3)


@pytest.mark.parametrize("preprocessing", PREPROCESSINGS)
def test_it_sees_the_part_of_the_crop_in_the_colours_that_it_wants(
    preprocessing, tmp_path, others_tar, faces
):
    import onnxruntime

    net, run = sketched(tmp_path / "net.onnx"), tmp_path / "run"
    how = ["--preprocessing", preprocessing, "--bgr", "--view", "30,20,40"]
    assert main(["import", str(net), "-o", str(run), "--people", str(others_tar), *how]) == 0
    crops = faces.crops[:6]
    mean, sd = PREPROCESSINGS[preprocessing]
    seen = (crops[:, 20:60, 30:70, ::-1] - np.array(mean)) / np.array(sd)  # 40 px: not enlarged
    session = onnxruntime.InferenceSession(net, providers=["CPUExecutionProvider"])
    wanted = session.run(None, {"picture": seen.transpose(0, 3, 1, 2).astype(np.float32)})[0]
    assert embed(load_run(run)[0], crops) == pytest.approx(wanted, rel=1e-3, abs=1e-3)


def test_a_layer_that_means_something_else_is_not_taken(tmp_path, given, capsys, monkeypatch):
    net = sketched(tmp_path / "net.onnx")
    wrong = dict(from_onnx._TRANSLATED, Sigmoid=from_onnx._same)
    monkeypatch.setattr(from_onnx, "_TRANSLATED", wrong)
    assert main(["import", str(net), "-o", str(tmp_path / "run"), *given]) == 1
    assert "answers otherwise" in capsys.readouterr().err
    assert not (tmp_path / "run").exists()


def test_what_int8_cannot_hold_is_named_with_its_layer(tmp_path, given, capsys):
    net = sketched(tmp_path / "net.onnx", activation="Softplus")
    assert main(["import", str(net), "-o", str(tmp_path / "run"), *given]) == 65
    said = capsys.readouterr().err
    assert "/Softplus' (Softplus) cannot be translated" in said
    assert "Traceback" not in said


@pytest.mark.parametrize(
    ("options", "refusal"),
    [
        (["nowhere.onnx"], (66, "not there")),
        (["torn.onnx"], (65, "not an ONNX network that can be read")),
        (["torn.keras"], (65, "not a Keras network that can be read")),
        (["net.onnx", "--view", "0,0,113"], (2, "--view")),
        (["net.onnx", "-o", "used"], (73, "holds a network already")),
    ],
)
def test_what_cannot_be_imported_is_one_error(options, refusal, tmp_path, given, capsys):
    sketched(tmp_path / "net.onnx")
    for torn in ("torn.onnx", "torn.keras"):
        (tmp_path / torn).write_text("no network")
    (tmp_path / "used").mkdir()
    (tmp_path / "used" / "siamese.keras").touch()
    named = ["-o", "run", *options]
    named = [str(tmp_path / o) if o.split(".")[0].isalpha() else o for o in named]
    assert main(["import", *named, *given]) == refusal[0]
    said = capsys.readouterr().err
    assert refusal[1] in said
    assert "Traceback" not in said
    assert not (tmp_path / "run").exists()


@pytest.fixture(scope="module")
def imported(siamese, others_tar, tmp_path_factory):
    """A Keras network of another project: our small trained twin, as if it were theirs."""
    folder = tmp_path_factory.mktemp("imported")
    crop = keras.Input((32, 32, 3))
    keras.Model(crop, embedding_of(siamese)(crop)).save(folder / "theirs.keras")
    how = ["--preprocessing", "128", "--people", str(others_tar)]
    assert main(["import", str(folder / "theirs.keras"), "-o", str(folder / "run"), *how]) == 0
    return folder / "run"


def test_a_network_of_others_goes_the_same_way_into_a_bundle(
    imported, others_tar, people_tar, tmp_path
):
    how = ["--people", str(others_tar), "--calibration", str(people_tar), *FMR]
    assert main(["build", str(imported), "-o", str(tmp_path / "bundle"), *how]) == 0
    manifest = load_bundle(tmp_path / "bundle", UNCHECKED).manifest
    assert manifest.input_shape == (112, 112, 3)  # a door cuts faces to this and to nothing else
    assert manifest.operators["RESIZE_BILINEAR"] == 1
    assert json.loads(manifest.provenance["run.network"]) == "theirs.keras"
    assert manifest.chosen_on.people + manifest.tested_on.people == 64
