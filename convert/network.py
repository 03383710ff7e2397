"""The operators of a converted network, one by one: what each costs and who computes it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from convert.engine import load_apart
from convert.errors import GateError

_CONVOLUTIONS = {"CONV_2D", "DEPTHWISE_CONV_2D"}
_WITH_WEIGHTS = _CONVOLUTIONS | {"FULLY_CONNECTED"}


@dataclass(frozen=True)
class Operator:
    """One operator in the order of the file.

    shape: of its output. macs: multiply-accumulates of one picture. weights: bytes of its
    constants. delegated: whether the int8 delegate takes it.
    """

    name: str
    shape: tuple[int, ...]
    macs: int
    weights: int
    delegated: bool


def operators(model: bytes) -> list[Operator]:
    """Look them up in the engine, with delegated operators kept apart.

    Raises:
        BundleError: the engine does not take the bytes. GateError: a shape is left open.
    """
    engine = load_apart(model)
    tensors = {t["index"]: t for t in engine.get_tensor_details()}
    _require_fixed_shapes(list(tensors.values()))
    details = engine._get_ops_details()  # noqa: SLF001 - the engine has no public list
    taken = {o for d in details if d["op_name"] == "DELEGATE" for o in d["outputs"]}
    return [
        _operator(d, tensors, delegated=bool(taken & set(d["outputs"])))
        for d in details
        if d["op_name"] != "DELEGATE"
    ]


def table(found: Sequence[Operator]) -> list[str]:
    """A line for each operator, 80 columns at most, and their sum."""
    lines = [f"{'operator':<22} {'output':<18} {'MACs':>12} {'weights':>10}  int8 delegate"]
    lines += [
        f"{op.name:<22} {'x'.join(map(str, op.shape)):<18} {op.macs:>12,} {op.weights:>10,}  "
        f"{'yes' if op.delegated else 'NO'}"
        for op in found
    ]
    macs, weights = sum(op.macs for op in found), sum(op.weights for op in found)
    taken = sum(op.delegated for op in found)
    lines.append(f"{len(found)} in all{'':<32} {macs:>13,} {weights:>10,}  {taken}")
    return lines


def document(found: Sequence[Operator]) -> list[dict[str, Any]]:
    """The same for programs."""
    return [
        {
            "operator": op.name,
            "output": list(op.shape),
            "macs": op.macs,
            "weight_bytes": op.weights,
            "delegated": op.delegated,
        }
        for op in found
    ]


def _operator(details: dict[str, Any], tensors: dict[int, Any], *, delegated: bool) -> Operator:
    name = details["op_name"]
    shape = tuple(int(n) for n in tensors[details["outputs"][0]]["shape"])
    constants = [tensors[i] for i in details["inputs"][1:] if i in tensors]
    if name not in _WITH_WEIGHTS:
        return Operator(name, shape, 0, 0, delegated)
    kernel = [int(n) for n in constants[0]["shape"]]
    # Kernels: (out, height, width, in), depthwise (1, height, width, out), dense (out, in).
    per_output = {
        "CONV_2D": lambda: math.prod(kernel[1:]),
        "DEPTHWISE_CONV_2D": lambda: kernel[1] * kernel[2],
        "FULLY_CONNECTED": lambda: kernel[1],
    }[name]()
    weights = sum(math.prod(t["shape"]) * np.dtype(t["dtype"]).itemsize for t in constants)
    return Operator(name, shape, math.prod(shape) * per_output, int(weights), delegated)


def _require_fixed_shapes(tensors: Sequence[dict[str, Any]]) -> None:
    open_ones = [t["name"] for t in tensors if (np.asarray(t["shape_signature"]) < 0).any()]
    if open_ones:
        raise GateError(
            f"{len(open_ones)} tensors have a shape that is left open, {open_ones[0]} first",
            why="The delegate takes no such network, and a door looks at one face at a time.",
            remedy="convert with a batch of one",
        )
