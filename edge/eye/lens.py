"""The configured camera, kept open; after a fault it is opened anew."""

from __future__ import annotations

from types import TracebackType
from typing import Self

from edge.clock import boottime
from edge.config import CameraConfig
from edge.contract.errors import CameraError
from edge.eye.camera import Camera, Frame, open_camera


class Lens:
    """Use as a context manager, which closes the camera.

    A camera that once gave no frame in time is closed: what hung in it would block the next frame
    too, and a webcam that was plugged in again is another one.
    """

    def __init__(self, config: CameraConfig) -> None:
        """Raises: CameraError: it cannot be opened."""
        self._config = config
        self._camera: Camera | None = self._open()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._close()

    @property
    def works(self) -> bool:
        """Whether the camera is open: it gave whatever it was asked for since."""
        return self._camera is not None

    def frame(self, not_before: float) -> Frame:
        """The next frame exposed after `not_before`, CLOCK_BOOTTIME seconds.

        Raises:
            CameraError: there is none within the frame limit, or no camera.
        """
        camera = self.mend()
        try:
            return camera.next_frame(not_before, boottime() + self._config.frame_limit_s)
        except CameraError:
            self._close()
            raise

    def mend(self) -> Camera:
        """The camera, opened again if a fault closed it.

        Raises:
            CameraError: it is still out of order.
        """
        if self._camera is None:
            self._camera = self._open()
        return self._camera

    def _open(self) -> Camera:
        return open_camera(self._config.source, rotate=self._config.rotate)

    def _close(self) -> None:
        if self._camera is not None:
            self._camera.close()
            self._camera = None
