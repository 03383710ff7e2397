"""The stage: the door's two real processes, the folder that is their camera, and the pins' wires.

Nothing outlives the stage. It ends both processes when it is closed; should this process be killed
instead, the kernel kills them (`--with-parent`), and the next stage removes the folder left behind.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from edge.clock import boottime
from edge.contract.errors import UnavailableError

_GAP_S = 0.2  # between presses; see [button] gap
_PREFIX = "onelook-demo-"
_PACKAGES = Path(__file__).resolve().parents[2]  # the folder that `edge` is in
_START_S = 30.0  # a Pi Zero needs about 10 s to import OpenCV and load the network
_STOP_S = 3.0


@dataclass(frozen=True)
class Change:
    """A line of the door that changed: which, to what level, at which CLOCK_BOOTTIME second."""

    line: str
    level: int
    at: float


@dataclass(frozen=True)
class Outcome:
    """What came of one press at `at`: the event document and the moves of the lines."""

    at: float
    event: Mapping[str, Any]
    changes: tuple[Change, ...]

    @property
    def strike(self) -> tuple[Change, ...]:
        return tuple(change for change in self.changes if change.line == "strike")


class Stage:
    """A running door. Use as a context manager: `with Stage(bundle=..., pulse_s=0.5) as stage`."""

    def __init__(
        self, *, bundle: Path | None, settings: Mapping[str, Mapping[str, str | int]]
    ) -> None:
        """Prepare folder and configuration; `settings` are added to it, section by section."""
        _sweep()
        self.folder = Path(tempfile.mkdtemp(prefix=_PREFIX))
        self._owned = _own(self.folder)
        self.camera = self.folder / "camera"
        self.config = self.folder / "onelook.toml"
        self.camera.mkdir()
        (self.folder / "state").mkdir(mode=0o700)
        self.config.write_text(self._configuration(bundle, settings), encoding="utf-8")
        self._children: dict[str, subprocess.Popen[bytes]] = {}
        self._wires, self._far_end = socket.socketpair()
        self._unread = b""
        self._shown = 0
        self._again_at = 0.0

    def __enter__(self) -> Self:
        try:
            self._start()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def show(self, pictures: Sequence[Path]) -> None:
        """Put these pictures, and no others, before the camera, in this order."""
        before = list(self.camera.iterdir())
        self._shown += 1
        for i, picture in enumerate(pictures):
            # Names that only grow: the camera goes on with the next name, so the first frame of
            # a press is its first picture.
            name = f"{self._shown:05d}-{i:02d}{picture.suffix.lower()}"
            partial = self.camera / f".{name}.part"
            shutil.copyfile(picture, partial)
            partial.rename(self.camera / name)
        for old in before:
            old.unlink()

    def press(self, *, within_s: float) -> Outcome:
        """Push the button and wait for the event, and for the strike to be off again.

        Raises:
            UnavailableError: nothing came within the time, or the door's process ended.
        """
        # Sooner the button would not be taken, as a person's finger is slower than the demo.
        time.sleep(max(0.0, self._again_at - boottime()))
        at = boottime()
        self.send({"press": True})
        event: Mapping[str, Any] | None = None
        changes: list[Change] = []
        while event is None or _open(changes, event):
            message = self.receive(at + within_s - boottime())
            if "event" in message:
                event = message["event"]
            if "line" in message:
                changes.append(_change(message))
        self._again_at = boottime() + _GAP_S
        return Outcome(at, event, tuple(changes))

    def send(self, message: Mapping[str, Any]) -> None:
        """One JSON line to the door."""
        try:
            self._wires.sendall(json.dumps(message).encode() + b"\n")
        except OSError as e:
            raise self._ended() from e

    def receive(self, within_s: float) -> dict[str, Any]:
        """The next JSON line from the door.

        Raises:
            UnavailableError: none came in time, or the door's process ended.
        """
        try:
            return self._next(within_s)
        except TimeoutError as e:
            raise self._silent() from e

    def poll_event(self) -> Mapping[str, Any] | None:
        """The event of an earlier `send`, if the door has told it meanwhile; never waits."""
        with suppress(TimeoutError):
            while True:
                message = self._next(0.0)
                if "event" in message:
                    event: Mapping[str, Any] = message["event"]
                    return event
        return None

    def pending(self) -> list[Change]:
        """Changes of lines that came unasked since the last press."""
        changes = []
        with suppress(TimeoutError):
            while True:
                message = self._next(0.0)
                if "line" in message:
                    changes.append(_change(message))
        return changes

    @property
    def processes(self) -> Mapping[str, int]:
        """The process ids of eye and door."""
        return {name: child.pid for name, child in self._children.items()}

    def close(self) -> None:
        """End both processes, door first so that it drives its lines, and remove the folder."""
        for child in reversed(self._children.values()):
            child.terminate()
        for child in reversed(self._children.values()):
            try:
                child.wait(_STOP_S)
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()
        self._wires.close()
        self._far_end.close()
        shutil.rmtree(self.folder, ignore_errors=True)
        os.close(self._owned)

    def _start(self) -> None:
        self._spawn("eye", ["eye"])
        with self._far_end as theirs:
            self._spawn("door", ["run", "--wires", str(theirs.fileno())], theirs.fileno())
        while "ready" not in self.receive(_START_S):
            pass

    def _spawn(self, name: str, command: Sequence[str], *inherited: int) -> None:
        arguments = ["--config", str(self.config), "--with-parent", str(os.getpid())]
        with (self.folder / f"{name}.log").open("wb") as log:
            self._children[name] = subprocess.Popen(
                [sys.executable, "-m", "edge", *command, *arguments],
                cwd=_PACKAGES,
                env=_environment(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                pass_fds=inherited,
                # Ctrl-C in the terminal is for the demo, which then ends these two in order.
                start_new_session=True,
            )

    def _configuration(
        self, bundle: Path | None, settings: Mapping[str, Mapping[str, str | int]]
    ) -> str:
        sections: dict[str, dict[str, str | int]] = {
            "paths": {
                "state_dir": str(self.folder / "state"),
                "models_dir": str(self.folder / "models"),
                "socket": str(self.folder / "eye.sock"),
            },
            "camera": {"source": f"folder:{self.camera}"},
            "button": {"gap": f"{round(_GAP_S * 1000)}ms"},
        }
        if bundle is not None:
            sections["recognition"] = {"bundle": str(bundle)}
        for section, keys in settings.items():
            sections.setdefault(section, {}).update(keys)
        lines = []
        for section, keys in sections.items():
            lines.append(f"[{section}]")
            # A JSON string or number is one of TOML too.
            lines += [f"{key} = {json.dumps(value)}" for key, value in keys.items()]
        return "\n".join(lines) + "\n"

    def _next(self, within_s: float) -> dict[str, Any]:
        deadline = time.monotonic() + within_s
        while b"\n" not in self._unread:
            self._wires.settimeout(max(deadline - time.monotonic(), 0.001))
            try:
                data = self._wires.recv(65536)
            except ConnectionError:
                data = b""
            if not data:
                raise self._ended()
            self._unread += data
        line, self._unread = self._unread.split(b"\n", 1)
        message: dict[str, Any] = json.loads(line)
        return message

    def _ended(self) -> UnavailableError:
        name = next((n for n, c in self._children.items() if c.poll() is not None), "door")
        return UnavailableError(
            f"the {name} process of the demo has ended.",
            why=self._last_words(name),
            remedy="Run `onelook config check` and `onelook version`; if both are right, report it",
        )

    def _silent(self) -> UnavailableError:
        for child in self._children.values():
            if child.poll() is not None:
                return self._ended()
        return UnavailableError(
            "the door of the demo does not answer.",
            why=self._last_words("door"),
            remedy="Try again when the machine is less busy.",
        )

    def _last_words(self, name: str) -> str:
        with suppress(OSError):
            text = (self.folder / f"{name}.log").read_text(errors="replace").strip()
            return "\n".join(text.splitlines()[-3:])
        return ""


def _environment() -> dict[str, str]:
    """The environment of both processes: simulated pins, and no configuration of this machine."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith("ONELOOK_C")}
    for journal in ("JOURNAL_STREAM", "INVOCATION_ID", "NOTIFY_SOCKET"):
        environment.pop(journal, None)
    return {**environment, "GPIOZERO_PIN_FACTORY": "mock"}


