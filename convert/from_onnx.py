"""An embedding network in ONNX -> the same in Keras, layer by layer, with its own weights.

ONNX counts channels first, Keras last; everything else is the same arithmetic. What int8 cannot
hold on a door is refused here, by the name of its node.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from edge.contract.errors import DataError

if TYPE_CHECKING:
    import keras
    from onnx import ModelProto, NodeProto

_CHANNELS_LAST = (0, 2, 3, 1)
# Of no effect once a network is trained.
_PASSED = frozenset({"Dropout", "Identity"})


@dataclass(frozen=True)
class _Made:
    """A tensor of the Keras network. map: the (h, w, c) of the map that it was flattened from."""

    tensor: Any
    map: tuple[int, int, int] | None = None


def read_onnx(path: Path) -> ModelProto:
    """The file. Raises: DataError: it is none, or its input is no picture."""
    import onnx

    try:
        model = onnx.load(str(path))
        onnx.checker.check_model(model)
    except Exception as e:  # protobuf and the checker raise what they like
        raise DataError(
            f"{path}: not an ONNX network that can be read",
            why=str(e).strip().splitlines()[0] if str(e).strip() else type(e).__name__,
            remedy="export it again",
        ) from e
    inputs = _inputs(model)
    shape = [d.dim_value for d in inputs[0].type.tensor_type.shape.dim] if inputs else []
    if len(inputs) != 1 or len(shape) != 4 or shape[1] != 3 or 0 in shape[2:]:
        raise DataError(
            f"{path}: takes {len(inputs)} inputs, the first of shape {shape}",
            remedy="name a network of one input (n, 3, height, width)",
        )
    return model


def side_of(model: ModelProto) -> tuple[int, int]:
    """Height and width of the pictures that it takes."""
    height, width = (d.dim_value for d in _inputs(model)[0].type.tensor_type.shape.dim[2:])
    return height, width


def to_keras(model: ModelProto) -> Callable[[keras.KerasTensor], keras.KerasTensor]:
    """What builds the network on a Keras tensor (n, h, w, 3): returns (n, dimensions).

    Raises:
        DataError: a node that cannot be translated, named.
    """
    constants = constants_of(model)
    nodes = [node for node in model.graph.node if node.output[0] not in constants]

    def build(x: keras.KerasTensor) -> keras.KerasTensor:
        made = {_inputs(model)[0].name: _Made(x)}
        for node in nodes:
            inputs = [made.get(name, constants.get(name)) for name in node.input if name]
            translate = _TRANSLATED.get(node.op_type)
            if translate is None:
                raise _refused(node, "int8 on a door has no such operator")
            try:
                made[node.output[0]] = translate(_Node(node), *inputs)
            except (AttributeError, IndexError, TypeError, ValueError) as e:
                raise _refused(node, str(e)) from e
        out = made[model.graph.output[0].name].tensor
        if len(out.shape) == 4 and tuple(out.shape[1:3]) == (1, 1):
            out = _layers().Flatten(name="embedding_flat")(out)
        if len(out.shape) != 2:
            raise DataError(
                f"the network ends in a tensor of shape {tuple(out.shape)}",
                remedy="export one that ends in (n, dimensions)",
            )
        return out

    return build


class _Node:
    """A node's name for Keras, and its attributes."""

    def __init__(self, node: NodeProto) -> None:
        from onnx import helper

        self.name = re.sub(r"[^A-Za-z0-9_.]+", "_", node.output[0]).strip("_") or "node"
        self._attributes = {a.name: helper.get_attribute_value(a) for a in node.attribute}

    def get(self, name: str, default: Any) -> Any:  # noqa: ANN401 - whatever ONNX holds
        return self._attributes.get(name, default)


