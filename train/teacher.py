"""Trained face networks that answer what the student should: maps at the joints, embeddings."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from edge.contract.errors import DataError, MissingError
from train.progress import watched

# Statistics of ImageNet: what this family of teachers was trained with.
_MEAN = np.array([0.485, 0.456, 0.406], np.float32) * 255
_SD = np.array([0.229, 0.224, 0.225], np.float32) * 255

# Our joint -> the name of MobileFaceNet's map there.
JOINTS = {"joint28": "block04", "joint14": "block11", "joint7": "block14"}

# The least-squares similarity between our template and the tighter one, 128 px, of Open Model Zoo's
# face-reidentification-retail-0095.
_TO_RETAIL = np.array(
    [[1.21663790, 0.00024131, -4.14602012], [-0.00024131, 1.21663790, -5.29137297]]
)


class Teacher:
    """MobileFaceNet as ONNX with named stages (NCHW, RGB, 112x112)."""

    def __init__(self, path: Path) -> None:
        # Only distillation needs it.
        import onnx

        model = onnx.load(str(_present(path)))
        shapes = {info.name: info for info in model.graph.value_info}
        missing = [name for name in JOINTS.values() if name not in shapes]
        if missing:
            raise DataError(
                f"{path}: no map named {missing[0]!r}",
                remedy="the teacher must be a MobileFaceNet with stages named block00 to block14",
            )
        model.graph.output.extend(shapes[name] for name in JOINTS.values())
        self._network = _Network(model.SerializeToString(), rough=True)

    def answer(self, crops: NDArray[np.uint8]) -> dict[str, NDArray[np.float32]]:
        """Crops (n, 112, 112, 3) uint8 -> maps (n, h, w, channels) by joint, "embedding" (n, d).

        Embeddings have unit length.
        """
        *maps, embedding = self._network.answer(
            _for_mobilefacenet(crops), (*JOINTS.values(), "embedding")
        )
        answers = {
            joint: np.ascontiguousarray(found.transpose(0, 2, 3, 1))
            for joint, found in zip(JOINTS, maps, strict=True)
        }
        answers["embedding"] = unit(embedding)
        return answers


@dataclass(frozen=True)
class Embedder:
    """A network that gives embeddings only, and how much they count beside others.

    Known by its input: 112x112, MobileFaceNet as above; 128x128, Open Model Zoo's
    face-reidentification-retail-0095.
    """

    path: Path
    weight: float = 1.0

    def digest(self) -> str:
        return hashlib.sha256(_present(self.path).read_bytes()).hexdigest()

    def embed(self, crops: NDArray[np.uint8], *, batch: int = 32) -> NDArray[np.float32]:
        """(n, 112, 112, 3) uint8 -> (n, d) of unit length, the mean over picture and mirror image.

        Raises:
            MissingError, DataError: no such file, or a network of neither kind.
        """
        look = self.opened()
        parts = []
        for at in watched(range(0, len(crops), batch), self.path.name):
            seen = crops[at : at + batch]
            parts.append(unit(look(seen) + look(seen[:, :, ::-1])))
        return np.concatenate(parts)

    def dimensions(self) -> int:
        """Of an embedding. Raises: as `embed`."""
        return self._network().outputs

    def opened(self, *, rough: bool = False) -> Callable[[NDArray[np.uint8]], NDArray[np.float32]]:
        """What embeds a batch in one look: (n, 112, 112, 3) uint8 -> (n, d) of unit length.

        rough: as of `_Network`. Raises: as `embed`.
        """
        network = self._network(rough=rough)
        prepare = _PREPARE[network.side]
        return lambda crops: unit(network.answer(prepare(crops), ("embedding",))[0])

    def _network(self, *, rough: bool = False) -> _Network:
        network = _Network(_present(self.path).read_bytes(), rough=rough)
        if network.side not in _PREPARE:
            raise DataError(
                f"{self.path}: takes pictures of {network.side} px",
                remedy="name a MobileFaceNet (112 px) or face-reidentification-retail-0095 (128)",
            )
        return network


def _for_mobilefacenet(crops: NDArray[np.uint8]) -> NDArray[np.float32]:
    return np.ascontiguousarray(((crops - _MEAN) / _SD).transpose(0, 3, 1, 2), np.float32)


def _for_retail(crops: NDArray[np.uint8]) -> NDArray[np.float32]:
    how = {"flags": cv2.INTER_CUBIC, "borderMode": cv2.BORDER_REPLICATE}
    closer = [cv2.warpAffine(c[..., ::-1].copy(), _TO_RETAIL, (128, 128), **how) for c in crops]
    return np.ascontiguousarray(np.stack(closer).transpose(0, 3, 1, 2), np.float32)


_PREPARE = {112: _for_mobilefacenet, 128: _for_retail}


def _present(path: Path) -> Path:
    if not path.is_file():
        raise MissingError(f"{path}: not there", remedy="name the teacher's .onnx file")
    return path


class _Network:
    """An ONNX network in OpenVINO, which answers as onnxruntime does, up to four times as fast.

    rough: in bfloat16 where the machine can; half the time, and the cosine to the exact answer is
    0.998: for what is made anew for every picture, not for what is kept.
    """

    def __init__(self, model: bytes, *, rough: bool = False) -> None:
        # Only distillation needs it.
        import openvino

        self._core = openvino.Core()
        self._model = self._core.read_model(model, b"")
        self._how = {} if rough else {"INFERENCE_PRECISION_HINT": "f32"}
        self._compiled: dict[int, openvino.CompiledModel] = {}
        self.side = int(self._model.inputs[0].partial_shape[-1].get_length())
        self.outputs = int(self._model.output("embedding").partial_shape[-1].get_length())

    def answer(
        self, pictures: NDArray[np.float32], names: Sequence[str]
    ) -> list[NDArray[np.float32]]:
        """(n, 3, side, side) -> the outputs of these names."""
        batch = len(pictures)
        if batch not in self._compiled:
            model = self._model.clone()
            model.reshape({0: list(pictures.shape)})
            self._compiled[batch] = self._core.compile_model(model, "CPU", self._how)
        compiled = self._compiled[batch]
        answers = compiled([pictures])
        return [np.array(answers[compiled.output(name)]) for name in names]


def unit(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """(n, d) -> the same directions, of length 1."""
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), np.float32)
