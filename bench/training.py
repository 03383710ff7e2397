"""How many photographs a second a training takes in, by `python -m train fit` on drawn crops.

A run's start is mostly tensorflow's own: so two runs of different length are compared.
"""

from __future__ import annotations

import io
import os
import subprocess
import sys
import tarfile
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from edge.cli.progress import Progress

IMAGES = (640, 6_400)
BATCH = 32
_EACH = 10  # photographs of a person
_STEPS = (10, 50)
_PACKAGES = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class TrainingRate:
    """With so many photographs and cores."""

    images: int
    cores: int
    images_per_s: float


def training_rates(progress: Progress) -> Iterator[TrainingRate]:
    """Of the preset for faces, each count of photographs with one core and with all."""
    cores = sorted({1, len(os.sched_getaffinity(0))})
    plan = [(images, count) for images in IMAGES for count in cores]
    with tempfile.TemporaryDirectory(prefix="onelook-bench-") as folder:
        for done, (images, count) in enumerate(plan):
            progress.show(f"training: {images} photographs, {count} cores", done, len(plan))
            tar = Path(folder) / f"train_{images}.tar"
            if not tar.exists():
                write_crops(tar, images)
            short, long = (_fitted(tar, steps, count) for steps in _STEPS)
            yield TrainingRate(images, count, rate(_STEPS, (short, long)))
    progress.end()


def rate(steps: tuple[int, int], seconds: tuple[float, float]) -> float:
    """Photographs a second, of two runs that differ in their steps alone."""
    return BATCH * (steps[1] - steps[0]) / max(seconds[1] - seconds[0], 1e-9)


def write_crops(tar: Path, images: int) -> None:
    """Crops of nobody: noise, which is decoded and learnt from in the same time as a face."""
    rng = np.random.default_rng(images)
    with tarfile.open(tar, "w") as archive:
        for number in range(images):
            noise = rng.integers(0, 256, (14, 14, 3), np.uint8)
            crop = cv2.resize(noise, (112, 112), interpolation=cv2.INTER_CUBIC)
            data = cv2.imencode(".webp", crop, [cv2.IMWRITE_WEBP_QUALITY, 80])[1].tobytes()
            member = tarfile.TarInfo(f"p{number // _EACH:05d}/{number % _EACH:04d}.webp")
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))


def _fitted(tar: Path, steps: int, cores: int) -> float:
    """Seconds of a run of one epoch of so many steps."""
    allowed = set(sorted(os.sched_getaffinity(0))[:cores])
    with tempfile.TemporaryDirectory(prefix="onelook-bench-") as folder:
        out = ["--out", str(Path(folder) / "run"), "--preset", "mobile", "--loss", "arcface"]
        how = ["--epochs", "1", "--steps", str(steps), "--batch", str(BATCH)]
        started = time.perf_counter()
        subprocess.run(
            [sys.executable, "-m", "train", "fit", "--data", str(tar), *out, *how],
            cwd=_PACKAGES,
            check=True,
            capture_output=True,
            preexec_fn=lambda: os.sched_setaffinity(0, allowed),
        )
        return time.perf_counter() - started
