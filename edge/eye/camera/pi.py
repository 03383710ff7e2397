"""The Raspberry Pi's own camera, by picamera2, which comes from apt together with libcamera."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any

from edge.clock import boottime
from edge.contract.errors import CameraError
from edge.eye.camera import Frame
from edge.eye.camera.pixels import Layout, to_rgb

# The sensor's side, divided so that at least this many pixels of width are left, but by 4 at most:
# 820 of a camera module 2, 1152 of a module 3. Eyes are 60 px apart at arm's length.
_LEAST_WIDTH = 800
_MOST_DIVISOR = 4
_UNSAID = "Null"  # libcamera's name for the luma of a picture in red, green and blue
SETTLE_S = 0.8  # exposure and white balance; the first frames are black
_REMEDY = "Check the cable, stop other programs that use the camera, and look: rpicam-hello --list"


def open_pi() -> PiCamera:
    """Open the first camera and let its exposure settle.

    Raises:
        CameraError: there is none, it is in use, or picamera2 is missing.
    """
    try:
        from picamera2 import Picamera2
    except ImportError as e:
        raise CameraError(
            "the Raspberry Pi's camera needs picamera2, which this Python does not see.",
            why=f"{e}; looked for with {sys.executable}.",
            remedy="sudo apt install python3-picamera2, and an environment with apt's packages.",
        ) from e
    try:
        return PiCamera(Picamera2())
    except CameraError:
        raise
    except Exception as e:  # it raises what libcamera gave it, an IndexError where there is none
        raise CameraError("the camera cannot be opened.", why=str(e), remedy=_REMEDY) from e


class PiCamera:
    """A Picamera2 that streams in one mode from now until it is closed: mode switches hang."""

    def __init__(self, device: Any) -> None:  # noqa: ANN401 - picamera2 is only there on a Pi
        self._device = device
        try:
            self._start()
            settled = boottime() + SETTLE_S
            self.next_frame(settled, settled + 2.0)
        except BaseException:
            self.close()
            raise

    def next_frame(self, not_before: float, deadline: float) -> Frame:
        while (left := deadline - boottime()) > 0.0:
            try:
                request = self._device.capture_request(wait=left)
            except TimeoutError as e:
                # Left at the head of the queue, the job would block all later ones.
                self._device.cancel_all_and_flush()
                raise self._silent() from e
            try:
                taken = began(request.get_metadata())
                if taken > not_before:
                    return Frame(to_rgb(request.make_buffer("main"), self._layout), taken)
            finally:
                request.release()
            # What was taken at once was kept from before; the next one takes a frame's time.
        raise self._silent()

    def close(self) -> None:
        self._device.close()

    def _start(self) -> None:
        width, height = self._device.sensor_resolution
        by = max(1, min(_MOST_DIVISOR, width // _LEAST_WIDTH))
        size = (width // by // 2 * 2, height // by // 2 * 2)
        self._device.configure(
            self._device.create_preview_configuration(main={"size": size, "format": "RGB888"})
        )
        # A pipeline without that format gives another one and says nothing.
        try:
            self._layout = layout_of(self._device.camera_configuration())
        except ValueError as e:
            raise CameraError(
                "the camera gives pictures of a kind that onelook does not know.",
                why=f"{e}.",
                remedy="Use another camera, and report this one.",
            ) from e
        self._device.start()

    def _silent(self) -> CameraError:
        return CameraError("the camera gave no frame in time.", remedy=_REMEDY)


def layout_of(configuration: Mapping[str, Any]) -> Layout:
    """How the main stream of what picamera2 has configured lies in its buffers.

    Raises:
        ValueError: it is none of the layouts that are known.
    """
    main, space = configuration["main"], configuration.get("colour_space")
    # Members of libcamera's enumerations, known by their names; without any, as preview has them.
    encoding = getattr(getattr(space, "ycbcrEncoding", None), "name", _UNSAID)
    full = getattr(getattr(space, "range", None), "name", "Full") == "Full"
    (width, height), stride = main["size"], main["stride"]
    encoding = "Rec601" if encoding == _UNSAID else encoding
    return Layout(main["format"], width, height, stride, encoding, full)


def began(metadata: Mapping[str, Any]) -> float:
    """When a frame's exposure began, CLOCK_BOOTTIME seconds.

    The sensor's time stamp (nanoseconds) is of its read-out; before that it was exposed
    (microseconds).
    A camera without a stamp is not trusted with any time: 0.
    """
    exposure_us = float(metadata.get("ExposureTime", 0))
    return float(metadata.get("SensorTimestamp", 0)) * 1e-9 - exposure_us * 1e-6
