"""Networks by themselves on the door's runtime: ours, a well-known one, and plain products.

A plain product shows what the runtime reaches on this machine at all; a network's share of that is
what its shape leaves of it. Only the run itself is timed, no copy into or out of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from bench.clock import Figures, Timed, simple
from edge.contract.bundle import Bundle
from edge.eye.operators import read

GROUP = "networks"
OURS = {"embedding": "embedding.tflite", "finder": "finder.tflite", "pointer": "pointer.tflite"}
YARDSTICK = "MobileNetV2 1.0 224 int8"
PRODUCT_INT8, PRODUCT_FLOAT = "matrix product int8", "matrix product float"
CONVOLUTION_INT8 = "3x3 convolution int8"


@dataclass(frozen=True)
class Network:
    """A TFLite file. macs: multiply-accumulates of one run."""

    name: str
    model: bytes
    macs: int


def of_bundle(bundle: Bundle) -> list[Network]:
    """The three that our eye runs."""
    return [network(name, bundle.files[file]) for name, file in OURS.items()]


def network(name: str, model: bytes) -> Network:
    """With its cost counted from its own shapes."""
    return Network(name, model, sum(operator.macs for operator in read(model).operators))


def timed_networks(networks: list[Network], threads: int, label: str) -> list[Timed]:
    """Each as a measurable, with so many threads."""
    return [
        simple(one.name, GROUP, _loaded(one.model, threads).invoke, threads=label)
        for one in networks
    ]


def gmacs_per_s(macs: int, taken: Figures, threads: str) -> float:
    """10^9 multiply-accumulates a second, of the quickest round.

    Of one thread by its processor time, which nobody else's work is in; of several by the wall's
    clock, as their processor times add up.
    """
    return macs / (taken.cpu_min if threads == "one" else taken.wall_min) / 1e6


def _loaded(model: bytes, threads: int) -> Any:  # noqa: ANN401 - the engine has no types
    from ai_edge_litert.interpreter import Interpreter

    interpreter = Interpreter(model_content=model, num_threads=threads)
    interpreter.allocate_tensors()
    for one in interpreter.get_input_details():
        interpreter.set_tensor(one["index"], _random(one["shape"], np.dtype(one["dtype"])))
    return interpreter


def _random(shape: tuple[int, ...], dtype: np.dtype[Any]) -> np.ndarray[Any, Any]:
    rng = np.random.default_rng(0)
    if dtype == np.int8:
        return rng.integers(-128, 128, shape, np.int8)
    return rng.normal(size=shape).astype(dtype)