def _change(message: Mapping[str, Any]) -> Change:
    return Change(str(message["line"]), int(message["level"]), float(message["at"]))


def _open(changes: Sequence[Change], event: Mapping[str, Any]) -> bool:
    """Whether the strike is, or is about to be, energised."""
    levels = [change.level for change in changes if change.line == "strike"]
    return levels[-1] == 1 if levels else event["reason"] == "granted"


def _own(folder: Path) -> int:
    """Lock a stage's folder for as long as this process lives; returns the descriptor."""
    lock = os.open(folder / "lock", os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
    fcntl.flock(lock, fcntl.LOCK_EX)
    return lock


def _sweep() -> None:
    """Remove the folders of this user's killed stages: nobody holds their lock."""
    for folder in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"):
        with suppress(OSError):
            if folder.is_symlink() or folder.stat().st_uid != os.getuid():
                continue
            lock = os.open(folder / "lock", os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW)
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(folder)
            finally:
                os.close(lock)


def end_on_signals() -> None:
    """Let SIGTERM and SIGHUP end this process as an exception, so that stages are closed."""

    def leave(number: int, _frame: object) -> None:
        raise SystemExit(128 + number)

    signal.signal(signal.SIGTERM, leave)
    signal.signal(signal.SIGHUP, leave)
