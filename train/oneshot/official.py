"""The official one-shot runs of Omniglot, `all_runs.zip`, as they come.

Every run holds `training/` (one drawing for each of 20 characters), `test/` (the same characters
by another drawer) and `class_labels.txt`: for each of the second the right one of the first.
"""

from __future__ import annotations

import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import cv2
import numpy as np
from numpy.typing import NDArray

from edge.contract.errors import DataError, MissingError
from edge.contract.limits import MAX_BYTES
from train.oneshot.trials import Trials

_LABELS = "class_labels.txt"
_BROKEN = (zipfile.BadZipFile, zlib.error, EOFError, KeyError, ValueError, RuntimeError, OSError)


@dataclass(frozen=True)
class Runs:
    """pictures: each (height, width, 3) uint8 RGB. trials: on them, grouped by run. names: of runs.

    The supports are in the order of their names: `Trials.shuffled` before anything is measured.
    """

    pictures: list[NDArray[np.uint8]]
    trials: Trials
    names: tuple[str, ...]


def read_runs(path: Path) -> Runs:
    """All of a zip.

    Raises:
        MissingError: no such file. DataError: not such a zip.
    """
    if not path.is_file():
        raise MissingError(f"{path}: not there", remedy="name Omniglot's all_runs.zip")
    pictures: list[NDArray[np.uint8]] = []
    probe, support, answer, group, names = [], [], [], [], []
    try:
        with zipfile.ZipFile(path) as archive:
            labels = (name for name in archive.namelist() if PurePosixPath(name).name == _LABELS)
            for file in sorted(labels):
                run = PurePosixPath(file).parent
                asked = _answers(archive, file, run.parent)
                known = sorted(set(asked.values()))
                first = len(pictures)
                pictures += [_picture(archive, name) for name in (*known, *asked)]
                for place, right in enumerate(asked.values()):
                    probe.append(first + len(known) + place)
                    support.append(first + np.arange(len(known)))
                    answer.append(known.index(right))
                    group.append(len(names))
                names.append(run.name)
            trials = Trials(np.array(probe), np.stack(support), np.array(answer), np.array(group))
    except _BROKEN as e:
        raise DataError(
            f"{path}: not a zip of one-shot runs ({e})",
            remedy="name Omniglot's all_runs.zip, or one made like it",
        ) from e
    return Runs(pictures, trials, tuple(names))


def _answers(archive: zipfile.ZipFile, labels: str, around: PurePosixPath) -> dict[str, str]:
    """Members: the drawing that is asked about -> the right one of those it is compared with."""
    lines = archive.read(labels).decode("utf-8").splitlines()
    return dict((str(around / name) for name in line.split()) for line in lines if line.strip())


def _picture(archive: zipfile.ZipFile, name: str) -> NDArray[np.uint8]:
    if archive.getinfo(name).file_size > MAX_BYTES:
        raise ValueError(f"{name} is too large")
    bgr = cv2.imdecode(np.frombuffer(archive.read(name), np.uint8), cv2.IMREAD_COLOR)
    if bgr is None:
        raise ValueError(f"{name} is no picture")
    return np.ascontiguousarray(bgr[..., ::-1])
