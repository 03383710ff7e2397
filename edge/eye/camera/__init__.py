"""Where frames come from. A camera promises one thing: no frame older than it was asked for."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from edge.contract.errors import CameraError


@dataclass(frozen=True)
class Frame:
    """A picture and when its exposure began.

    pixels: (height, width, 3) uint8, RGB.
    taken: CLOCK_BOOTTIME seconds.
    """

    pixels: NDArray[np.uint8]
    taken: float


class Camera(Protocol):
    """A camera, open until it is closed. After a CameraError, close it and open it anew."""

    def next_frame(self, not_before: float, deadline: float) -> Frame:
        """The next frame whose exposure began after `not_before`; CLOCK_BOOTTIME seconds.

        Raises:
            CameraError: there is none before `deadline`, or the camera failed.
        """
        ...

    def close(self) -> None: ...


def open_camera(source: str, *, rotate: int) -> Camera:
    """Open the camera that the configuration names.

    Args:
        source: "pi", "usb:N", "folder:DIR" or "film:FILE".
        rotate: 0, 90, 180 or 270 degrees clockwise, until people stand upright.

    Raises:
        CameraError: it is not there, or gives no frame.
    """
    kind, _, where = source.partition(":")
    camera: Camera
    if kind == "pi":
        from edge.eye.camera.pi import open_pi

        camera = open_pi()
    elif kind == "usb" and where.isdecimal():
        from edge.eye.camera.usb import open_usb

        camera = open_usb(int(where))
    elif kind == "folder" and where:
        from edge.eye.camera.folder import FolderCamera

        camera = FolderCamera(Path(where))
    elif kind == "film" and where:
        from edge.eye.camera.film import FilmCamera

        camera = FilmCamera(Path(where))
    else:
        raise CameraError(
            f"{source!r} is no camera.",
            remedy="Set [camera] source to pi, usb:N, folder:DIR or film:FILE.",
        )
    return Turned(camera, rotate) if rotate else camera


class Turned:
    """Another camera, mounted askew: its frames turned clockwise by a multiple of 90 degrees."""

    def __init__(self, camera: Camera, degrees: int) -> None:
        self._camera, self._quarters = camera, degrees // 90

    def next_frame(self, not_before: float, deadline: float) -> Frame:
        frame = self._camera.next_frame(not_before, deadline)
        # rot90 counts counter-clockwise, and gives a view that OpenCV would refuse.
        upright = np.ascontiguousarray(np.rot90(frame.pixels, -self._quarters))
        return Frame(upright, frame.taken)

    def close(self) -> None:
        self._camera.close()
