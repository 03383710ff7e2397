"""The engine: the bundle's own network, run for real, by whichever engine is installed."""

from __future__ import annotations

import importlib.util
import io
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pytest

from edge.contract.bundle import EMBEDDING, HEAD, LEAST_COSINE, SELFTEST, load_bundle
from edge.contract.errors import EngineError
from edge.contract.matching import dequantize
from edge.contract.signing import UNCHECKED
from edge.contract.tensor import to_int8
from edge.eye.engine import VARIABLE, Engine
from edge.shipped import shipped

PACKAGES = {"ai-edge-litert": "ai_edge_litert", "tflite-runtime": "tflite_runtime"}
installed = {name: importlib.util.find_spec(module) for name, module in PACKAGES.items()}


@pytest.fixture(scope="module")
def bundle():
    return load_bundle(shipped("models", "faces"), UNCHECKED)


@pytest.fixture(scope="module")
def recorded(bundle):
    """Crops (n, 112, 112, 3) uint8 and what the network made of them, (n, dimensions) int8."""
    with np.load(io.BytesIO(bundle.files[SELFTEST]), allow_pickle=False) as arrays:
        return arrays["crops"], arrays["embeddings"]


def embed(engine, crops):
    return np.concatenate([engine.run(to_int8(crop)[None]) for crop in crops])


def cosines(bundle, a, b):
    a, b = (dequantize(rows, bundle.manifest.output_quantization) for rows in (a, b))
    return (a * b).sum(axis=1) / np.linalg.norm(a, axis=1) / np.linalg.norm(b, axis=1)


@pytest.fixture(params=PACKAGES)
def package(request, monkeypatch):
    """Each engine in turn, chosen as an owner would."""
    if not installed[request.param]:
        pytest.skip(f"{request.param} is not installed in this environment")
    monkeypatch.setenv(VARIABLE, request.param)
    return request.param


def test_an_engine_answers_as_recorded_when_the_bundle_was_made(package, bundle, recorded):
    engine = Engine(bundle.files[EMBEDDING])
    assert engine.name == f"{package} {version(package)}"
    assert engine.input_shape == bundle.manifest.input_shape
    assert engine.dimensions == bundle.manifest.dimensions
    crops, wanted = recorded
    found = embed(engine, crops)
    assert (found.shape, found.dtype) == (wanted.shape, np.int8)
    assert cosines(bundle, found, wanted).min() >= LEAST_COSINE
    # Two pictures, two answers: a network that collapsed would agree with its own record.
    assert cosines(bundle, found[:1], found[2:3]).max() < LEAST_COSINE


def test_both_engines_agree(bundle, recorded, monkeypatch):
    absent = [name for name, spec in installed.items() if not spec]
    if absent:
        pytest.skip(f"{', '.join(absent)} is not installed in this environment")
    answers = []
    for name in PACKAGES:
        monkeypatch.setenv(VARIABLE, name)
        answers.append(embed(Engine(bundle.files[EMBEDDING]), recorded[0]))
    assert cosines(bundle, *answers).min() >= LEAST_COSINE


def test_an_answer_is_the_callers_own_and_the_next_one_is_not_changed_by_it(bundle, recorded):
    engine = Engine(bundle.files[EMBEDDING])
    first = engine.run(to_int8(recorded[0][0])[None])
    kept = first.copy()
    first[:] = 0
    assert (engine.run(to_int8(recorded[0][0])[None]) == kept).all()


def test_no_thread_is_started(bundle, recorded):
    before = threads()
    engine = Engine(bundle.files[EMBEDDING])
    embed(engine, recorded[0])
    assert threads() == before
    del engine  # until here, or its threads would have ended with it


def threads():
    return sorted(task.name for task in Path("/proc/self/task").iterdir())


@pytest.mark.parametrize("shape", [(1, 112, 112, 1), (2, 112, 112, 3), (112, 112, 3), (0,)])
def test_a_tensor_that_does_not_fit_is_refused_and_the_engine_lives_on(bundle, recorded, shape):
    engine = Engine(bundle.files[EMBEDDING])
    with pytest.raises(EngineError) as refusal:
        engine.run(np.zeros(shape, np.int8))
    assert refusal.value.why
    assert embed(engine, recorded[0][:1]).any()


