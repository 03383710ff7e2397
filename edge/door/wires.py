"""The far ends of the simulated pins' wires: a finger on the button, an eye on the lock's line.

For the demo and the tests alone. The door itself does not know the difference: its devices hang on
gpiozero's mock pins. One JSON object a line; in: {"press": true} and {"exit": true}, which push and
let go; {"contact": LEVEL}, and so for every input, which stays at that level, 0 or 1; out: "line",
"event", "happening", "ready".
"""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from gpiozero import Device
from gpiozero.pins.mock import MockFactory, MockPin

from edge.clock import boottime
from edge.contract.errors import UnavailableError


class _WatchedPin(MockPin):  # type: ignore[misc]  # gpiozero comes without types
    """Tells each change of its level at once, from whatever thread it comes."""

    tell: Callable[[int, float], None] | None = None

    def _change_state(self, value: bool) -> bool:  # noqa: FBT001 - gpiozero's own signature
        changed: bool = super()._change_state(value)
        if changed and self.tell is not None:
            self.tell(int(value), boottime())
        return changed


class Wires:
    """Made before the devices, since it decides which pins they get."""

    def __init__(self, fd: int) -> None:
        """fd: a connected stream socket that becomes ours."""
        self._factory = Device.pin_factory = MockFactory(pin_class=_WatchedPin)
        self._lock = threading.Lock()  # the strike's changes come from a thread of gpiozero's
        self._unread = b""
        self._inputs: dict[str, str] = {}
        self.socket = socket.socket(fileno=fd)

    def connect(self, *, inputs: Mapping[str, str], lines: Mapping[str, tuple[str, bool]]) -> None:
        """Take hold of the lines, once their devices are there.

        inputs: as of `edge.door.inputs.input_pins`, by name, each with its pin.
        lines: by name, each with its pin and whether it is active high; told as 1 when it is on.
        """
        self._inputs = dict(inputs)
        for name, (pin, active_high) in lines.items():
            self._factory.pin(pin).tell = partial(self._changed, name, int(active_high))

    def _changed(self, name: str, on: int, level: int, at: float) -> None:
        self.tell({"line": name, "level": int(level == on), "at": at})

    def hear(self) -> bool:
        """Do what the other end says; false if it has gone."""
        try:
            data = self.socket.recv(65536)
        except ConnectionError:
            return False
        *lines, self._unread = (self._unread + data).split(b"\n")
        for line in lines:
            for name, level in json.loads(line).items():
                moved = self._factory.pin(self._inputs[name])
                if level is True:
                    moved.drive_low()
                    moved.drive_high()
                else:
                    (moved.drive_high if level else moved.drive_low)()
        return bool(data)

    def tell(self, message: Mapping[str, Any]) -> None:
        """One line to the other end.

        Raises:
            UnavailableError: it has gone.
        """
        with self._lock:
            try:
                self.socket.sendall(json.dumps(message).encode() + b"\n")
            except OSError as e:
                raise UnavailableError(
                    "the other end of the wires has gone.", remedy="Start the demo again."
                ) from e

    def close(self) -> None:
        """Hang up."""
        self.socket.close()
