"""A worker: face_recognition as its users call it: HOG, five points, ResNet, ten people known."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from bench.worker import answer

KNOWN = 10


def make(folder: Path) -> Mapping[str, Callable[[int], object]]:
    """A whole look at a frame that is in memory, and its two halves."""
    import warnings

    warnings.simplefilter("ignore")  # pkg_resources, which its models are found with
    import face_recognition
    import numpy as np

    frames = [face_recognition.load_image_file(str(path)) for path in sorted(folder.glob("*.bmp"))]
    boxes = [face_recognition.face_locations(frame) for frame in frames]
    known = list(np.random.default_rng(0).normal(0.0, 0.1, (KNOWN, 128)))

    def press(number: int) -> str:
        frame = frames[number]
        found = face_recognition.face_locations(frame)
        codes = face_recognition.face_encodings(frame, found)
        return str([face_recognition.compare_faces(known, code) for code in codes])

    return {
        "locate": lambda number: face_recognition.face_locations(frames[number]),
        "embed": lambda number: face_recognition.face_encodings(frames[number], boxes[number]),
        f"press, {KNOWN} known": press,
    }


if __name__ == "__main__":
    sys.exit(answer(make))