def test_floats_are_refused(bundle):
    with pytest.raises(EngineError):
        Engine(bundle.files[EMBEDDING]).run(np.zeros((1, 112, 112, 3), np.float32))


@pytest.mark.parametrize("model", [b"", b"no network at all", bytes(1000)])
def test_bytes_that_are_no_network_are_refused_with_a_remedy(model):
    with pytest.raises(EngineError, match="does not take") as refusal:
        Engine(model)
    assert "`convert`" in refusal.value.remedy


def test_a_network_of_another_kind_is_refused(bundle):
    with pytest.raises(EngineError, match="not int8") as refusal:
        Engine(bundle.files[HEAD])
    assert "float32" in refusal.value.why


def test_an_unknown_name_of_an_engine_is_refused_with_the_known_ones(bundle, monkeypatch):
    monkeypatch.setenv(VARIABLE, "onnx")
    with pytest.raises(EngineError, match="ONELOOK_ENGINE=onnx") as refusal:
        Engine(bundle.files[EMBEDDING])
    assert "ai-edge-litert, tflite-runtime" in refusal.value.remedy


def forget(monkeypatch, *modules):
    """Make Python find no such packages."""
    for module in modules:
        monkeypatch.setitem(sys.modules, module, None)
        monkeypatch.setitem(sys.modules, f"{module}.interpreter", None)


def test_without_any_engine_the_remedy_installs_one(bundle, monkeypatch):
    monkeypatch.delenv(VARIABLE, raising=False)
    forget(monkeypatch, *PACKAGES.values())
    with pytest.raises(EngineError, match="ai-edge-litert or tflite-runtime") as refusal:
        Engine(bundle.files[EMBEDDING])
    assert refusal.value.remedy.endswith("-m pip install ai-edge-litert")


def test_a_chosen_engine_that_is_not_installed_is_not_replaced_by_another(bundle, monkeypatch):
    monkeypatch.setenv(VARIABLE, "tflite-runtime")
    forget(monkeypatch, "tflite_runtime")
    with pytest.raises(EngineError, match="tflite-runtime is not installed"):
        Engine(bundle.files[EMBEDDING])


def test_without_litert_the_older_engine_is_taken(bundle, recorded, monkeypatch):
    if not installed["tflite-runtime"]:
        pytest.skip("tflite-runtime is not installed in this environment")
    monkeypatch.delenv(VARIABLE, raising=False)
    forget(monkeypatch, "ai_edge_litert")
    engine = Engine(bundle.files[EMBEDDING])
    assert engine.name.startswith("tflite-runtime ")
    assert embed(engine, recorded[0]).any()


@pytest.mark.parametrize(
    "fault", ["import numpy.nowhere", "raise ImportError('libfoo.so is missing')", "1"]
)
def test_an_engine_that_is_installed_and_broken_says_so(bundle, monkeypatch, tmp_path, fault):
    (tmp_path / "tflite_runtime").mkdir()
    (tmp_path / "tflite_runtime" / "__init__.py").touch()
    (tmp_path / "tflite_runtime" / "interpreter.py").write_text(fault)
    for module in ("tflite_runtime", "tflite_runtime.interpreter"):
        monkeypatch.delitem(sys.modules, module, raising=False)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setenv(VARIABLE, "tflite-runtime")
    with pytest.raises(EngineError, match="installed, and cannot be imported"):
        Engine(bundle.files[EMBEDDING])
    for module in ("tflite_runtime", "tflite_runtime.interpreter"):
        sys.modules.pop(module, None)


def test_loading_a_network_says_nothing_on_the_terminal(repository):
    code = (
        "import sys; from pathlib import Path; from edge.eye.engine import Engine;"
        "Engine(Path(sys.argv[1]).read_bytes())"
    )
    model = shipped("models", "faces", EMBEDDING)
    done = subprocess.run(
        [sys.executable, "-c", code, str(model)],
        cwd=repository,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
