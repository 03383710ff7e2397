"""One's own face: a window with the webcam's picture, whose frames the eye gets through its folder.

This process owns the webcam and writes its latest frame into the eye's camera folder (written, then
renamed, so that the eye never reads half a picture). The window is Tk's: OpenCV comes without one.
"""

from __future__ import annotations

import base64
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np
from numpy.typing import NDArray

from edge.cli.desk import Desk
from edge.cli.enrolling import Request, enrol
from edge.cli.output import message
from edge.contract.errors import CameraError, OnelookError, UnavailableError
from edge.demo.stage import Stage
from edge.store.gallery import GalleryStore

if TYPE_CHECKING:
    import tkinter as tk

_WIDTH = 640
_EVERY_MS = 66  # 15 pictures a second
_KEYS = "v verify    e enrol    q quit"
_YOU = "you"


class Webcam:
    """A webcam; `close` gives it back."""

    def __init__(self, index: int) -> None:
        """Open it and take a first picture.

        Raises:
            CameraError: there is none, or it gives no picture.
        """
        self._capture = cv2.VideoCapture(index)
        self._index = index
        try:
            self.read()
        except CameraError:
            self.close()
            raise

    def read(self) -> NDArray[np.uint8]:
        """The next picture, (height, width, 3) uint8, BGR."""
        done, picture = self._capture.read()
        if not done:
            raise CameraError(
                f"webcam {self._index} gives no picture.",
                remedy="Plug it in, close the program that holds it, or try another number.",
            )
        return np.asarray(picture, np.uint8)

    def close(self) -> None:
        self._capture.release()


class Window:
    """The live picture, a line of text, and the keys."""

    def __init__(self, stage: Stage, webcam: Webcam, desk: Desk, store: GalleryStore) -> None:
        """Open the window.

        Raises:
            UnavailableError: there is no display, or Python came without Tk.
        """
        self._stage, self._webcam, self._desk, self._store = stage, webcam, desk, store
        self._folder = stage.camera
        self._latest = webcam.read()
        self._verifying = False
        self._enrolled = False
        self._error: OnelookError | None = None
        self._root = _root()
        self._root.title("onelook demo")
        self._picture = _label(self._root)
        self._words = _label(self._root, text=f"press e to enrol from this picture.   {_KEYS}")
        for key, action in (("v", self._verify), ("e", self._enrol), ("q", self._quit)):
            self._root.bind(f"<{key}>", lambda _event, act=action: act())

    def run(self) -> None:
        """Until `q`, the window's cross, or an error of webcam or stage, which is raised."""
        self._refresh()
        self._root.mainloop()
        if self._error is not None:
            raise self._error

    def _refresh(self) -> None:
        try:
            self._latest = self._webcam.read()
            write_latest(self._folder, self._latest)
            self._show()
            if self._verifying:
                self._listen()
        except OnelookError as e:
            self._error = e
            self._quit()
            return
        self._root.after(_EVERY_MS, self._refresh)

    def _show(self) -> None:
        import tkinter as tk

        height = round(self._latest.shape[0] * _WIDTH / self._latest.shape[1])
        small = cv2.resize(self._latest, (_WIDTH, height), interpolation=cv2.INTER_AREA)
        _, data = cv2.imencode(".png", small, [cv2.IMWRITE_PNG_COMPRESSION, 1])
        image = tk.PhotoImage(data=base64.b64encode(bytes(data)), format="png")
        self._picture.configure(image=image)
        self._picture.image = image  # type: ignore[attr-defined]  # Tk itself keeps no reference

    def _verify(self) -> None:
        if not self._verifying:
            self._verifying = True
            self._say("looking...")
            self._stage.send({"press": True})

    def _listen(self) -> None:
        """Take what the door said meanwhile; never waits, or the picture would stand still."""
        event = self._stage.poll_event()
        if event is None:
            return
        self._verifying = False
        granted = event["reason"] == "granted"
        compared = [f for f in event["frames"] if f["distance"] is not None]
        word = "GRANTED: the lock opens" if granted else f"refused: {event['reason']}"
        if compared:
            nearest = min(compared, key=lambda f: f["distance"])
            word += f"   distance {nearest['distance']:.4f}, needed < {nearest['threshold']:.4f}"
        self._say(f"{word}   {_KEYS}")

    def _enrol(self) -> None:
        with tempfile.TemporaryDirectory(dir=self._stage.folder) as folder:
            photo = Path(folder) / "webcam.png"
            photo.write_bytes(_encoded(".png", self._latest))
            try:
                enrol(self._desk, self._store, Request(_YOU, [photo], self._enrolled))
            except OnelookError as e:
                self._say(message(e, prefix="not enrolled"))
                return
        self._enrolled = True
        self._say(f"enrolled from this picture; press v.   {_KEYS}")

    def _say(self, words: str) -> None:
        self._words.configure(text=words)

    def _quit(self) -> None:
        self._root.destroy()


def write_latest(folder: Path, picture: NDArray[np.uint8]) -> None:
    """Replace the camera folder's one picture, (height, width, 3) uint8 BGR, in one step."""
    partial = folder / ".latest.part"
    partial.write_bytes(_encoded(".jpg", picture))
    partial.rename(folder / "latest.jpg")


def check_display() -> None:
    """Fail now, not after the door has been started.

    Raises:
        UnavailableError: there is no display, or Python came without Tk.
    """
    _root().destroy()


def _root() -> tk.Tk:
    try:
        import tkinter as tk
    except ImportError as e:
        raise UnavailableError(
            "the window needs Tk, which this Python came without.",
            remedy="Install it: sudo apt install python3-tk. Or try: onelook demo --images DIR",
        ) from e
    try:
        return tk.Tk()
    except tk.TclError as e:
        raise UnavailableError(
            "there is no display for the window.",
            why=f"{e}.",
            remedy="Run it on a desktop, or without one: onelook demo --images DIR",
        ) from e


def _label(root: tk.Tk, text: str = "") -> tk.Label:
    import tkinter as tk

    label = tk.Label(root, text=text, wraplength=_WIDTH, justify="left")
    label.pack(anchor="w")
    return label


def _encoded(suffix: str, picture: NDArray[np.uint8]) -> bytes:
    _, data = cv2.imencode(suffix, picture)
    return bytes(data)
