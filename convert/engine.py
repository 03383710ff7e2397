"""A converted network's answers: of an int8 twin as a door has it, of a head, of any variant."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from convert.network import load
from edge.contract.errors import BundleError
from edge.contract.matching import Quantization, dequantize
from edge.contract.tensor import to_float, to_int8

# What a twin's input is made of a crop with, by the input's type.
_PREPARED = {np.int8: to_int8, np.float32: to_float}


class Twin:
    """An int8 twin, loaded from its bytes."""

    def __init__(self, model: bytes) -> None:
        """Raises: BundleError: the engine does not take the bytes for such a network."""
        self._engine = load(model)
        (into,), (out,) = self._engine.get_input_details(), self._engine.get_output_details()
        if into["dtype"] != np.int8 or out["dtype"] != np.int8 or len(into["shape"]) != 4:
            raise BundleError(
                "the twin is not int8 from (1, height, width, channels) to (1, dimensions)",
                remedy="convert the network again",
            )
        self._into, self._out = into["index"], out["index"]
        height, width, channels = (int(n) for n in into["shape"][1:])
        self.input_shape = (height, width, channels)
        self.dimensions = int(out["shape"][-1])
        self.input_quantization = _quantization(into)
        self.output_quantization = _quantization(out)

    def embed(self, crops: NDArray[np.uint8]) -> NDArray[np.int8]:
        """Crops (n, height, width, channels) uint8 -> embeddings (n, dimensions) int8."""
        embeddings = np.empty((len(crops), self.dimensions), np.int8)
        for crop, embedding in zip(crops, embeddings, strict=True):
            self._engine.set_tensor(self._into, to_int8(crop)[None])
            self._engine.invoke()
            embedding[:] = self._engine.get_tensor(self._out)[0]
        return embeddings


def input_quantization(model: bytes) -> Quantization:
    """Of any network of one input. Raises: BundleError: the engine does not take it."""
    (into,) = load(model).get_input_details()
    return _quantization(into)


def embedder(model: bytes) -> Callable[[NDArray[np.uint8]], NDArray[np.float32]]:
    """A twin of any variant: crops (n, h, w, c) uint8 -> embeddings (n, dimensions) float32.

    To compare variants with; what the door runs are int8 twins, in `edge.eye.engine`.

    Raises:
        BundleError: the engine does not take it, or it is no twin of one picture.
    """
    engine = load(model)
    (into,), (out,) = engine.get_input_details(), engine.get_output_details()
    if len(into["shape"]) != 4 or into["dtype"] not in _PREPARED or into["shape"][0] != 1:
        raise BundleError(
            "the twin does not take one picture of int8 or float32",
            why=f"It takes {np.dtype(into['dtype']).name} {into['shape'].tolist()}.",
            remedy="convert the network again",
        )
    prepared, how = _PREPARED[into["dtype"]], _quantization(out)

    def embed(crops: NDArray[np.uint8]) -> NDArray[np.float32]:
        embeddings = np.empty((len(crops), out["shape"][-1]), np.float32)
        for crop, embedding in zip(crops, embeddings, strict=True):
            engine.set_tensor(into["index"], prepared(crop)[None])
            engine.invoke()
            answer = engine.get_tensor(out["index"])[0]
            embedding[:] = dequantize(answer, how) if answer.dtype == np.int8 else answer
        return embeddings

    return embed


def head_distances(
    model: bytes, left: NDArray[np.float32], right: NDArray[np.float32]
) -> NDArray[np.float32]:
    """What the head's file says of pairs of embeddings (n, dimensions) float32 -> (n,)."""
    engine = load(model)
    try:
        compare = engine.get_signature_runner("serving_default")
        batch = int(engine.get_input_details()[0]["shape"][0])
        answers = []
        for at in range(0, len(left), batch):
            pair = [side[at : at + batch] for side in (left, right)]
            fill = ((0, batch - len(pair[0])), (0, 0))
            padded = dict(zip(("left", "right"), (np.pad(s, fill) for s in pair), strict=True))
            (answer,) = compare(**padded).values()
            answers.append(answer[: len(pair[0]), 0])
    except (RuntimeError, TypeError, ValueError) as e:
        raise BundleError(
            "the head's file does not compare embeddings", why=str(e), remedy="convert again"
        ) from e
    return np.concatenate(answers)


def engine_version() -> str:
    """Which engine the figures were measured with."""
    from importlib.metadata import version

    return f"ai-edge-litert {version('ai-edge-litert')}"


def _quantization(details: Mapping[str, Any]) -> Quantization:
    scale, zero_point = details["quantization"]
    return Quantization(float(scale), int(zero_point))
