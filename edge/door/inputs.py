"""Everything at the door that somebody can move, felt on gpiozero's threads, taken by the loop."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from functools import partial

from edge.clock import boottime
from edge.config import Config
from edge.core import machine
from edge.door.devices.button import Button
from edge.door.devices.contact import Contact


def input_pins(config: Config) -> dict[str, str]:
    """The inputs that are wired: press, exit, contact; each with its pin."""
    door = config.door
    named = {"press": config.button.pin, "exit": door.exit_pin, "contact": door.contact_pin}
    return {name: pin for name, pin in named.items() if pin != "off"}


class Inputs:
    """`waiting` can be read as soon as there is something to take. What it opens `stack` closes."""

    def __init__(self, config: Config, stack: ExitStack) -> None:
        """Raises: PinError: a pin is missing or taken."""
        self._felt: deque[machine.Event] = deque()
        self.waiting, self._wake = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
        stack.callback(os.close, self.waiting)
        stack.callback(os.close, self._wake)
        self.stands_open = False
        pins, debounce_s = input_pins(config), config.button.debounce_s
        for name, event in (("press", machine.Pressed), ("exit", machine.Exited)):
            if name in pins:
                felt = partial(self._feel, event)
                button = Button(pins[name], debounce_s=debounce_s, pressed=felt)
                stack.callback(button.close)
        if "contact" in pins:
            contact = Contact(
                pins["contact"],
                closed_when_shut=config.door.contact_shut == "closed",
                opened=partial(self._feel, machine.Opened),
                shut=partial(self._feel, machine.Closed),
            )
            stack.callback(contact.close)
            self.stands_open = contact.stands_open

    def take(self) -> Iterator[machine.Event]:
        """What was felt since, in its order and with its time."""
        os.read(self.waiting, 4096)
        while self._felt:
            yield self._felt.popleft()

    def _feel(self, kind: Callable[[float], machine.Event]) -> None:
        """On a thread of gpiozero's: keep the time, wake the loop."""
        self._felt.append(kind(boottime()))
        with suppress(BlockingIOError):  # full of wake-ups already
            os.write(self._wake, b"f")
