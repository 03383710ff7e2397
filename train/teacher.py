"""A trained face network that answers what the student should: maps at the joints, embedding."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edge.contract.errors import DataError, MissingError

# Statistics of ImageNet: what this family of teachers was trained with.
_MEAN = np.array([0.485, 0.456, 0.406], np.float32) * 255
_SD = np.array([0.229, 0.224, 0.225], np.float32) * 255

# Our joint -> the name of MobileFaceNet's map there.
JOINTS = {"joint28": "block04", "joint14": "block11", "joint7": "block14"}


class Teacher:
    """MobileFaceNet as ONNX with named stages (NCHW, RGB, 112x112)."""

    def __init__(self, path: Path, *, threads: int = 1) -> None:
        # Only distillation needs these two.
        import onnx
        import onnxruntime

        if not path.is_file():
            raise MissingError(f"{path}: not there", remedy="name the teacher's .onnx file")
        model = onnx.load(str(path))
        shapes = {info.name: info for info in model.graph.value_info}
        missing = [name for name in JOINTS.values() if name not in shapes]
        if missing:
            raise DataError(
                f"{path}: no map named {missing[0]!r}",
                remedy="the teacher must be a MobileFaceNet with stages named block00 to block14",
            )
        model.graph.output.extend(shapes[name] for name in JOINTS.values())
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        self._session = onnxruntime.InferenceSession(
            model.SerializeToString(), options, providers=["CPUExecutionProvider"]
        )

    def answer(self, crops: NDArray[np.uint8]) -> dict[str, NDArray[np.float32]]:
        """Crops (n, 112, 112, 3) uint8 -> maps (n, h, w, channels) by joint, "embedding" (n, d).

        Embeddings have unit length.
        """
        planes = np.ascontiguousarray(((crops - _MEAN) / _SD).transpose(0, 3, 1, 2), np.float32)
        *maps, embedding = self._session.run([*JOINTS.values(), "embedding"], {"input": planes})
        answers = {
            joint: np.ascontiguousarray(found.transpose(0, 2, 3, 1))
            for joint, found in zip(JOINTS, maps, strict=True)
        }
        answers["embedding"] = embedding / np.linalg.norm(embedding, axis=1, keepdims=True)
        return answers
