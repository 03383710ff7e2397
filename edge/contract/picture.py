"""Picture files -> frames. Whoever gives the file is not trusted: size first, then the decoder."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from edge.contract.errors import DataError, MissingError
from edge.contract.limits import MAX_BYTES

_JPEG = b"\xff\xd8"
_SCAN, _END = b"\xff\xda", b"\xff\xd9"
_ORDINARY = "Give an ordinary JPEG, PNG or WebP picture."


def read_picture(path: Path) -> NDArray[np.uint8]:
    """Read a picture file, turned as its orientation tag says.

    Returns:
        (height, width, 3) uint8, RGB.

    Raises:
        MissingError: no such file.
        DataError: it cannot be read, is damaged, too large or no picture.
    """
    data = _bytes(path)
    if data.startswith(_JPEG) and data.rfind(_END) < data.rfind(_SCAN):
        # libjpeg would fill the missing rows with grey and say nothing.
        raise DataError(f"{path}: the picture ends in the middle.", remedy="Copy it again.")
    try:
        bgr = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    except cv2.error as e:
        raise DataError(
            f"{path}: cannot be decoded, or is too large a picture.", remedy=_ORDINARY
        ) from e
    if bgr is None:
        raise DataError(f"{path}: not a picture that can be decoded.", remedy=_ORDINARY)
    return np.ascontiguousarray(bgr[..., ::-1], np.uint8)


def _bytes(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except FileNotFoundError as e:
        raise MissingError(f"{path}: no such file.", remedy="Check the path.") from e
    except OSError as e:
        raise DataError(f"{path}: cannot be read ({e.strerror}).", remedy=_ORDINARY) from e
    if not data:
        raise DataError(f"{path}: the file is empty.", remedy="Copy it again.")
    if len(data) > MAX_BYTES:
        raise DataError(
            f"{path}: larger than {MAX_BYTES // 1_000_000} MB.",
            remedy="Save it smaller; a face needs no more than 1000 pixels.",
        )
    return data
