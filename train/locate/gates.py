"""What the quality gates cost: good pictures that they refuse, spoilt ones that they stop."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from edge.contract.align import align
from edge.contract.face import Face
from edge.contract.gates import Limits
from edge.contract.geometry import CROP_SIZE, TEMPLATE, similarity
from edge.contract.quality import face_light
from edge.contract.reasons import Reason
from train.rates import clopper_pearson

SCHEMA = "onelook.gates/1"
_EYES_PX_OF_CROP = float(np.hypot(*(TEMPLATE[1] - TEMPLATE[0])))

Frame = NDArray[np.uint8]
# A frame -> why it is not to be compared, or None, and its largest face, if any.
Look = Callable[[Frame], tuple[Reason | None, Face | None]]
Spoil = Callable[[Frame, Face, Limits], Frame]


@dataclass
class _Spoilt:
    """How frames that were spoilt in one way fared. reasons: of those that were stopped."""

    wanted: Reason
    frames: int = 0
    reasons: Counter[str] = field(default_factory=Counter)


def measure(look: Look, frames: Iterable[Frame], limits: Limits) -> dict[str, Any]:
    """Show `look` each frame as it is, and each that passed spoilt in every way.

    Args:
        look: with these limits.
        frames: (height, width, 3) uint8 RGB, of one person each that a door should take.
        limits: of the gates.
    """
    good: Counter[str] = Counter()
    spoilt = {name: _Spoilt(reason) for name, (reason, _) in SPOILT.items()}
    shown = 0
    for frame in frames:
        shown += 1
        reason, face = look(frame)
        if reason is not None or face is None:
            good[(reason or Reason.NO_FACE).value] += 1
            continue
        for name, (_, spoil) in SPOILT.items():
            spoilt[name].frames += 1
            stopped, _ = look(spoil(frame, face, limits))
            if stopped is not None:
                spoilt[name].reasons[stopped.value] += 1
    return {
        "schema": SCHEMA,
        "ok": True,
        "frames": shown,
        "refused": {reason: _share(count, shown) for reason, count in good.most_common()},
        "refused_in_all": _share(good.total(), shown),
        "spoilt": {name: _row(s) for name, s in spoilt.items()},
    }


def told(document: dict[str, Any]) -> str:
    """For people."""
    lines = [
        f"{document['frames']} frames; refused as they are: {_said(document['refused_in_all'])}"
    ]
    lines += [f"  {reason}: {_said(share)}" for reason, share in document["refused"].items()]
    lines.append("of those that passed, stopped when")
    for name, row in document["spoilt"].items():
        others = ", ".join(
            f"{reason} {count}"
            for reason, count in row["reasons"].items()
            if reason != row["wanted"]
        )
        lines.append(
            f"  {name}: {_said(row['stopped'])}, as {row['wanted']} {row['right']['value']:.1%}"
            + (f"; else {others}" if others else "")
        )
    return "\n".join(lines)


def _small(frame: Frame, face: Face, limits: Limits) -> Frame:
    return _scaled(frame, 0.75 * limits.min_eyes_px / face.eyes_px)


def _cut(frame: Frame, face: Face, limits: Limits) -> Frame:  # noqa: ARG001 - as of `Spoil`
    """The side of the frame on which the face is nearer to the edge, so that a fifth is lost."""
    left = _corner(face, 0.2 * CROP_SIZE)
    right = _corner(face, 0.8 * CROP_SIZE)
    if left < frame.shape[1] - right:
        return np.ascontiguousarray(frame[:, max(0, round(left)) :])
    return np.ascontiguousarray(frame[:, : max(1, round(right))])


def _dark(frame: Frame, face: Face, limits: Limits) -> Frame:
    return _light(frame, 0.7 * limits.face_light_255[0] / max(_mean(frame, face), 1.0), 0.0)


def _bright(frame: Frame, face: Face, limits: Limits) -> Frame:
    """A lamp before the camera: everything moves towards white."""
    wanted = (limits.face_light_255[1] + 255.0) / 2
    share = (wanted - _mean(frame, face)) / (255.0 - _mean(frame, face))
    return _light(frame, 1.0 - share, 255.0 * share)


def _shadow(frame: Frame, face: Face, limits: Limits) -> Frame:  # noqa: ARG001 - as of `Spoil`
    return _half(frame, face, 0)


def _lamp(frame: Frame, face: Face, limits: Limits) -> Frame:  # noqa: ARG001 - as of `Spoil`
    return _half(frame, face, 255)


def _unsharp(frame: Frame, face: Face, limits: Limits) -> Frame:  # noqa: ARG001 - as of `Spoil`
    return np.asarray(cv2.GaussianBlur(frame, (0, 0), 2.0 * _pixel(face)), np.uint8)


def _moving(frame: Frame, face: Face, limits: Limits) -> Frame:  # noqa: ARG001 - as of `Spoil`
    return np.asarray(cv2.blur(frame, (max(1, round(15.0 * _pixel(face))), 1)), np.uint8)


def _tilted(frame: Frame, face: Face, limits: Limits) -> Frame:
    turn = -(limits.max_roll_deg + 10.0) - face.roll_deg
    middle = face.points[2]
    matrix = cv2.getRotationMatrix2D((float(middle[0]), float(middle[1])), turn, 1.0)
    size = frame.shape[1::-1]
    return np.asarray(
        cv2.warpAffine(frame, matrix, size, borderMode=cv2.BORDER_REPLICATE), np.uint8
    )


def _together(frame: Frame, face: Face, limits: Limits) -> Frame:  # noqa: ARG001 - as of `Spoil`
    return np.ascontiguousarray(np.hstack([frame, frame[:, ::-1]]))


SPOILT: dict[str, tuple[Reason, Spoil]] = {
    "smaller, eyes at 3/4 of the limit": (Reason.TOO_SMALL, _small),
    "a fifth of the face outside": (Reason.CUT_OFF, _cut),
    "darker, at 0.7 of the limit": (Reason.TOO_DARK, _dark),
    "half in a shadow": (Reason.TOO_DARK, _shadow),
    "brighter, half-way from the limit to white": (Reason.TOO_BRIGHT, _bright),
    "half in a lamp": (Reason.TOO_BRIGHT, _lamp),
    "out of focus by 2 px of the crop": (Reason.BLURRED, _unsharp),
    "moved by 15 px of the crop": (Reason.BLURRED, _moving),
    "tilted, 10 degrees beyond the limit": (Reason.OFF_ANGLE, _tilted),
    "another person beside": (Reason.TWO_FACES, _together),
}


def _scaled(frame: Frame, factor: float) -> Frame:
    how = cv2.INTER_AREA if factor < 1.0 else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(frame, None, fx=factor, fy=factor, interpolation=how), np.uint8)


def _pixel(face: Face) -> float:
    """A pixel of the crop, in pixels of the frame."""
    return face.eyes_px / _EYES_PX_OF_CROP


def _corner(face: Face, x: float) -> float:
    """Where column `x` of the crop, at its middle row, lies in the frame."""
    matrix = similarity(face.points, TEMPLATE)
    return float(np.linalg.solve(matrix[:, :2], np.array([x, CROP_SIZE / 2]) - matrix[:, 2])[0])


def _mean(frame: Frame, face: Face) -> float:
    return face_light(align(frame, face.points))


def _light(frame: Frame, gain: float, offset: float) -> Frame:
    return np.asarray(np.clip(frame * gain + offset + 0.5, 0, 255), np.uint8)


def _half(frame: Frame, face: Face, level: int) -> Frame:
    """From the nose on."""
    made = frame.copy()
    made[:, : max(1, round(float(face.points[2, 0])))] = level
    return made


def _row(spoilt: _Spoilt) -> dict[str, Any]:
    return {
        "wanted": spoilt.wanted.value,
        "frames": spoilt.frames,
        "stopped": _share(spoilt.reasons.total(), spoilt.frames),
        "right": _share(spoilt.reasons[spoilt.wanted.value], spoilt.frames),
        "reasons": dict(spoilt.reasons.most_common()),
    }


def _share(count: int, of: int) -> dict[str, Any]:
    low, high = clopper_pearson(count, of) if of else (0.0, 1.0)
    return {"count": count, "value": count / of if of else None, "low": low, "high": high}


def _said(share: dict[str, Any]) -> str:
    if share["value"] is None:
        return "none measured"
    return f"{share['value']:.2%} ({share['low']:.2%} to {share['high']:.2%})"
