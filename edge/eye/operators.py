"""The operators of a TFLite file as the file itself lists them; nothing of it is run.

What no door may run is refused here, before an engine sees it (R4.6): engines take a network for
code that they trust. The schema that it is read by comes with LiteRT, whichever engine runs it.
"""

from __future__ import annotations

import math
import struct
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from edge.contract.errors import BundleError

# What a twin of `python -m train` or an imported one consists of after conversion.
ALLOWED = frozenset(
    {
        *("ADD", "AVERAGE_POOL_2D", "CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED", "LOGISTIC"),
        *("MAX_POOL_2D", "MEAN", "MUL", "PAD", "PRELU", "RELU", "RELU6", "RESHAPE"),
        *("RESIZE_BILINEAR", "STRIDED_SLICE"),  # of an imported one that sees a part of the crop
    }
)
_REMEDY = "use only layers that the presets of `python -m train` use, see docs/convert.md"
_OF_SHAPES = ("int32", "int64")  # a network of pictures computes no others of these
_MOST = 10_000  # tensors of a file, a hundred times those of a preset; more is an attack


@dataclass(frozen=True)
class Tensor:
    """kind: its type, as "int8". left_open: a part of its shape is known only while it runs.

    buffer: where its data lie. constant: how many bytes these are, 0 for what is computed.
    """

    name: str
    kind: str
    shape: tuple[int, ...]
    left_open: bool
    buffer: int
    constant: int


@dataclass(frozen=True)
class Operator:
    """One operator, in the order of the file.

    shape: of its output. macs: multiply-accumulates of one picture. weights: bytes of its
    constants; several operators may share some, and the first one is told to have them.
    outputs: the tensors that it computes, by number. delegated: whether the engine's delegate takes
    it, which the file does not know.
    """

    index: int
    name: str
    shape: tuple[int, ...]
    macs: int
    weights: int
    outputs: tuple[int, ...]
    delegated: bool = False


@dataclass(frozen=True)
class File:
    """A network of one graph, that is whole in itself and whose shapes are all known."""

    operators: tuple[Operator, ...]
    tensors: tuple[Tensor, ...]


def read(model: bytes) -> File:
    """What a TFLite file lists.

    Raises:
        BundleError: it is none, or it holds what must not reach a door: more than one graph,
            operators beside ALLOWED, data that lie elsewhere, shapes that are left open.
    """
    import ai_edge_litert.schema_py_generated as schema

    try:
        if not schema.Model.ModelBufferHasIdentifier(model, 0):
            raise ValueError("It does not begin as such a file does.")
        file = schema.Model.GetRootAs(model, 0)
        _require_one_graph(file)
        _require_whole(file)
        graph = file.Subgraphs(0)
        tensors = tuple(_tensors(file, graph))
        _require_fixed_shapes(tensors)
        return File(tuple(_operators(file, graph, tensors)), tensors)
    except (AttributeError, IndexError, TypeError, ValueError, struct.error) as e:
        raise BundleError(
            "the network is not a TFLite file that can be read",
            why=str(e),
            remedy="copy the bundle again; if that fails, run `convert` again",
        ) from e


def counted(operators: Iterable[Operator]) -> dict[str, int]:
    """How often each operator occurs, by name; as a manifest has it."""
    return dict(sorted(Counter(op.name for op in operators).items()))


def _require_one_graph(file: Any) -> None:  # noqa: ANN401 - the schema has no types
    if file.SubgraphsLength() != 1:
        raise BundleError(
            f"the network has {file.SubgraphsLength()} subgraphs instead of 1",
            why="Others run where nobody looks: in a branch, a loop, or under another name.",
            remedy=_REMEDY,
        )


