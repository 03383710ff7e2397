"""Trained face networks that answer what the student should: maps at the joints, embeddings."""

from __future__ import annotations

import hashlib
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

    def __init__(self, path: Path, *, threads: int = 1) -> None:
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
        self._session = _session(model.SerializeToString(), threads)

    def answer(self, crops: NDArray[np.uint8]) -> dict[str, NDArray[np.float32]]:
        """Crops (n, 112, 112, 3) uint8 -> maps (n, h, w, channels) by joint, "embedding" (n, d).

        Embeddings have unit length.
        """
        *maps, embedding = self._session.run(
            [*JOINTS.values(), "embedding"], {"input": _for_mobilefacenet(crops)}
        )
        answers = {
            joint: np.ascontiguousarray(found.transpose(0, 2, 3, 1))
            for joint, found in zip(JOINTS, maps, strict=True)
        }
        answers["embedding"] = _unit(embedding)
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
        session, side = self._opened()
        parts = []
        for at in watched(range(0, len(crops), batch), self.path.name):
            seen = crops[at : at + batch]
            views = (seen, seen[:, :, ::-1])
            answers = [session.run(["embedding"], {"input": _PREPARE[side](v)})[0] for v in views]
            parts.append(_unit(_unit(answers[0]) + _unit(answers[1])))
        return np.concatenate(parts)

    def dimensions(self) -> int:
        """Of an embedding. Raises: as `embed`."""
        return int(self._opened()[0].get_outputs()[0].shape[-1])

    def _opened(self):  # noqa: ANN202 - onnxruntime is imported by `_session` only
        """(session, side of its input)."""
        session = _session(_present(self.path).read_bytes(), 1)
        side = session.get_inputs()[0].shape[-1]
        if side not in _PREPARE:
            raise DataError(
                f"{self.path}: takes pictures of {side} px",
                remedy="name a MobileFaceNet (112 px) or face-reidentification-retail-0095 (128)",
            )
        return session, side


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


def _session(model: bytes, threads: int):  # noqa: ANN202 - onnxruntime is imported here only
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])


def _unit(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
