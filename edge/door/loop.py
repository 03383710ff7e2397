"""The door's loop: waits for whatever comes first, and hands it to the door.

What nobody foresaw ends the process: the strike is released on the way out, systemd starts a new
one.
"""

from __future__ import annotations

import select
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from edge import journal, notify
from edge.clock import boottime
from edge.config import Config, changed_keys
from edge.contract.errors import OnelookError
from edge.contract.reasons import Reason
from edge.core import machine
from edge.core.burst import Verdict
from edge.door.commands import obey, record, said_by
from edge.door.control import open_control
from edge.door.devices.strike import Strike
from edge.door.door import Door
from edge.door.inputs import Inputs, input_pins
from edge.door.link import RETRY_S, LostError
from edge.door.newcomers import Newcomers
from edge.door.outputs import line_pins
from edge.door.people import People
from edge.door.records import tell_fault
from edge.door.sitting import Later
from edge.door.upkeep import Upkeep
from edge.trusted import key_list, trusted_manifest, warn_if_unsigned

if TYPE_CHECKING:
    from edge.door.wires import Wires

_IDLE_S = 5.0


class Loop:
    """What it opens is closed by `stack`."""

    def __init__(
        self,
        config: Config,
        strike: Strike,
        stack: ExitStack,
        *,
        wires: Wires | None = None,
        read: Callable[[], Config],
    ) -> None:
        """read: the configuration as it is on the disk, for an owner who says `reload`.

        Raises:
            OnelookError: bundle, store or pins are not to be had.
        """
        self._config, self._read, self._wires = config, read, wires
        self._following: Config | None = None
        promise = trusted_manifest(config)
        warn_if_unsigned(promise)
        show = wires.tell if wires else None
        self.door = door = Door(config, promise, strike, stack, show)
        self._upkeep = Upkeep(door.events, config.log)
        self._newcomers = Newcomers(door.events, promise, key_list(config))
        self._inputs = Inputs(config, stack)
        self.go_on(door.state)
        self._control = open_control(config.paths.state_dir, self._obey, stack)
        if wires is not None:
            wires.connect(inputs=input_pins(config), lines=line_pins(config))

    def go_on(self, before: machine.State) -> None:
        """From that state, with door and button as they are now. Since when, nobody knows."""
        now, found = boottime(), self._inputs
        opened = (before.opened or now) if found.stands_open else None
        held = (before.held or now) if found.held else None
        self.door.state = replace(before, opened=opened, held=held)

    def run(self, stop: int) -> Config | None:
        """Turn until the descriptor `stop` can be read, or whoever played the door has gone.

        Returns the configuration to go on with, if the owner gave another one.
        """
        watched = notify.watchdog_interval() is not None
        while self._turn(stop):
            if watched:
                notify.watchdog()
            if self._following is not None and self.door.idle:
                return self._following
        return None

    def _turn(self, stop: int) -> bool:
        link = self.door.link
        if link.socket is None:
            link.connect()
        sources = {self._inputs.waiting: self._take_felt}
        if link.socket is not None:
            sources[link.socket.fileno()] = self._hear_eye
        if self._control is not None:
            sources |= self._control.sources()
        waiting = [stop, *sources, *([self._wires.socket.fileno()] if self._wires else [])]
        ready, _, _ = select.select(waiting, [], [], self._patience())
        for source in ready:
            if source in sources:
                sources[source]()
            elif source == stop or (self._wires is not None and not self._wires.hear()):
                return False
        now = boottime()
        self.door.tend(now)
        self._upkeep.tend(now)
        return True

    def _patience(self) -> float:
        """How long nothing may come: to what is due, the eye's next try, systemd's limit."""
        waits = [notify.watchdog_interval() or _IDLE_S]
        if self.door.link.socket is None:
            waits.append(RETRY_S)
        now = boottime()
        return min([*waits, *(max(0.0, due - now) for due in self.door.due())])

    def _take_felt(self) -> None:
        for event in self._inputs.take():
            self.door.feel(event)

    def _hear_eye(self) -> None:
        door = self.door
        try:
            seen = door.link.receive()
        except LostError:
            door.lose_eye()
            return
        if not door.armed and door.link.fault is None and not self._arm():
            door.decide(Verdict(Reason.STORAGE_ERROR))
            return
        if seen is not None:
            door.see(seen)

    def _arm(self) -> bool:
        """The eye's engine has passed the golden inputs of this bundle: from now on none older."""
        try:
            self._newcomers.accept()
        except OnelookError as e:
            tell_fault(e)
            return False
        self.door.armed = True
        journal.write("door_started")
        notify.ready()
        if self._wires is not None:
            self._wires.tell({"ready": True})
        return True

    def _obey(self, request: Mapping[str, Any]) -> Mapping[str, Any] | Later:
        return self._reload(request) if request["do"] == "reload" else obey(self.door, request)

    def _reload(self, request: Mapping[str, Any]) -> Mapping[str, Any]:
        """Read the configuration again; it counts as soon as nobody is at the door.

        Raises:
            OnelookError: it, or the bundle or gallery that it names, is not right, or it cannot be
                recorded; everything stays as it is.
        """
        following = self._read()
        promise = trusted_manifest(following)
        manifest, events = promise.manifest, self.door.events
        Newcomers(events, promise, key_list(following))
        level = manifest.level(following.recognition.level)
        People(following.paths.state_dir, events, manifest, level).refresh()
        changed = changed_keys(self._config, following)
        record(self.door, "reloaded", {**said_by(request), "changed": changed})
        self._following = following
        return {"changed": changed}