def _require_whole(file: Any) -> None:  # noqa: ANN401 - as above
    """Nothing of it lies outside of the bytes that a bundle's manifest signs."""
    codes = [file.OperatorCodes(i) for i in range(_count(file.OperatorCodesLength()))]
    other = [code for code in codes if _name(code) not in ALLOWED]
    foreign = [_text(code.CustomCode()) or _name(code) for code in other]
    if foreign:
        raise BundleError(
            f"the network has operators that no door runs: {', '.join(map(repr, foreign))}",
            why=f"It may have {', '.join(sorted(ALLOWED))}.",
            remedy=_REMEDY,
        )
    buffers = [file.Buffers(i) for i in range(_count(file.BuffersLength()))]
    graph = file.Subgraphs(0)
    tensors = [graph.Tensors(i) for i in range(_count(graph.TensorsLength()))]
    elsewhere = sum(bool(b.Offset() or b.Size()) for b in buffers)
    # Schemas of older engines have no such field, and their engines no such data.
    elsewhere += sum(bool(getattr(t, "ExternalBuffer", int)()) for t in tensors)
    if elsewhere:
        raise BundleError(
            f"the data of {elsewhere} tensors lie outside of the network itself",
            why="What lies outside is not what was looked at.",
            remedy="convert to one file that holds its weights",
        )


def _require_fixed_shapes(tensors: Sequence[Tensor]) -> None:
    open_ones = [tensor.name for tensor in tensors if tensor.left_open]
    if open_ones:
        raise BundleError(
            f"{len(open_ones)} tensors have a shape that is left open, {open_ones[0]} first",
            why="The delegate takes no such network, and a door looks at one face at a time.",
            remedy="convert with a batch of one",
        )


def _tensors(file: Any, graph: Any) -> Iterable[Tensor]:  # noqa: ANN401 - as above
    for number in range(graph.TensorsLength()):
        tensor = graph.Tensors(number)
        shape = _numbers(tensor.ShapeAsNumpy())
        yield Tensor(
            _text(tensor.Name()),
            _word("TensorType", tensor.Type()).lower(),
            shape,
            min((*shape, *_numbers(tensor.ShapeSignatureAsNumpy())), default=0) < 0,
            tensor.Buffer(),
            file.Buffers(tensor.Buffer()).DataLength(),
        )


def _operators(file: Any, graph: Any, tensors: Sequence[Tensor]) -> Iterable[Operator]:  # noqa: ANN401
    known: set[int] = set()
    for number in range(_count(graph.OperatorsLength())):
        listed = graph.Operators(number)
        name = _name(file.OperatorCodes(listed.OpcodeIndex()))
        inputs = [tensors[i] for i in _numbers(listed.InputsAsNumpy()) if i >= 0]  # -1: left out
        outputs = _numbers(listed.OutputsAsNumpy())
        made = tensors[outputs[0]]
        if any(tensors[i].kind in _OF_SHAPES for i in outputs):
            raise BundleError(
                f"operator {number}, {name}, computes whole numbers, as of a shape",
                why="Shapes must be known before the network runs.",
                remedy="convert with a batch of one, and use only layers that presets use",
            )
        own = {t.buffer: t.constant for t in inputs if t.buffer not in known}
        known |= own.keys()
        macs = math.prod(made.shape) * _macs_per_output(name, inputs)
        yield Operator(number, name, made.shape, macs, sum(own.values()), outputs)


def _macs_per_output(name: str, inputs: Sequence[Tensor]) -> int:
    """Kernels are (out, height, width, in), depthwise (1, height, width, out), dense (out, in)."""
    if name == "CONV_2D":
        return math.prod(inputs[1].shape[1:])
    if name == "DEPTHWISE_CONV_2D":
        return math.prod(inputs[1].shape[1:3])
    return inputs[1].shape[-1] if name == "FULLY_CONNECTED" else 0


def _name(code: Any) -> str:  # noqa: ANN401 - as above
    # Files for old engines hold the number in the older field alone.
    return _word("BuiltinOperator", max(code.BuiltinCode(), code.DeprecatedBuiltinCode()))


def _word(enum: str, number: int) -> str:
    word = _words(enum).get(number)
    if word is None:
        raise ValueError(f"It has a {enum} of the unknown number {number}.")
    return word


@cache
def _words(enum: str) -> dict[int, str]:
    """An enum of the schema by its numbers."""
    import ai_edge_litert.schema_py_generated as schema

    named = vars(getattr(schema, enum)).items()
    return {number: word for word, number in named if not word.startswith("_")}


def _numbers(array: Any) -> tuple[int, ...]:  # noqa: ANN401 - an array, or 0 for none
    return () if isinstance(array, int) else tuple(int(n) for n in array)


def _text(raw: bytes | None) -> str:
    return (raw or b"").decode()


def _count(length: int) -> int:
    if length > _MOST:
        raise ValueError(f"It has {length} parts of a kind, more than {_MOST}.")
    return length