def _conv(node: _Node, x: _Made, kernel: NDArray, bias: NDArray | None = None) -> _Made:
    out, per_group, height, width = kernel.shape
    groups, channels = node.get("group", 1), x.tensor.shape[-1]
    _require_plain(node)
    options = {
        "strides": tuple(node.get("strides", [1, 1])),
        "dilation_rate": tuple(node.get("dilations", [1, 1])),
        "use_bias": bias is not None,
        "name": node.name,
    }
    seen = _padded(node, x.tensor)
    if groups == 1:
        layer = _layers().Conv2D(out, (height, width), **options)
        weights = kernel.transpose(2, 3, 1, 0)
    elif groups == channels and per_group == 1:
        layer = _layers().DepthwiseConv2D(
            (height, width), depth_multiplier=out // channels, **options
        )
        weights = kernel.reshape(channels, out // channels, height, width).transpose(2, 3, 0, 1)
    else:
        raise ValueError(f"a convolution in {groups} groups; 1, or one for each channel, can be")
    return _Made(_weighted(layer, seen, weights, *([] if bias is None else [bias])))


def _padded(node: _Node, x: Any) -> Any:  # noqa: ANN401 - a Keras tensor
    top, left, bottom, right = node.get("pads", [0, 0, 0, 0])
    if not any((top, left, bottom, right)):
        return x
    name = f"{node.name}_pad"
    return _layers().ZeroPadding2D(((top, bottom), (left, right)), name=name)(x)


def _require_plain(node: _Node) -> None:
    if node.get("auto_pad", b"NOTSET") not in (b"NOTSET", b"VALID"):
        raise ValueError("padding that is left to the program; export it with numbers")


def _norm(  # noqa: PLR0913, PLR0917 - as ONNX has it
    node: _Node, x: _Made, scale: NDArray, shift: NDArray, mean: NDArray, variance: NDArray
) -> _Made:
    gain = scale / np.sqrt(variance + node.get("epsilon", 1e-5))
    return _affine(node, x, gain, shift - mean * gain)


def _affine(node: _Node, x: _Made, gain: NDArray, shift: NDArray) -> _Made:
    """By channel. As normalisation, which the converter folds into the layer before it."""
    channels = x.tensor.shape[-1]
    gain, shift = (np.broadcast_to(np.ravel(v), channels).astype(np.float32) for v in (gain, shift))
    layer = _layers().BatchNormalization(epsilon=0.0, name=node.name)
    zeros, ones = np.zeros(channels, np.float32), np.ones(channels, np.float32)
    made = _weighted(layer, x.tensor, gain, shift, zeros, ones)
    return _Made(made, x.map)


def _add(node: _Node, a: _Made | NDArray, b: _Made | NDArray) -> _Made:
    if isinstance(a, _Made) and isinstance(b, _Made):
        return _Made(_layers().Add(name=node.name)([a.tensor, b.tensor]))
    x, constant = (a, b) if isinstance(a, _Made) else (b, a)
    return _affine(node, x, np.ones(1), constant)


def _mul(node: _Node, a: _Made | NDArray, b: _Made | NDArray) -> _Made:
    if isinstance(a, _Made) and isinstance(b, _Made):
        return _Made(_layers().Multiply(name=node.name)([a.tensor, b.tensor]))
    x, constant = (a, b) if isinstance(a, _Made) else (b, a)
    return _affine(node, x, constant, np.zeros(1))


def _sub(node: _Node, x: _Made, constant: NDArray) -> _Made:
    return _affine(node, x, np.ones(1), -constant)


def _div(node: _Node, x: _Made, constant: NDArray) -> _Made:
    return _affine(node, x, 1.0 / constant, np.zeros(1))


def _clip(node: _Node, x: _Made, *ends: NDArray) -> _Made:
    low, high = [float(end) for end in ends] if ends else (node.get("min", 0), node.get("max", 6))
    if (low, high) != (0.0, 6.0):
        raise ValueError(f"a cut at {low:g} and {high:g}; 0 and 6 can be")
    return _Made(_layers().ReLU(6.0, name=node.name)(x.tensor))


def _relu(node: _Node, x: _Made) -> _Made:
    return _Made(_layers().ReLU(name=node.name)(x.tensor))


def _prelu(node: _Node, x: _Made, slope: NDArray) -> _Made:
    """relu(x) - slope relu(-x): the int8 delegate takes no PReLU, and no relu without a layer."""
    if len(x.tensor.shape) != 4:
        raise ValueError("a PReLU of a vector")
    channels = x.tensor.shape[-1]
    own = np.broadcast_to(np.ravel(slope), channels)
    above, below = (
        _layers().ReLU(name=f"{node.name}_{side}")(
            _by_channel(f"{node.name}_{side}_of", x.tensor, sign * np.ones(channels))
        )
        for side, sign in (("above", 1.0), ("below", -1.0))
    )
    scaled = _by_channel(f"{node.name}_slope", below, -own)
    return _Made(_layers().Add(name=node.name)([above, scaled]))


def _by_channel(name: str, x: Any, factor: NDArray) -> Any:  # noqa: ANN401 - a Keras tensor
    layer = _layers().DepthwiseConv2D(1, use_bias=False, name=name)
    return _weighted(layer, x, factor.reshape(1, 1, -1, 1))


def _sigmoid(node: _Node, x: _Made) -> _Made:
    return _Made(_layers().Activation("sigmoid", name=node.name)(x.tensor))


def _average_all(node: _Node, x: _Made) -> _Made:
    return _Made(_layers().GlobalAveragePooling2D(keepdims=True, name=node.name)(x.tensor))


def _average(node: _Node, x: _Made) -> _Made:
    return _pooled(node, x, _layers().AveragePooling2D)


def _maximum(node: _Node, x: _Made) -> _Made:
    return _pooled(node, x, _layers().MaxPooling2D)


def _pooled(node: _Node, x: _Made, kind: Callable[..., Any]) -> _Made:
    _require_plain(node)
    if any(node.get("pads", [0])):
        raise ValueError("pooling with a border")
    layer = kind(tuple(node.get("kernel_shape", None)), tuple(node.get("strides", [1, 1])))
    return _Made(layer(x.tensor))


def _flatten(node: _Node, x: _Made, *_: NDArray) -> _Made:
    if len(x.tensor.shape) == 2:
        return x
    _, height, width, channels = x.tensor.shape
    flat = _layers().Flatten(name=node.name)(x.tensor)
    return _Made(flat, (height, width, channels))


def _dense(node: _Node, x: _Made, matrix: NDArray, bias: NDArray | None = None) -> _Made:
    if node.get("transB", 0):
        matrix = matrix.T
    if node.get("transA", 0) or node.get("alpha", 1.0) != 1.0 or node.get("beta", 1.0) != 1.0:
        raise ValueError("a product of another form than x W + b")
    if x.map is not None:  # flattened channels last here, channels first there
        height, width, channels = x.map
        rows = matrix.reshape(channels, height, width, -1).transpose(1, 2, 0, 3)
        matrix = rows.reshape(height * width * channels, -1)
    layer = _layers().Dense(matrix.shape[1], use_bias=bias is not None, name=node.name)
    return _Made(_weighted(layer, x.tensor, matrix, *([] if bias is None else [np.ravel(bias)])))


def _same(_: _Node, x: _Made, *__: NDArray) -> _Made:
    return x


_TRANSLATED: Mapping[str, Callable[..., _Made]] = {
    "Add": _add,
    "AveragePool": _average,
    "BatchNormalization": _norm,
    "Clip": _clip,
    "Conv": _conv,
    "Div": _div,
    "Flatten": _flatten,
    "Gemm": _dense,
    "GlobalAveragePool": _average_all,
    "MatMul": _dense,
    "MaxPool": _maximum,
    "Mul": _mul,
    "PRelu": _prelu,
    "Relu": _relu,
    "Reshape": _flatten,
    "Sigmoid": _sigmoid,
    "Squeeze": _flatten,
    "Sub": _sub,
    **dict.fromkeys(_PASSED, _same),
}


def _weighted(layer: Any, x: Any, *weights: NDArray) -> Any:  # noqa: ANN401 - a Keras layer
    made = layer(x)
    layer.set_weights([np.asarray(w, np.float32) for w in weights])
    return made


def constants_of(model: ModelProto) -> dict[str, NDArray]:
    """Every tensor that is known before a picture is seen, computed by ONNX' own reference."""
    from onnx import numpy_helper
    from onnx.reference import ReferenceEvaluator

    known = {t.name: numpy_helper.to_array(t) for t in model.graph.initializer}
    for node in model.graph.node:
        if all(name in known for name in node.input if name):
            inputs = {name: known[name] for name in node.input if name}
            values = ReferenceEvaluator(node).run(None, inputs)
            known |= dict(zip(node.output, values, strict=True))
    return known


def _inputs(model: ModelProto) -> list[Any]:
    """Older files list their weights among the inputs."""
    weights = {t.name for t in model.graph.initializer}
    return [value for value in model.graph.input if value.name not in weights]


def _refused(node: NodeProto, why: str) -> DataError:
    return DataError(
        f"node {node.name or node.output[0]!r} ({node.op_type}) cannot be translated",
        why=f"{why[:1].upper()}{why[1:]}.",
        remedy=f"use a network of {', '.join(_names())}; a last normalisation is not needed",
    )


def _names() -> Iterator[str]:
    return iter(sorted(set(_TRANSLATED) - _PASSED))


def _layers() -> Any:  # noqa: ANN401 - keras is imported when it is needed
    from keras import layers

    return layers
