"""A worker: OpenCV's own YuNet, then a face network that somebody has the file of.

SFace by OpenCV's own class; others, as teachers are, by onnxruntime on the same crop.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from bench.worker import answer

YUNET = "face_detection_yunet_2023mar.onnx"
SFACE = "face_recognition_sface_2021dec.onnx"
FOLDER = "BENCH_TEACHERS"
# File -> (what the rows call it, side of its input).
EMBEDDERS = {
    "mobilefacenet_foamliu.onnx": ("MobileFaceNet float", 112),
    "face-reidentification-retail-0095.onnx": ("retail-0095 float", 128),
}
_AT = (320, 240)  # as large as our finder's picture


def make(folder: Path) -> Mapping[str, Callable[[int], object]]:
    """By name: YuNet alone, and YuNet with each network whose file is there."""
    import cv2

    if os.environ.get("BENCH_THREADS"):
        cv2.setNumThreads(1)
    files = Path(os.environ[FOLDER])
    finder = cv2.FaceDetectorYN.create(str(files / YUNET), "", _AT, 0.6, 0.3, 500)
    frames = [cv2.imread(str(path)) for path in sorted(folder.glob("*.bmp"))]

    def locate(number: int) -> Any:  # noqa: ANN401 - rows of numbers, or None
        small = cv2.resize(frames[number], _AT, interpolation=cv2.INTER_AREA)
        return finder.detect(small)[1]

    works: dict[str, Callable[[int], object]] = {"YuNet": locate}
    if (files / SFACE).exists():
        recognizer = cv2.FaceRecognizerSF.create(str(files / SFACE), "")
        works["YuNet + SFace"] = partial(_sface, recognizer, frames, locate)
    for file, (name, side) in EMBEDDERS.items():
        if (files / file).exists():
            run = _session(files / file, side)
            works[f"YuNet + {name}"] = partial(_both, run, locate)
    return works


def _both(run: Callable[[], object], locate: Callable[[int], object], number: int) -> object:
    locate(number)
    return run()


def _sface(recognizer: Any, frames: list[Any], locate: Any, number: int) -> object:  # noqa: ANN401
    faces = locate(number)
    crop = recognizer.alignCrop(frames[number], faces[0])
    return recognizer.feature(crop)


def _session(path: Path, side: int) -> Callable[[], object]:
    import numpy as np
    import onnxruntime as ort

    options = ort.SessionOptions()
    options.log_severity_level = 3
    if os.environ.get("BENCH_THREADS"):
        options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = ort.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    crop = np.random.default_rng(0).normal(size=(1, 3, side, side)).astype(np.float32)
    into = session.get_inputs()[0].name
    return lambda: session.run(None, {into: crop})


if __name__ == "__main__":
    sys.exit(answer(make))
