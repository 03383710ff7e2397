"""The one file that imports an inference engine: LiteRT, or tflite-runtime where that is all."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge.contract.errors import EngineError

VARIABLE = "ONELOOK_ENGINE"
# The package's name -> the module of its interpreter; in the order in which they are tried.
_ENGINES = {
    "ai-edge-litert": "ai_edge_litert.interpreter",
    "tflite-runtime": "tflite_runtime.interpreter",
}
_CONVERT = "copy the bundle again; if that fails, run `convert` again"


class Engine:
    """A full-int8 network of one input and one output, loaded from its bytes.

    name: package and version of the engine that runs it.
    input_shape: height, width, channels.
    dimensions: of the embedding.
    """

    def __init__(self, model: bytes) -> None:
        """Load a network; $ONELOOK_ENGINE names the engine, else the first one installed is taken.

        Raises:
            EngineError: no such engine, or it does not take the bytes for a network of ours.
        """
        self._network = _Network(model)
        self.name, self.input_shape = self._network.name, self._network.input_shape
        shapes = self._network.output_shapes
        if [len(shape) for shape in shapes] != [2]:
            raise _unlike("(1, dimensions)", f"it has outputs of {shapes}")
        self.dimensions = shapes[0][1]

    def run(self, tensor: NDArray[np.int8]) -> NDArray[np.int8]:
        """One crop -> its embedding.

        Args:
            tensor: (1, height, width, channels) int8.

        Returns:
            (1, dimensions) int8, the caller's own.

        Raises:
            EngineError: the tensor does not fit, or the engine failed.
        """
        return self._network.run(tensor)[0]


class Maps:
    """A full-int8 network of one picture and several outputs, whose answers are real numbers."""

    def __init__(self, model: bytes) -> None:
        """Raises: EngineError: as of `Engine`."""
        self._network = _Network(model)
        self.name, self.input_shape = self._network.name, self._network.input_shape

    def run(self, tensor: NDArray[np.int8]) -> tuple[NDArray[np.float32], ...]:
        """(1, height, width, channels) int8 -> every output. Raises: EngineError: it failed."""
        answers = self._network.run(tensor)
        return tuple(
            np.float32(scale) * (answer.astype(np.float32) - np.float32(zero_point))
            for answer, (scale, zero_point) in zip(
                answers, self._network.output_quantization, strict=True
            )
        )


class _Network:
    """Either engine with a network of int8 from one picture to its outputs."""

    def __init__(self, model: bytes) -> None:
        package, interpreter = _interpreter()
        self.name = f"{package} {version(package)}"
        self._engine = _load(interpreter, model, self.name)
        inputs, outputs = self._engine.get_input_details(), self._engine.get_output_details()
        dtypes = {np.dtype(t["dtype"]) for t in (*inputs, *outputs)}
        if [len(t["shape"]) for t in inputs] != [4] or dtypes != {np.dtype(np.int8)}:
            shapes = [tuple(int(n) for n in t["shape"]) for t in (*inputs, *outputs)]
            kinds = [np.dtype(t["dtype"]) for t in (*inputs, *outputs)]
            have = ", ".join(f"{k} {s}" for k, s in zip(kinds, shapes, strict=True))
            raise _unlike("its outputs", f"it has {have}")
        self._into, self._out = inputs[0]["index"], [t["index"] for t in outputs]
        height, width, channels = (int(n) for n in inputs[0]["shape"][1:])
        self.input_shape = (height, width, channels)
        self.output_shapes = [tuple(int(n) for n in t["shape"]) for t in outputs]
        self.output_quantization = [t["quantization"] for t in outputs]

    def run(self, tensor: NDArray[np.int8]) -> list[NDArray[np.int8]]:
        """Copies of all outputs. Raises: EngineError: the tensor does not fit, or it failed."""
        try:
            self._engine.set_tensor(self._into, tensor)
            self._engine.invoke()
            return [np.asarray(self._engine.get_tensor(out), np.int8) for out in self._out]
        except Exception as e:
            raise EngineError(
                f"{self.name} could not run the network.",
                why=str(e),
                remedy="Start the eye again; if it fails again, copy or convert the bundle again.",
            ) from e


def _unlike(what: str, why: str) -> EngineError:
    return EngineError(
        f"the network is not int8 from (1, height, width, channels) to {what}",
        why=why,
        remedy=_CONVERT,
    )


def _interpreter() -> tuple[str, Any]:
    """The engine's package and its Interpreter class."""
    chosen = os.environ.get(VARIABLE, "")
    if chosen and chosen not in _ENGINES:
        raise EngineError(
            f"{VARIABLE}={chosen}: no engine of that name is known.",
            remedy=f"Set it to one of {', '.join(_ENGINES)}, or leave it out.",
        )
    for package in [chosen] if chosen else _ENGINES:
        try:
            return package, import_module(_ENGINES[package]).Interpreter
        except ModuleNotFoundError as e:
            if (e.name or "").partition(".")[0] != _ENGINES[package].partition(".")[0]:
                raise _broken(package, e) from e
        except (ImportError, AttributeError, SystemError) as e:
            raise _broken(package, e) from e
    wanted = chosen or " or ".join(_ENGINES)
    raise EngineError(
        f"no inference engine: {wanted} is not installed for this Python.",
        why=f"Looked for it with {sys.executable}.",
        remedy=f"Install it there: {sys.executable} -m pip install {chosen or 'ai-edge-litert'}",
    )


def _broken(package: str, error: Exception) -> EngineError:
    return EngineError(
        f"the inference engine {package} is installed, and cannot be imported.",
        why=f"{type(error).__name__}: {error}.",
        remedy="Install onelook again; tflite-runtime needs numpy below 2.",
    )


def _load(interpreter: Any, model: bytes, name: str) -> Any:  # noqa: ANN401 - the engines have no types
    # Engines say what is wrong with a model by a dozen kinds of exception, SystemError among them.
    try:
        with _quiet():
            engine = interpreter(model_content=model, num_threads=1)
            engine.allocate_tensors()
    except Exception as e:
        raise EngineError(
            f"{name} does not take the embedding network.", why=str(e), remedy=_CONVERT
        ) from e
    return engine


@contextmanager
def _quiet() -> Iterator[None]:
    """What native code writes to the terminal while it loads a network is of use to nobody."""
    sys.stderr.flush()
    kept = os.dup(2)
    try:
        with Path(os.devnull).open("wb") as sink:
            os.dup2(sink.fileno(), 2)
            yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
