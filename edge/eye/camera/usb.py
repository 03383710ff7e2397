"""A webcam, by OpenCV's V4L2 capture.

The kernel keeps a few frames until somebody takes them, however old they grow. So a frame is only
believed to be fresh if its driver's time stamp says so, or, of a driver that stamps by another
clock, if more frames were taken since than can have been kept.
"""

from __future__ import annotations

import time
from pathlib import Path

import cv2
import numpy as np

from edge.clock import boottime
from edge.contract.errors import CameraError
from edge.eye.camera import Frame

# OpenCV asks the driver for 4 buffers; one more frame may be under way when the last is handed out.
KEPT = 5
_WARM_UP_S = 5.0
_REMEDY = "Plug it in again, close the program that holds it, or set another [camera] source."


def open_usb(number: int) -> UsbCamera:
    """Open /dev/video<number>.

    Raises:
        CameraError: it is not there, is held by another program, or gives no frame.
    """
    device = Path(f"/dev/video{number}")
    if not device.exists():  # OpenCV would only say that it cannot open it
        found = ", ".join(sorted(f"usb:{d.name[5:]}" for d in Path("/dev").glob("video[0-9]*")))
        raise CameraError(
            f"{device}: there is no such camera.",
            why=f"There is {found}." if found else "There is none at all.",
            remedy="Plug it in, or set another [camera] source.",
        )
    return UsbCamera(cv2.VideoCapture(number, cv2.CAP_V4L2), str(device))


class UsbCamera:
    """An OpenCV capture that was opened, and is closed with this camera."""

    def __init__(self, capture: cv2.VideoCapture, name: str) -> None:
        """Take as many frames as may have been kept, and learn whether they are stamped.

        Raises:
            CameraError: there are no frames.
        """
        self._capture, self._name = capture, name
        try:
            self._warm_up()
            self._stamped = abs(boottime() - self._stamp()) < 1.0
        except CameraError:
            self.close()
            raise

    def next_frame(self, not_before: float, deadline: float) -> Frame:
        taken_out = 0
        before = boottime()
        while before < deadline:
            if not self._capture.grab():
                raise self._silent()
            taken_out += before > not_before
            began = self._stamp() if self._stamped else before
            if began > not_before and (self._stamped or taken_out > KEPT):
                return self._retrieve(began)
            before = boottime()
        raise self._silent()

    def close(self) -> None:
        self._capture.release()

    def _retrieve(self, taken: float) -> Frame:
        done, bgr = self._capture.retrieve()
        if not done or bgr.ndim != 3:
            raise self._silent()
        return Frame(np.asarray(cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB), np.uint8), taken)

    def _warm_up(self) -> None:
        """Some webcams need seconds for their first frame."""
        deadline = boottime() + _WARM_UP_S
        for _ in range(KEPT + 1):
            while not self._capture.grab():
                if not self._capture.isOpened() or boottime() > deadline:
                    raise self._silent()
                time.sleep(0.05)

    def _stamp(self) -> float:
        """The driver's time stamp of the frame just grabbed, CLOCK_BOOTTIME seconds."""
        monotonic = self._capture.get(cv2.CAP_PROP_POS_MSEC) / 1000.0
        return monotonic + boottime() - time.monotonic()

    def _silent(self) -> CameraError:
        return CameraError(f"{self._name}: the camera gives no frame.", remedy=_REMEDY)
