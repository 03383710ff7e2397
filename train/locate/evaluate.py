"""How well a locator finds the faces of labelled frames, and how exactly it points."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from edge.contract.face import Face
from edge.contract.locate import FRAME, overlap, reduced
from train.locate.label import open_yunet
from train.locate.scenes import Scene
from train.progress import watched
from train.rates import clopper_pearson

SCHEMA = "onelook.locate/1"
# Faces are told by the width that they would have in a frame of 640x480.
_REFERENCE = (480, 640)
SIZES = {"80": (80.0, np.inf), "40": (40.0, 80.0), "20": (20.0, 40.0)}
_FOUND = 0.5  # overlap from which on a face is found


@dataclass
class _Counts:
    """Of one size; `sure` those of which it is known where the points are."""

    found: int = 0
    faces: int = 0
    found_sure: int = 0
    sure: int = 0


def evaluate(
    locator: Callable[[NDArray[np.uint8]], list[Face]], scenes: Sequence[Scene]
) -> dict[str, Any]:
    """Recall by size, false detections, errors of the points in distances between the eyes.

    What may be a face counts neither way; nor do points of which nobody knows where they are.
    """
    counts = {name: _Counts() for name in SIZES}
    errors: list[float] = []
    false_empty = false_with = empty = 0
    for scene in watched(scenes, "locating"):
        faces = locator(scene.frame)
        boxes = np.array([face.box for face in faces], np.float64).reshape(-1, 4)
        height, width = scene.frame.shape[:2]
        scale = min(_REFERENCE[0] / height, _REFERENCE[1] / width)
        matched = _matched(boxes, scene.boxes)
        for number, box in enumerate(scene.boxes):
            name = _size(box[2] * scale)
            if name is None:
                continue
            sure, found = bool(scene.sure[number]), number in matched
            counts[name].faces += 1
            counts[name].found += found
            counts[name].sure += sure
            counts[name].found_sure += sure and found
            if found and sure and box[2] * scale >= SIZES["40"][0]:
                errors.append(_error(faces[matched[number]].points, scene.points[number]))
        loose = np.setdiff1d(np.arange(len(faces)), list(matched.values()))
        allowed = np.concatenate([scene.ignore, scene.boxes])
        wrong = sum(not len(allowed) or not _touches(boxes[i], allowed) for i in loose)
        if len(scene.boxes) or len(scene.ignore):
            false_with += wrong
        else:
            empty += 1
            false_empty += wrong
    return {
        "schema": SCHEMA,
        "ok": True,
        "frames": len(scenes),
        "recall": {name: _rate(c.found, c.faces) for name, c in counts.items()},
        "recall_sure": {name: _rate(c.found_sure, c.sure) for name, c in counts.items()},
        "false_per_empty_frame": false_empty / empty if empty else None,
        "empty_frames": empty,
        "false_empty": false_empty,
        "false_beside_faces": false_with,
        "point_error": _spread(errors),
    }


def cost(
    locator: Callable[[NDArray[np.uint8]], list[Face]], scenes: Sequence[Scene], yunet: Path
) -> dict[str, float]:
    """Milliseconds of one thread for a frame of 320x240, of the locator and of a YuNet in OpenCV.

    Both look at each frame in turn, so that whatever else the machine does meets both; medians.

    Raises:
        MissingError, DataError: there is no YuNet.
    """
    threads = cv2.getNumThreads()
    cv2.setNumThreads(1)
    try:
        detector = open_yunet(yunet, FRAME[::-1])
        took: tuple[list[float], list[float]] = [], []
        for scene in watched(scenes, "timing"):
            frame, _ = reduced(scene.frame)
            bgr = np.ascontiguousarray(frame[..., ::-1])
            for times, look in zip(
                took, (lambda f=frame: locator(f), lambda b=bgr: detector.detect(b)), strict=True
            ):
                started = time.perf_counter()
                look()
                times.append(1000.0 * (time.perf_counter() - started))
    finally:
        cv2.setNumThreads(threads)
    own, other = (float(np.median(times)) for times in took)
    return {"ms": own, "yunet_ms": other, "ratio": own / other}


def told(document: dict[str, Any]) -> str:
    """For people."""
    lines = [f"{document['frames']} frames"]
    for name, rate in document["recall"].items():
        if rate["faces"]:
            lines.append(f"recall, faces from {name} px: {_said(rate)}")
        sure = document["recall_sure"][name]
        if 0 < sure["faces"] < rate["faces"]:
            lines.append(f"  where teachers agree on the points: {_said(sure)}")
    lines.append(
        f"false detections: {document['false_empty']} in {document['empty_frames']} frames "
        f"without a face, {document['false_beside_faces']} beside faces"
    )
    if error := document["point_error"]:
        lines.append(
            f"points off by {error['mean']:.2%} of the distance between the eyes on average, "
            f"{error['p95']:.2%} for the worst 5 % ({error['faces']} faces)"
        )
    if took := document.get("cost"):
        lines.append(
            f"{took['ms']:.2f} ms for a frame of 320x240 on one thread, {took['ratio']:.2f} of "
            f"the YuNet's {took['yunet_ms']:.2f} ms"
        )
    return "\n".join(lines)


def _matched(boxes: NDArray[np.float64], wanted: NDArray[np.float32]) -> dict[int, int]:
    """Wanted face -> detection, each used once, the best overlaps first."""
    if not len(boxes) or not len(wanted):
        return {}
    shared = overlap(wanted.astype(np.float64), boxes)
    made: dict[int, int] = {}
    for flat in np.argsort(-shared, axis=None):
        face, detection = np.unravel_index(flat, shared.shape)
        if shared[face, detection] < _FOUND:
            break
        if int(face) not in made and int(detection) not in made.values():
            made[int(face)] = int(detection)
    return made


def _touches(box: NDArray[np.float64], others: NDArray[np.float32]) -> bool:
    return bool(overlap(box[None], others.astype(np.float64)).max() > 0.2)


def _size(width: float) -> str | None:
    return next((name for name, (low, high) in SIZES.items() if low <= width < high), None)


def _error(points: NDArray[np.float64], wanted: NDArray[np.float32]) -> float:
    eyes = float(np.hypot(*(wanted[1] - wanted[0])))
    return float(np.hypot(*(points - wanted).T).mean() / max(eyes, 1e-6))


def _rate(found: int, faces: int) -> dict[str, Any]:
    low, high = clopper_pearson(found, faces) if faces else (0.0, 1.0)
    value = found / faces if faces else None
    return {"found": found, "faces": faces, "value": value, "low": low, "high": high}


def _said(rate: dict[str, Any]) -> str:
    interval = f"{rate['low']:.2%} to {rate['high']:.2%}"
    return f"{rate['value']:.2%} ({interval}; {rate['found']} of {rate['faces']})"


def _spread(errors: list[float]) -> dict[str, float] | None:
    if not errors:
        return None
    return {
        "faces": len(errors),
        "mean": float(np.mean(errors)),
        "median": float(np.median(errors)),
        "p95": float(np.quantile(errors, 0.95)),
    }
