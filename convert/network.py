"""A converted network and the engine that runs it: what each operator costs, and who computes it.

With `convert.engine` the only file here that knows the engine, LiteRT with its XNNPACK delegate,
which thresholds are measured on; other engines round differently.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from edge.contract.errors import BundleError
from edge.eye.operators import Operator, counted, read
from train.quiet import quiet

_OF_INT8 = ("int8", "int32")  # int32: sums, biases, and constants like the sides of a padding


@dataclass(frozen=True)
class Network:
    """A network as this machine's engine takes it.

    foreign: tensors that a full-int8 network does not have. partitions: how many parts the delegate
    takes; more than one is cut by operators that it leaves to slow kernels.
    """

    operators: tuple[Operator, ...]
    foreign: tuple[str, ...]
    partitions: int

    @property
    def counts(self) -> Mapping[str, int]:
        """How often each operator occurs, by name."""
        return counted(self.operators)

    @property
    def fallback(self) -> tuple[str, ...]:
        """The operators that the delegate does not take."""
        return tuple(op.name for op in self.operators if not op.delegated)


def look(model: bytes) -> Network:
    """Read a network's operators, and ask the engine which of them its delegate takes.

    Raises:
        BundleError: what no door may run, see `read`, or the engine does not take it.
    """
    file = read(model)
    # Unless they are kept apart, the engine tells of one large operator in place of all delegated.
    apart = _nodes(load(model, experimental_disable_delegate_node_fusion=True))
    taken = {tensor for node in apart if _is_delegate(node) for tensor in node["outputs"]}
    return Network(
        tuple(replace(op, delegated=bool(taken & set(op.outputs))) for op in file.operators),
        tuple(f"{t.name} ({t.kind})" for t in file.tensors if t.kind not in _OF_INT8),
        sum(_is_delegate(node) for node in _nodes(load(model))),
    )


def load(model: bytes, **how: bool) -> Any:  # noqa: ANN401 - the engine has no types
    """An interpreter of LiteRT with the network in it, ready to run.

    Raises:
        BundleError: the engine does not take the bytes.
    """
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


def table(found: Sequence[Operator]) -> list[str]:
    """A line for each operator, 80 columns, and their sums."""
    lines = [f"{'':>3}  {'operator':<23} {'output':<15} {'MACs':>13} {'weights':>11}  delegate"]
    lines += [
        f"{op.index:>3}  {op.name:<23} {'x'.join(map(str, op.shape)):<15} {op.macs:>13,} "
        f"{op.weights:>11,}  {'yes' if op.delegated else 'NO'}"
        for op in found
    ]
    macs, weights = sum(op.macs for op in found), sum(op.weights for op in found)
    lines.append(f"{'':>3}  {'':<23} {'':<15} {macs:>13,} {weights:>11,}")
    taken = sum(op.delegated for op in found)
    lines.append(f"{len(found)} operators, {taken} of them in the int8 delegate; weights in bytes")
    return lines


def document(found: Sequence[Operator]) -> list[dict[str, Any]]:
    """The same for programs."""
    return [
        {
            "index": op.index,
            "operator": op.name,
            "output": list(op.shape),
            "macs": op.macs,
            "weight_bytes": op.weights,
            "delegated": op.delegated,
        }
        for op in found
    ]


def _nodes(engine: Any) -> list[dict[str, Any]]:  # noqa: ANN401 - as above
    return engine._get_ops_details()  # noqa: SLF001 - the engine has no public list


def _is_delegate(node: Mapping[str, Any]) -> bool:
    return bool(node["op_name"] == "DELEGATE")
