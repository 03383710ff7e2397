"""Which of a workstation's modules eye and door import, from start to the end of a press.

Python itself writes down every import, native or not; OpenCV's own dnn part lies in its one
library, so there the question is whether our code calls it.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.press import Door
from edge.contract.bundle import Bundle

_VARIABLE = "PYTHONPROFILEIMPORTTIME"
_EDGE = Path(__file__).resolve().parent.parent / "edge"
NEVER = ("tensorflow", "keras", "matplotlib", "train", "convert", "bench")
_DNN = ("cv2.dnn", "readNet", "FaceDetectorYN", "FaceRecognizerSF")


def foreign_imports(bundle: Bundle, shown: Path) -> tuple[set[str], int]:
    """(those of NEVER that were imported, how many modules there were in all)."""
    with _told(), Door(bundle, shown) as door:
        door.play()
        modules = {module for log in door.logs() for module in _modules(log)}
    return {module for module in modules if module.partition(".")[0] in NEVER}, len(modules)


def dnn_users() -> list[str]:
    """Files of the door's program that name OpenCV's networks."""
    files = sorted(_EDGE.rglob("*.py"))
    return [str(f.relative_to(_EDGE)) for f in files if any(w in f.read_text() for w in _DNN)]


def _modules(log: str) -> Iterator[str]:
    for line in log.splitlines():
        if line.startswith("import time:"):
            yield line.rpartition("|")[2].strip()


@contextmanager
def _told() -> Iterator[None]:
    os.environ[_VARIABLE] = "1"
    try:
        yield
    finally:
        del os.environ[_VARIABLE]
