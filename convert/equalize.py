"""Cross-layer equalization: other weights for the same answers, with channels that suit int8.

int8 gives all channels of a tensor one scale. Where the loudest goes to 43 and most others to 1, as
before the last depthwise layer of face-reidentification-retail-0095, these are left with three of
128 steps. Between two convolutions a channel can be made quieter in the weights of the first, and
louder again in those of the second, for ReLU, PReLU and pooling let its scale pass (Nagel et al.
2019, arXiv 1906.04721, section 4.1). There it is the first one's weights that are made even. Here
weights have a scale for each output channel anyway, so it is the tensor between, as pictures show
it (Xiao et al. 2022, arXiv 2211.10438, section 4).
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from convert.from_onnx import constants_of

if TYPE_CHECKING:
    from onnx import ModelProto, NodeProto

# f(s x) = s f(x) for every s > 0 of a channel. Not Clip, whose 6 stays where it is; not Add, whose
# other tensor would have to be scaled alike.
_PASSING = frozenset(
    ("AveragePool", "Dropout", "GlobalAveragePool", "Identity", "MaxPool", "PRelu", "Relu")
)
# The output is proportional to inputs 1 and 2 together, whose first axis is its channels.
_SCALING = frozenset(("BatchNormalization", "Conv"))
# Of the loudest. A channel below is dead on these pictures; how loud others make it is not known.
_SILENT = 1e-4


@dataclass(frozen=True)
class Span:
    """Tensors of the same channels, from the layer that makes the first to those who read the last.

    first: its inputs 1 and 2 can be divided by channel. readers: convolutions, and nobody else.
    """

    first: NodeProto
    tensors: list[str]
    readers: list[NodeProto]


def equalized(model: ModelProto, pictures: NDArray[np.float32]) -> ModelProto:
    """A copy of the network that answers the same, with channels of even range in its spans.

    Args:
        model: as `from_onnx.read_onnx` returns it.
        pictures: (n, 3, height, width) as it wants them; the ranges are taken from these.
    """
    from onnx import numpy_helper

    constants = constants_of(model)
    made = _copy(model)
    weights = _own_weights(made, constants)
    spans = spans_of(made, constants.keys() | weights)
    loudness = _loudness(model, {name for span in spans for name in span.tensors}, pictures)
    for span in spans:
        scales = scales_of(
            [loudness[name] for name in span.tensors],
            [weights[reader.input[1]] for reader in span.readers],
        )
        for name in span.first.input[1:3]:
            weights[name] /= _by_output(scales, weights[name])
        for reader in span.readers:
            weights[reader.input[1]] *= _by_input(scales, weights[reader.input[1]])
    made.graph.initializer.extend(
        numpy_helper.from_array(values.astype(np.float32), name) for name, values in weights.items()
    )
    return made


def spans_of(model: ModelProto, constants: Container[str]) -> list[Span]:
    """Where the scale of a channel is free: what only convolutions read. In order."""
    spans: dict[str, Span] = {}  # by the name of each tensor
    read_otherwise = {value.name for value in model.graph.output}
    for node in model.graph.node:
        (out, *_), (into, *others) = node.output, list(node.input) or [""]
        span = spans.get(into)
        if _is_scaling(node, constants):
            if node.op_type == "Conv" and span is not None:
                span.readers.append(node)
            else:
                read_otherwise.add(into)
            spans[out] = Span(node, [out], [])
        elif node.op_type in _PASSING and span is not None:
            span.tensors.append(out)
            spans[out] = span
            read_otherwise.update(others)
        else:
            read_otherwise.update(node.input)
    return [
        span
        for name, span in spans.items()
        if name == span.tensors[0] and span.readers and read_otherwise.isdisjoint(span.tensors)
    ]


def scales_of(
    loudness: Iterable[NDArray[np.float64]], kernels: Iterable[NDArray[np.float64]]
) -> NDArray[np.float64]:
    """What each channel of a span is to be divided by, (channels,); about 1.

    Its loudness, if only depthwise convolutions read the span, whose weights have a scale for each
    channel. Those of other convolutions hold all channels on one scale, as the tensor does, so each
    of both gets half of the unevenness: the root of loudness / weight.

    Args:
        loudness: of each tensor, how far its channels go, (channels,).
        kernels: of each reader, (out, in of a group, height, width).
    """
    loud = np.max([_of_largest(one) for one in loudness], axis=0)
    weights = [np.abs(kernel).max(axis=(0, 2, 3)) for kernel in kernels if kernel.shape[1] > 1]
    weight = np.max([_of_largest(one) for one in weights] or [np.ones_like(loud)], axis=0)
    heard = (loud > _SILENT) & (weight > _SILENT)
    scales = np.divide(loud, weight, out=np.ones_like(loud), where=heard)
    if weights:
        scales = np.sqrt(scales)
    return np.where(heard, scales / np.median(scales[heard]), 1.0) if heard.any() else scales


def _of_largest(values: NDArray[np.float64]) -> NDArray[np.float64]:
    return values / max(float(values.max()), np.finfo(np.float32).tiny)


def _by_output(scales: NDArray[np.float64], values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Beside a kernel (out, in, height, width), or beside one number for each channel."""
    return scales.reshape(-1, *[1] * (values.ndim - 1))


def _by_input(scales: NDArray[np.float64], kernel: NDArray[np.float64]) -> NDArray[np.float64]:
    """Beside a kernel (out, in of a group, height, width), whose groups follow each other."""
    of_groups = scales.reshape(-1, kernel.shape[1])
    return np.repeat(of_groups, len(kernel) // len(of_groups), axis=0)[:, :, None, None]


def _is_scaling(node: NodeProto, constants: Container[str]) -> bool:
    return node.op_type in _SCALING and all(name in constants for name in node.input[1:])


def _copy(model: ModelProto) -> ModelProto:
    return type(model).FromString(model.SerializeToString())


def _own_weights(
    model: ModelProto, constants: Mapping[str, NDArray]
) -> dict[str, NDArray[np.float64]]:
    """Name other weights in each layer that can be scaled, in place; returns them by these names.

    Files may share a weight between layers. The network does not hold the new ones yet.
    """
    own = {}
    for node in model.graph.node:
        if _is_scaling(node, constants):
            for at, name in enumerate(node.input[1:3], start=1):
                node.input[at] = f"{node.output[0]}/equalized{at}"
                own[node.input[at]] = np.array(constants[name], np.float64)
    return own


def _loudness(
    model: ModelProto, names: Iterable[str], pictures: NDArray[np.float32]
) -> Mapping[str, NDArray[np.float64]]:
    """How far each channel of these tensors goes from 0 on the pictures, (channels,) by name."""
    import onnxruntime
    from onnx import ValueInfoProto

    wanted = sorted(names)
    if not wanted:
        return {}
    open_model = _copy(model)
    open_model.graph.output.extend(ValueInfoProto(name=name) for name in wanted)
    session = onnxruntime.InferenceSession(
        open_model.SerializeToString(), providers=["CPUExecutionProvider"]
    )
    (into,) = session.get_inputs()
    found = [
        [np.abs(tensor[0]).reshape(tensor.shape[1], -1).max(axis=1) for tensor in answer]
        for answer in (session.run(wanted, {into.name: one[None]}) for one in pictures)
    ]
    return {
        name: np.max(each, axis=0).astype(np.float64)
        for name, each in zip(wanted, zip(*found, strict=True), strict=True)
    }
