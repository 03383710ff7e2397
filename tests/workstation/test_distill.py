"""Learning from teachers: what a batch holds, what several teachers together want, a whole run."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from types import SimpleNamespace

import keras
import numpy as np
import pytest

from edge.contract.errors import DataError, MissingError
from train import goals as goals_module
from train.cli import main
from train.data import NOBODY
from train.distill import Lessons
from train.goals import Goals
from train.models import LAST_STAGE, build_siamese, embedding_of
from train.runs import load_network
from train.teacher import Embedder, Teacher

MAPS = {"block04": (64, 28), "block11": (128, 14), "block14": (128, 7)}


def onnx_network(path, side, dimensions, *, maps=MAPS, seed=0):
    """A made network: strided convolutions with named maps, the mean of the last one's channels."""
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    rng = np.random.default_rng(seed)
    nodes, weights, infos, at, channels, height = [], [], [], "input", 3, side
    for name, (wide, high) in maps.items():
        kernel = rng.normal(0, 0.2, (wide, channels, 1, 1)).astype(np.float32)
        weights.append(numpy_helper.from_array(kernel, f"{name}_kernel"))
        stride = height // high
        nodes.append(helper.make_node("Conv", [at, f"{name}_kernel"], [name], strides=[stride] * 2))
        infos.append(
            helper.make_tensor_value_info(name, TensorProto.FLOAT, ["n", wide, high, high])
        )
        at, channels, height = name, wide, high
    matrix = rng.normal(0, 0.2, (channels, dimensions)).astype(np.float32)
    weights.append(numpy_helper.from_array(matrix, "matrix"))
    nodes += [
        helper.make_node("GlobalAveragePool", [at], ["pooled"]),
        helper.make_node("Flatten", ["pooled"], ["flat"]),
        helper.make_node("Gemm", ["flat", "matrix"], ["embedding"]),
    ]
    graph = helper.make_graph(
        nodes,
        "made",
        [helper.make_tensor_value_info("input", TensorProto.FLOAT, ["n", 3, side, side])],
        [helper.make_tensor_value_info("embedding", TensorProto.FLOAT, ["n", dimensions])],
        weights,
        value_info=infos,
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    onnx.save(model, str(path))
    return path


@pytest.fixture(scope="module")
def teacher_file(tmp_path_factory):
    return onnx_network(tmp_path_factory.mktemp("teachers") / "a.onnx", 112, 128)


@pytest.fixture(scope="module")
def second_file(tmp_path_factory):
    maps = {"only": (16, 8)}
    return onnx_network(tmp_path_factory.mktemp("teachers") / "b.onnx", 128, 40, maps=maps, seed=1)


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache" / "onelook" / "goals"


def test_an_embedder_sees_picture_and_mirror_image_alike(teacher_file, second_file, faces):
    crops = faces.crops[:5]
    for file, dimensions in ((teacher_file, 128), (second_file, 40)):
        found = Embedder(file).embed(crops, batch=2)
        assert found.shape == (5, dimensions)
        assert np.linalg.norm(found, axis=1) == pytest.approx(1.0)
        assert Embedder(file).embed(crops[:, :, ::-1]) == pytest.approx(found, abs=2e-3)


def test_a_network_that_is_no_teacher_is_named(tmp_path, second_file):
    with pytest.raises(MissingError, match=r"nobody\.onnx: not there"):
        Embedder(tmp_path / "nobody.onnx").digest()
    other = onnx_network(tmp_path / "other.onnx", 64, 8, maps={"only": (4, 4)})
    with pytest.raises(DataError, match="takes pictures of 64 px"):
        Embedder(other).embed(np.zeros((1, 112, 112, 3), np.uint8))
    with pytest.raises(DataError, match="no map named 'block04'"):
        Teacher(second_file)


def test_goals_keep_who_is_alike_and_are_read_from_the_disk_next_time(
    teacher_file, second_file, faces, cache, monkeypatch
):
    crops = faces.crops[::4]
    teachers = [Embedder(teacher_file), Embedder(second_file, 1.25)]
    goals = Goals(crops, teachers, 24)
    found = goals.kept
    assert found.shape == (len(crops), 24)
    assert np.linalg.norm(found, axis=1) == pytest.approx(1.0)
    # What all have in common is gone, and the first components hold nearly all that is left.
    assert np.linalg.norm(found.mean(axis=0)) < 0.2
    joined = np.concatenate([t.weight * t.embed(crops) for t in teachers], axis=1)
    joined -= joined.mean(axis=0)
    joined /= np.linalg.norm(joined, axis=1, keepdims=True)
    assert np.corrcoef((joined @ joined.T).ravel(), (found @ found.T).ravel())[0, 1] > 0.98

    # Asked anew, of the picture as it is seen, the goal is about the same; of its mirror image too.
    for seen in (crops, crops[:, :, ::-1]):
        assert (goals.of(seen) * found).sum(axis=1).mean() > 0.9

    assert len(list(cache.iterdir())) == 2
    monkeypatch.setattr(Embedder, "embed", None)  # nobody embeds again
    assert (Goals(crops, teachers, 24).kept == found).all()
    assert goals_module.cache_folder("goals") == cache


def test_a_batch_holds_the_goal_of_each_picture_and_no_blends(teacher_file, faces):
    teacher, count = Teacher(teacher_file), len(faces)
    wanted = SimpleNamespace(kept=np.eye(count, 128, dtype=np.float32)[:, :128])
    lessons = Lessons(faces, teacher, goals=wanted, batch=8, steps=3, seed=1)
    seen = set()
    for number in range(3):
        _, answers = lessons[number]
        assert answers["embedding"].shape == (8, 128)
        seen |= {int(row.argmax()) for row in answers["embedding"] if row.any()}
        assert answers["joint28"].shape == (8, 28, 28, 64)
    assert len(seen) > 4
    # Who a crop shows stands beside it, so that identities can be taught as well.
    _, answers = lessons[1]
    owners = {
        tuple(goal): owner for goal, owner in zip(wanted.kept.tolist(), faces.person, strict=True)
    }
    for goal, person in zip(answers["embedding"], answers["person"], strict=True):
        assert not goal.any() or person == owners[tuple(goal.tolist())]
    again = Lessons(faces, teacher, goals=wanted, batch=8, steps=3, seed=1)
    assert (again[2][0]["crops"] == lessons[2][0]["crops"]).all()


def test_goals_of_what_is_seen_belong_to_the_disturbed_batch_blends_too(teacher_file, faces):
    goals = Goals(faces.crops, [Embedder(teacher_file)], 24)
    lessons = Lessons(
        faces, Teacher(teacher_file), goals=goals, seen=True, batch=8, steps=9, seed=1
    )
    blends = 0
    for number in range(9):
        inputs, answers = lessons[number]
        seen = (np.asarray(inputs["crops"]) * 128 + 128).round().astype(np.uint8)
        assert answers["embedding"] == pytest.approx(goals.of(seen), abs=1e-4)
        blends += (answers["person"] == NOBODY).all()
    assert blends > 0


def test_a_run_from_two_teachers_goes_on_from_a_network(
    people_tar, teacher_file, second_file, tmp_path
):
    first = build_siamese("mobile")
    first.save(tmp_path / "first.keras")
    # At a rate of nothing nothing is learnt: the weights must be the given ones.
    code = main(
        [
            *("distill", "--data", str(people_tar), "--teacher", str(teacher_file)),
            *("--goals", str(teacher_file), f"{second_file}=1.25"),
            *("--begin-with", str(tmp_path / "first.keras"), "--held-out-share", "0.25"),
            *("--local", "0", "--whole", "1", "--steps", "1", "--batch", "4", "--whole-rate", "0"),
            *("--identities", "0.1", "--disturb", "door", "--seen", "--out", str(tmp_path / "run")),
        ]
    )
    assert code == 0
    made = load_network(tmp_path / "run" / "siamese.keras")
    config = json.loads((tmp_path / "run" / "config.json").read_text())
    assert sorted(config["goals"].values()) == [1.0, 1.25]
    assert (config["identities"], config["disturb"]) == (0.1, "door")
    assert len(config["begun_with_sha256"]) == 64
    for stage in ("stage28", "stage14", "stage7"):
        ours, theirs = (embedding_of(m).get_layer(stage).trainable_weights for m in (made, first))
        assert len(ours) == len(theirs) > 0
        for a, b in zip(ours, theirs, strict=True):
            assert np.array_equal(keras.ops.convert_to_numpy(a), keras.ops.convert_to_numpy(b))
    assert embedding_of(made).get_layer(LAST_STAGE)
    told = (tmp_path / "run" / "history-whole.csv").read_text().splitlines()
    identities = float(told[1].split(",")[told[0].split(",").index("identities")])
    # 36 people whom nothing tells apart yet, a margin of 0.35 at a scale of 30.
    assert 2.0 < identities < 30.0


BOTH = """
import keras, numpy as np
from train.norm import BatchNormalization
rng = np.random.default_rng(0)
for shape in ((8, 5, 5, 6), (16, 6)):
    x = rng.normal(2, 3, shape).astype("float32")
    plain, fused = keras.layers.BatchNormalization(momentum=0.9), BatchNormalization(momentum=0.9)
    for training in (True, True, False):
        a, b = (keras.ops.convert_to_numpy(n(x, training=training)) for n in (plain, fused))
        assert abs(a - b).max() < 1e-5
    for a, b in zip(plain.weights, fused.weights):
        assert abs(keras.ops.convert_to_numpy(a) - keras.ops.convert_to_numpy(b)).max() < 1e-5
print(keras.backend.backend())
"""


@pytest.mark.parametrize("backend", ["tensorflow", "torch"])
def test_the_fused_normalisation_is_kerass_own(backend, repository):
    if importlib.util.find_spec(backend) is None:
        pytest.skip(f"{backend} is not installed in this environment")
    done = subprocess.run(
        [sys.executable, "-c", BOTH],
        cwd=repository,
        env=os.environ | {"KERAS_BACKEND": backend},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout.strip() == backend, done.stderr
