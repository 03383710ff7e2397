"""A real broker, a wire to it that can be slow, and `onelook mqtt` with its `onelook tell`."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from typing import Self

from edge.contract.errors import UnavailableError

_PROGRAM = shutil.which("mosquitto", path="/usr/sbin:/usr/bin:/usr/local/sbin:/usr/local/bin")
_NICE = "10"  # as onelook-mqtt.service and onelook-tell@.service
_START_S, _STEP_S = 30.0, 0.05
DELAY_S, BYTES_PER_S = 2.0, 1000
_PIECE = 100


def refuse_without() -> None:
    """Raises: UnavailableError: no mosquitto, or no paho-mqtt."""
    if _PROGRAM is None:
        raise UnavailableError("mosquitto is not installed.", remedy="sudo apt install mosquitto")
    if find_spec("paho") is None:
        raise UnavailableError(
            "paho-mqtt is not in this environment.",
            remedy=".venv-test has it: make .venv-test && .venv-test/bin/python -m bench --broker",
        )


def version() -> str:
    """Of mosquitto."""
    done = subprocess.run([str(_PROGRAM), "-h"], capture_output=True, text=True, check=False)
    return done.stdout.partition("\n")[0].rpartition(" ")[2]


class Mosquitto:
    """At a port of its own; use as a context manager."""

    def __init__(self, folder: Path) -> None:
        self.port = _free_port()
        self._config = folder / f"mosquitto-{self.port}.conf"
        self._config.write_text(f"listener {self.port} 127.0.0.1\nallow_anonymous true\n")

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            [str(_PROGRAM), "-c", str(self._config)],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        _until(self._listens, "mosquitto does not start")
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()

    @property
    def pid(self) -> int:
        return self._process.pid

    def _listens(self) -> bool:
        with suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 1.0):
            return True
        return False


class Wire:
    """Between a door and a broker; once `slow` is set, bytes come late and few at a time."""

    def __init__(self, to: int) -> None:
        self._to = to
        self.slow = threading.Event()
        self._ends: list[socket.socket] = []

    def __enter__(self) -> Self:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        threading.Thread(target=self._serve, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        for end in (self._listener, *self._ends):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()

    def _serve(self) -> None:
        with suppress(OSError):
            while True:
                door, _ = self._listener.accept()
                broker = socket.create_connection(("127.0.0.1", self._to))
                self._ends += [door, broker]
                for ends in ((door, broker), (broker, door)):
                    threading.Thread(target=self._carry, args=ends, daemon=True).start()

    def _carry(self, whence: socket.socket, to: socket.socket) -> None:
        with suppress(OSError):
            while data := whence.recv(65536):
                if not self.slow.is_set():
                    to.sendall(data)
                    continue
                time.sleep(DELAY_S)
                for start in range(0, len(data), _PIECE):
                    to.sendall(data[start : start + _PIECE])
                    time.sleep(_PIECE / BYTES_PER_S)
        with suppress(OSError):
            to.shutdown(socket.SHUT_WR)


class Telling:
    """`onelook mqtt` of a door; use as a context manager: it is connected once that is entered."""

    def __init__(self, door: Path, port: int, *, history: bool) -> None:
        """door: the folder of its onelook.toml. history: tell all of the log, not what is new."""
        self._kept = door / f"told-{port}"
        self._config = door / f"told-{port}.toml"
        settings = f'broker = "127.0.0.1"\nport = {port}\ntls = false\ndiscovery = ""\n'
        settings += f"history = {json.dumps(history)}\n"
        # The door's own settings, so that its log is found.
        self._config.write_text(f"{(door / 'onelook.toml').read_text()}[mqtt]\n{settings}")

    def __enter__(self) -> Self:
        command = [sys.executable, "-m", "edge", "mqtt", "--config", str(self._config)]
        self._process = subprocess.Popen(
            ["nice", "-n", _NICE, *command],
            env={**os.environ, "STATE_DIRECTORY": str(self._kept)},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            _until(lambda: self.told_to is not None, "onelook mqtt does not connect")
            # And its disk comes last, which the unit says of tell alone.
            subprocess.run(["ionice", "-c", "3", "-p", str(self.pids["tell"])], check=True)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        # It would wait for receipts, which a slow broker sends late; its tell ends with it.
        tell = self.pids.get("tell")
        self._process.kill()
        self._process.wait()
        if tell is not None:
            _until(lambda: not Path(f"/proc/{tell}").exists(), "onelook tell does not end")

    @property
    def told_to(self) -> int | None:
        """Up to which event the broker has all; None: it is not connected yet."""
        with suppress(FileNotFoundError):
            return int(json.loads((self._kept / "acknowledged.json").read_text())["seq"])
        return None

    @property
    def pids(self) -> dict[str, int]:
        """Of the processes that live."""
        pid = self._process.pid
        with suppress(FileNotFoundError):
            children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
            return dict(zip(("mqtt", "tell"), (pid, *map(int, children)), strict=False))
        return {}


def _free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


def _until(true: Callable[[], object], otherwise: str) -> None:
    deadline = time.monotonic() + _START_S
    while not true():
        if time.monotonic() > deadline:
            raise UnavailableError(f"{otherwise}.", remedy="Try again when the machine is quiet.")
        time.sleep(_STEP_S)
