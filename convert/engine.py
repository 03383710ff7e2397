"""A converted network as a door would run it: its answers, its operators, and who computes them.

The only file here that knows the engine, LiteRT with its XNNPACK delegate, which thresholds are
measured on; other engines round differently.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from convert.quiet import quiet
from edge.contract.errors import BundleError
from edge.contract.matching import Quantization
from edge.contract.tensor import to_int8


@dataclass(frozen=True)
class Placement:
    """Where a network's operators run.

    operators: how often each occurs. fallback: those that the int8 delegate left to slow kernels.
    foreign: tensors that are neither int8 nor int32. partitions: parts that the delegate took.
    """

    operators: Mapping[str, int]
    fallback: tuple[str, ...]
    foreign: tuple[str, ...]
    partitions: int


class Twin:
    """An int8 twin, loaded from its bytes."""

    def __init__(self, model: bytes) -> None:
        """Raises: BundleError: the engine does not take the bytes for such a network."""
        self._model = model
        self._engine = _load(model)
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

    def placement(self) -> Placement:
        """Looked up with delegated operators kept apart, so that each can be told to be taken."""
        apart = load_apart(self._model)
        operators = apart._get_ops_details()  # noqa: SLF001 - the engine has no public list
        taken = {o for d in operators if d["op_name"] == "DELEGATE" for o in d["outputs"]}
        own = [d for d in operators if d["op_name"] != "DELEGATE"]
        fused = self._engine._get_ops_details()  # noqa: SLF001
        return Placement(
            operators=dict(sorted(Counter(d["op_name"] for d in own).items())),
            fallback=tuple(d["op_name"] for d in own if not taken & set(d["outputs"])),
            foreign=tuple(
                f"{t['name']} ({np.dtype(t['dtype']).name})"
                for t in apart.get_tensor_details()
                if t["dtype"] not in (np.int8, np.int32)
            ),
            partitions=sum(d["op_name"] == "DELEGATE" for d in fused),
        )


def head_distances(
    model: bytes, left: NDArray[np.float32], right: NDArray[np.float32]
) -> NDArray[np.float32]:
    """What the head's file says of pairs of embeddings (n, dimensions) float32 -> (n,)."""
    engine = _load(model)
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


def load_apart(model: bytes) -> Any:  # noqa: ANN401 - the engine has no types
    """The engine with delegated operators kept apart instead of fused, to look at them."""
    return _load(model, experimental_disable_delegate_node_fusion=True)


def engine_version() -> str:
    """Which engine the figures were measured with."""
    from importlib.metadata import version

    return f"ai-edge-litert {version('ai-edge-litert')}"


def _load(model: bytes, **how: bool) -> Any:  # noqa: ANN401 - the engine has no types
    from ai_edge_litert.interpreter import Interpreter

    try:
        with quiet():
            engine = Interpreter(model_content=model, num_threads=1, **how)
            engine.allocate_tensors()
    except (RuntimeError, UnicodeDecodeError, ValueError) as e:
        raise BundleError(
            "the engine cannot load the network", why=str(e), remedy="convert the network again"
        ) from e
    return engine


def _quantization(details: Mapping[str, Any]) -> Quantization:
    scale, zero_point = details["quantization"]
    return Quantization(float(scale), int(zero_point))
