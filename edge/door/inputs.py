"""Everything at the door that somebody can move, felt on gpiozero's threads, taken by the loop."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from functools import partial

from edge.clock import boottime
from edge.config import Config
from edge.core import moves
from edge.door.devices.button import Button
from edge.door.devices.contact import Contact

_Kind = Callable[[float], moves.Event]


def input_pins(config: Config) -> dict[str, str]:
    """The inputs that are wired: press, exit, contact, case; each with its pin."""
    door = config.door
    named = {"press": config.button.pin, "exit": door.exit_pin}
    named |= {"contact": door.contact_pin, "case": door.tamper_pin}
    return {name: pin for name, pin in named.items() if pin != "off"}


class Inputs:
    """`waiting` can be read as soon as there is something to take. What it opens `stack` closes.

    held, stands_open: whether the button is down, and the door open, from the start.
    """

    def __init__(self, config: Config, stack: ExitStack) -> None:
        """Raises: PinError: a pin is missing or taken."""
        self._felt: deque[moves.Event] = deque()
        self.waiting, self._wake = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
        stack.callback(os.close, self.waiting)
        stack.callback(os.close, self._wake)
        self._stack, self._debounce_s = stack, config.button.debounce_s
        pins = input_pins(config)
        let_go = partial(self._feel, moves.LetGo)
        self.held = self._button(pins["press"], moves.Pressed, let_go=let_go).down
        if "exit" in pins:
            self._button(pins["exit"], moves.Exited)
        self.stands_open = False
        if "contact" in pins:
            line = pins["contact"], "the door's contact", config.door.contact_shut
            contact = self._contact(*line, moves.Opened, moves.Closed)
            self.stands_open = contact.stands_open
        if "case" in pins:
            line = pins["case"], "the case's contact", config.door.tamper_shut
            case = self._contact(*line, moves.CaseOpened, moves.CaseShut)
            if case.stands_open:  # since nobody knows when
                self._feel(moves.CaseOpened)

    def take(self) -> Iterator[moves.Event]:
        """What was felt since, in its order and with its time."""
        os.read(self.waiting, 4096)
        while self._felt:
            yield self._felt.popleft()

    def _button(self, pin: str, pressed: _Kind, **let_go: Callable[[], None]) -> Button:
        felt = partial(self._feel, pressed)
        button = Button(pin, debounce_s=self._debounce_s, pressed=felt, **let_go)
        self._stack.callback(button.close)
        return button

    def _contact(self, pin: str, whose: str, when_shut: str, opened: _Kind, shut: _Kind) -> Contact:
        contact = Contact(
            pin,
            whose,
            closed_when_shut=when_shut == "closed",
            opened=partial(self._feel, opened),
            shut=partial(self._feel, shut),
        )
        self._stack.callback(contact.close)
        return contact

    def _feel(self, kind: _Kind) -> None:
        """On a thread of gpiozero's: keep the time, wake the loop."""
        self._felt.append(kind(boottime()))
        with suppress(BlockingIOError):  # full of wake-ups already
            os.write(self._wake, b"f")
