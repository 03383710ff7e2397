"""What a camera's buffer holds -> RGB, in every layout that libcamera delivers for viewing."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

FORMATS = ("RGB888", "BGR888", "YUV420", "NV12")
# Kr and Kb of luma, by the name that libcamera gives the encoding (ITU-R BT.601, BT.709).
_LUMA = {"Rec601": (0.299, 0.114), "Rec709": (0.2126, 0.0722)}


@dataclass(frozen=True)
class Layout:
    """How a picture lies in its buffer.

    format: libcamera's name; its RGB888 is B, G, R in memory and its BGR888 is R, G, B.
    stride: bytes from one row to the next; of YUV420 and NV12, whose width and height are even,
    those of the luma plane.
    encoding, full_range: of YUV420 and NV12: what luma is made of, and whether 0 and 255 are black
    and white, or 16 and 235.
    """

    format: str
    width: int
    height: int
    stride: int
    encoding: str = "Rec601"
    full_range: bool = True

    def __post_init__(self) -> None:
        """Raises: ValueError: there is no such layout."""
        if self.format not in FORMATS:
            raise ValueError(f"{self.format} is none of {', '.join(FORMATS)}")
        if self.encoding not in _LUMA:
            raise ValueError(f"{self.encoding} is none of {', '.join(_LUMA)}")
        if self.stride < self.width * (3 if self.packed else 1):
            raise ValueError(f"rows of {self.stride} bytes do not hold {self.width} pixels")
        if not self.packed and (self.width % 2 or self.height % 2 or self.stride % 2):
            raise ValueError(f"{self.format} of {self.width}x{self.height} has half a pixel")

    @property
    def packed(self) -> bool:
        """All three colours of a pixel lie side by side."""
        return self.format in {"RGB888", "BGR888"}


def to_rgb(buffer: NDArray[np.uint8], layout: Layout) -> NDArray[np.uint8]:
    """Bytes (n,) -> (height, width, 3) uint8, RGB. What follows the picture is left alone.

    Raises:
        ValueError: the buffer ends before the picture does.
    """
    width, height, stride = layout.width, layout.height, layout.stride
    rows = height if layout.packed else height * 3 // 2
    if buffer.size < rows * stride:
        raise ValueError(f"{buffer.size} bytes are not {rows} rows of {stride}")
    lines = buffer[: rows * stride].reshape(rows, stride)
    if layout.packed:
        pixels = lines[:, : 3 * width].reshape(height, width, 3)
        if layout.format == "RGB888":
            return np.asarray(cv2.cvtColor(pixels, cv2.COLOR_BGR2RGB), np.uint8)
        return np.ascontiguousarray(pixels)
    chroma = lines[height:].ravel()
    if layout.format == "NV12":
        pairs = chroma.reshape(height // 2, stride // 2, 2)[:, : width // 2]
    else:  # all U, then all V, in rows of half the stride
        pairs = np.moveaxis(chroma.reshape(2, height // 2, stride // 2)[..., : width // 2], 0, -1)
    full = cv2.resize(np.ascontiguousarray(pairs), (width, height), interpolation=cv2.INTER_LINEAR)
    yuv = cv2.merge([np.ascontiguousarray(lines[:height, :width]), *cv2.split(full)])
    return np.asarray(cv2.transform(yuv, _matrix(layout)), np.uint8)


def _matrix(layout: Layout) -> NDArray[np.float64]:
    """(3, 4): Y, U, V of 0 to 255 and 1 -> R, G, B."""
    red, blue = _LUMA[layout.encoding]
    green = 1.0 - red - blue
    u, v = 2.0 * (1.0 - blue), 2.0 * (1.0 - red)
    colours = np.array([[1.0, 0.0, v], [1.0, -u * blue / green, -v * red / green], [1.0, u, 0.0]])
    black = 0.0
    if not layout.full_range:
        colours *= 255.0 / np.array([219.0, 224.0, 224.0])
        black = 16.0
    return np.column_stack([colours, -colours @ [black, 128.0, 128.0]])
