"""The lamps and the buzzer, each on a line of its own; which of them are wired is the owner's."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from contextlib import suppress

from gpiozero import DigitalOutputDevice

from edge.clock import boottime
from edge.core.lights import Lamp, Pattern, Show
from edge.door.devices.pins import pin_errors


class Lights:
    """Shows one thing at a time, from a thread of its own: no lamp ever holds up the door.

    Close it. What a lamp's line does wrong darkens that lamp and nothing else.
    """

    def __init__(self, pins: Mapping[Lamp, str]) -> None:
        """pins: of the lamps that are wired. Raises: PinError: one is missing or taken."""
        self._lines: dict[Lamp, DigitalOutputDevice] = {}
        self._changed = threading.Condition()
        self._show, self._until, self._rest = Show.DARK, float("inf"), Show.DARK
        self._serial = 0
        self._ended = False
        try:
            for lamp, pin in pins.items():
                with pin_errors(pin, f"the {lamp.value} light"):
                    self._lines[lamp] = DigitalOutputDevice(pin)
        except BaseException:
            self._darken()
            raise
        self._thread = threading.Thread(target=self._play, name="lights", daemon=True)
        if self._lines:
            self._thread.start()

    @property
    def shown(self) -> Show:
        """What the lamps say now."""
        with self._changed:
            return self._show

    def show(self, show: Show, seconds: float) -> None:
        """Say this, for so long or until something else is said; then what `rest` was given."""
        with self._changed:
            self._show, self._until = show, boottime() + seconds
            self._serial += 1
            self._changed.notify()

    def rest(self, show: Show) -> None:
        """Say this whenever nothing else is to be said, from now on."""
        with self._changed:
            if show is self._rest:
                return
            at_rest = self._show is self._rest
            self._rest = show
        if at_rest:
            self.show(show, float("inf"))

    def close(self) -> None:
        """Dark, and the lines given back."""
        with self._changed:
            self._ended = True
            self._changed.notify()
        if self._lines:
            self._thread.join(timeout=1.0)
        self._darken()

    def _play(self) -> None:
        while True:
            with self._changed:
                if self._ended:
                    return
                if boottime() >= self._until:
                    self._show, self._until = self._rest, float("inf")
                    self._serial += 1
                pattern, serial, until = self._show.value, self._serial, self._until
            started = boottime()
            while True:
                wait = self._set(pattern, boottime() - started)
                with self._changed:
                    if self._serial == serial and not self._ended:
                        self._changed.wait(min(wait, max(0.0, until - boottime()), 3600.0))
                    if self._serial != serial or self._ended or boottime() >= until:
                        break

    def _set(self, pattern: Pattern, elapsed: float) -> float:
        """Light each lamp as the pattern has it then; seconds until the next change."""
        wait = float("inf")
        for lamp, line in self._lines.items():
            lit, left = _at(pattern, lamp, elapsed)
            wait = min(wait, left)
            with suppress(Exception):  # a pin library's own; a dead lamp is no reason to stop
                line.value = lit
        return wait

    def _darken(self) -> None:
        for line in self._lines.values():
            with suppress(Exception):
                line.close()


def _at(pattern: Pattern, lamp: Lamp, elapsed: float) -> tuple[bool, float]:
    """(lit, seconds until that changes) of a lamp, so long after the pattern began."""
    steps = pattern.steps.get(lamp, ())
    length = sum(seconds for _, seconds in steps)
    if not steps or (elapsed >= length and not pattern.repeat):
        return False, float("inf")
    within = elapsed % length
    for lit, seconds in steps:
        if within < seconds:
            return lit, seconds - within
        within -= seconds
    return False, 0.0
