"""Annotated frames: what the eye found in a picture, and what the door made of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from edge.contract.align import align
from edge.contract.errors import OutputError
from edge.contract.picture import read_picture
from edge.contract.reasons import Reason
from edge.demo.play import Played
from edge.drawing import GREEN, RED, WHITE, draw_face, png

_HEIGHT = 480  # of the picture in the drawing
_PANEL = 300  # width of the column beside it
_GREY, _DARK = (150, 150, 150), (32, 34, 38)  # RGB
_FONT = cv2.FONT_HERSHEY_SIMPLEX

Image = NDArray[np.uint8]


def draw_all(played: Sequence[Played], folder: Path) -> list[Path]:
    """Write a PNG per frame of every press, `press-01-frame-1.png` and so on; returns the paths.

    Raises:
        OutputError: the folder cannot be written.
    """
    written = []
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for number, one in enumerate(played, 1):
            for frame in one.event["frames"]:
                path = folder / f"press-{number:02d}-frame-{frame['n']}.png"
                path.write_bytes(png(draw(one, frame)))
                written.append(path)
    except OSError as e:
        raise OutputError(
            f"{e.filename or folder}: cannot be written ({e.strerror}).",
            remedy="Name another folder: onelook demo --show DIR",
        ) from e
    return written


def draw(played: Played, frame: Mapping[str, Any]) -> Image:
    """One frame of a press: the picture with box and points, crop, bar and word beside it.

    Returns:
        (480, width, 3) uint8, RGB.
    """
    pictures = played.press.pictures
    # The camera goes through the pictures in turn, see Stage.show.
    pixels = read_picture(pictures[(int(frame["n"]) - 1) % len(pictures)])
    good = played.reason is Reason.GRANTED
    panel = np.full((_HEIGHT, _PANEL, 3), _DARK, np.uint8)
    _text(panel, played.press.title[:34], 30, WHITE, 0.45)
    face = frame["face"]
    if face:
        _paste_crop(panel, pixels, face)
    if frame["distance"] is not None:
        _bar(panel, frame["distance"], frame["threshold"])
    elif frame["reason"]:
        _text(panel, frame["reason"], 300, RED, 0.6)
    word = "GRANTED" if good else f"REFUSED: {played.reason.value}"
    _text(panel, word, 440, GREEN if good else RED, 0.7 if good else 0.55)
    return np.hstack([_picture(pixels, face, GREEN if good else RED), panel])


def _picture(pixels: Image, face: Sequence[float], colour: tuple[int, int, int]) -> Image:
    """The picture at the drawing's height, its face framed and the five points dotted."""
    factor = _HEIGHT / pixels.shape[0]
    size = (max(1, round(pixels.shape[1] * factor)), _HEIGHT)
    small = np.ascontiguousarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), np.uint8)
    if face:
        draw_face(small, face[:4], _points(face), factor, colour, 2)
    return small


def _paste_crop(panel: Image, pixels: Image, face: Sequence[float]) -> None:
    """The aligned crop, exactly what the network got, enlarged."""
    crop = align(pixels, _points(face))
    panel[60:228, 66:234] = cv2.resize(crop, (168, 168), interpolation=cv2.INTER_NEAREST)
    _text(panel, "what the network sees", 248, _GREY, 0.42)


def _bar(panel: Image, distance: float, threshold: float) -> None:
    """Distance from 0 to 1, left to right; the white stroke is the threshold."""
    left, right, top, bottom = 20, _PANEL - 20, 300, 324
    at, mark = (left + round((right - left) * v) for v in (distance, threshold))
    colour = GREEN if distance < threshold else RED
    cv2.rectangle(panel, (left, top), (right, bottom), _GREY, 1)
    cv2.rectangle(panel, (left, top), (at, bottom), colour, -1)
    cv2.line(panel, (mark, top - 8), (mark, bottom + 8), WHITE, 2)
    sign = "<" if distance < threshold else ">="
    _text(panel, f"distance {distance:.4f} {sign} {threshold:.4f}", 356, colour, 0.5)


def _points(face: Sequence[float]) -> NDArray[np.float64]:
    return np.asarray(face[4:14], np.float64).reshape(5, 2)


def _text(image: Image, text: str, y: int, colour: tuple[int, int, int], size: float) -> None:
    # OpenCV's fonts have ASCII only.
    plain = text.encode("ascii", "replace").decode()
    cv2.putText(image, plain, (20, y), _FONT, size, colour, 1, cv2.LINE_AA)
