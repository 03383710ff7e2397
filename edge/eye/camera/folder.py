"""A folder of pictures as a camera, for the demo and the tests: what is put there, it sees."""

from __future__ import annotations

import os
import time
from bisect import bisect_right
from pathlib import Path

from edge.clock import boottime
from edge.contract.errors import CameraError, OnelookError
from edge.contract.picture import read_picture
from edge.eye.camera import Frame

INTERVAL_S = 1.0 / 15.0


class FolderCamera:
    """Fifteen frames a second: the pictures in the order of their names, again and again.

    It goes on with the name after the last one shown, so that a picture which is put there under a
    later name comes next. Names that begin with a dot are for pictures not yet whole.
    """

    def __init__(self, folder: Path) -> None:
        """Raises: CameraError: there is no such folder."""
        self._folder = folder
        self._shown = ""
        self._due = 0.0
        self._names()

    def next_frame(self, not_before: float, deadline: float) -> Frame:
        self._wait(max(not_before, self._due), deadline)
        fault = "There is no picture in it."
        while True:
            for name in self._coming():
                taken = boottime()
                try:
                    pixels = read_picture(self._folder / name)
                except OnelookError as e:  # taken away meanwhile, or no picture: the next one
                    fault = e.what
                    continue
                self._shown, self._due = name, taken + INTERVAL_S
                return Frame(pixels, taken)
            self._wait(boottime() + INTERVAL_S, deadline, fault)

    def close(self) -> None:
        """Nothing is held."""

    def _coming(self) -> list[str]:
        names = self._names()
        after = bisect_right(names, self._shown)
        return names[after:] + names[:after]

    def _names(self) -> list[str]:
        try:
            with os.scandir(self._folder) as entries:
                return sorted(e.name for e in entries if e.name[0] != "." and e.is_file())
        except OSError as e:
            raise CameraError(
                f"{self._folder}: the camera's folder cannot be read ({e.strerror}).",
                remedy="Make the folder and put pictures into it, or set another [camera] source.",
            ) from e

    def _wait(self, moment: float, deadline: float, fault: str = "") -> None:
        """Until just after `moment`, strictly."""
        while (now := boottime()) < deadline:
            if now > moment:
                return
            time.sleep(min(moment, deadline) - now + 1e-4)
        raise CameraError(
            f"{self._folder}: the folder gave no frame in time.",
            why=fault,
            remedy="Put pictures into it, JPEG or PNG.",
        )
