"""Plays a history on the door itself: `edge.door.service.run`, one process after the other."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import traceback
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from functools import singledispatchmethod
from typing import TYPE_CHECKING

from edge.config import Config
from edge.contract.errors import OnelookError
from edge.door import service
from edge.door.control import FILE as CONTROL
from edge.door.inputs import input_pins
from edge.store.events import FILE, Counter, EventStore
from edge.store.people import Gallery
from tests.faults.facts import Commanded, Dated, Drove, Ended, Fact, Moved, Started
from tests.faults.household import Household
from tests.faults.steps import (
    Calm,
    ClockJump,
    ClockKnown,
    Command,
    DamageLog,
    Deed,
    EyeDies,
    EyeReturns,
    History,
    Hold,
    Kill,
    Press,
    Scene,
    Silence,
    Speak,
    Stop,
    Tap,
    Trap,
)
from tests.faults.world import KilledError, World

if TYPE_CHECKING:
    from tests.faults.stage import Stage

_QUIET_S = 40.0  # at the end: whatever still runs then has no end
_AGAIN_S = 3.0  # systemd's patience with a door that would not start
_RESTART_S = 0.5
_BOOT_S = 20.0


@dataclass(frozen=True)
class Played:
    """What a history came to. galleries: all that there were, by number."""

    history: History
    config: Config
    facts: tuple[Fact, ...]
    galleries: tuple[Gallery, ...]
    chain: str  # what is wrong with the log at the end, or ""


class Play:
    """One history as it goes on."""

    def __init__(self, stage: Stage, history: History) -> None:
        scene = history.scene
        self._stage, self._history = stage, history
        self._config = stage.config(scene.settings)
        self._pins = input_pins(self._config)
        self._world = stage.ground.world = World(uptime=scene.uptime)
        self._over = self._damage_log = False
        self._owners: list[socket.socket] = []
        self._starts_at = 0.0
        ground, door = stage.ground, self._config.door
        ground.lag, ground.deaf_until, ground.seen_rows = scene.lag, 0.0, 0
        ground.lock, ground.active_high = door.lock_pin, door.lock_active == "high"
        shut = [name for name, value in vars(door).items() if value == "closed"]
        names = [name.replace("_shut", "_pin") for name in shut if name.endswith("_shut")]
        ground.low = {getattr(door, name) for name in names}  # every contact is shut
        ground.attend = stage.eye.attend
        stage.eye.begin(self._world)
        stage.name_boot(self._world.boot)
        shutil.rmtree(stage.state, ignore_errors=True)
        self._date_known = scene.date_known
        self._say_the_date()
        self._household = Household(stage.state, self._world, scene.enrolled)
        self._furnish(scene)

    def played(self) -> Played:
        world = self._world
        self._come(0)
        while not self._over:
            self._live()
            if not self._over:
                world.advance(self._starts_at)
        for owner in self._owners:
            owner.close()
        facts = tuple(world.facts)
        galleries = tuple(self._household.galleries)
        return Played(self._history, self._config, facts, galleries, self._chain())

    def _furnish(self, scene: Scene) -> None:
        """What lies in the store before the door's first start."""
        if scene.failures:
            boot = self._world.boot - scene.foreign
            counter = Counter(scene.failures, f"boot-{boot}", self._world.boottime() - scene.ago)
            with EventStore(self._stage.state) as events:
                events.record({"kind": "system", "reason": "furnished"}, counter=counter)

    def _live(self) -> None:
        """A process of the door's, from its start to its end."""
        world = self._world
        world.life, world.up, world.turn = world.life + 1, True, 0
        world.saw(Started(world.boot, world.booted_at))
        how, error = "stopped", ""
        if self._damage_log:
            self._overwrite_log()
        try:
            service.run(self._config, None, lambda: self._config)
        except KilledError:
            how = "killed"
            if self._starts_at <= world.now:  # by a trap
                self._starts_at = world.now + _RESTART_S
        except OnelookError as e:
            how, error = "refused", e.what
            self._starts_at = max(world.now + _AGAIN_S, min(world.next_at(), world.now + 3600.0))
        except Exception as e:  # noqa: BLE001 - whatever it is, it is what this history came to
            how, error = "crashed", "".join(traceback.format_exception(e)[-3:])
            self._starts_at = world.now + _AGAIN_S
        world.up = False
        world.saw(Ended(how, error))
        world.saw(Drove(on=False, by="kernel"))
        self._stage.ground.factory.reset()

    def _come(self, number: int) -> None:
        """Have the steps from this one on happen, each in its time."""
        if number == len(self._history.steps):
            self._world.call(_QUIET_S, self._end)
            return

        def happen() -> None:
            self._come(number + 1)
            self._do(self._history.steps[number].deed)

        self._world.call(self._history.steps[number].after, happen)

    def _end(self) -> None:
        self._over = True
        if self._world.up:
            os.kill(os.getpid(), signal.SIGTERM)

    @singledispatchmethod
    def _do(self, deed: Deed) -> None:
        """Whatever is not below changes the gallery."""
        with suppress(OnelookError):  # one that is damaged is not changed either
            self._household.do(deed)

    @_do.register
    def _(self, deed: Press) -> None:
        self._stage.eye.next_is(deed)
        self._tap("press")

    @_do.register
    def _(self, deed: Tap) -> None:
        self._tap(deed.name)

    @_do.register
    def _(self, deed: Hold) -> None:
        self._move(deed.name, low=deed.low)

    @_do.register
    def _(self, deed: Speak) -> None:
        self._stage.eye.speak(deed.frame)

    @_do.register
    def _(self, _deed: EyeDies) -> None:
        self._stage.eye.die()

    @_do.register
    def _(self, deed: EyeReturns) -> None:
        self._stage.eye.listen(ours=deed.ours, greets=deed.greets)

    @_do.register
    def _(self, deed: Trap) -> None:
        self._world.lay(deed)

    @_do.register
    def _(self, _deed: Calm) -> None:
        self._world.calm()

    @_do.register
    def _(self, deed: ClockJump) -> None:
        self._world.date += timedelta(days=deed.years * 365.25)
        self._say_the_date()

    @_do.register
    def _(self, deed: ClockKnown) -> None:
        self._date_known = deed.known
        self._say_the_date()

    @_do.register
    def _(self, _deed: DamageLog) -> None:
        self._damage_log = True

    @_do.register
    def _(self, _deed: Silence) -> None:
        pass

    @_do.register
    def _(self, deed: Command) -> None:
        """As `edge.door.control.ask`, but for the answer: the door cannot give it at once."""
        owner = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET | socket.SOCK_NONBLOCK)
        self._owners.append(owner)
        with suppress(OSError):  # no door runs, or too many ask it
            owner.connect(str(self._stage.state / CONTROL))
            owner.send(json.dumps({"do": deed.do, **dict(deed.fields)}).encode())
            self._world.saw(Commanded(deed.do, dict(deed.fields).get("seconds", 0.0)))

    @_do.register
    def _(self, deed: Stop) -> None:
        if self._world.up:
            self._starts_at = self._world.now + deed.down
            os.kill(os.getpid(), signal.SIGTERM)

    @_do.register
    def _(self, deed: Kill) -> None:
        if not self._world.up:
            return  # there is nothing to kill, and the machine is on its way up if it was down
        self._starts_at = self._world.now + deed.down
        if deed.reboot:
            self._stage.eye.die()
            self._world.call(deed.down, self._boot)
        self._world.kill()

    def _boot(self) -> None:
        world = self._world
        world.boot += 1
        world.booted_at = world.now - _BOOT_S
        self._stage.name_boot(world.boot)
        self._stage.eye.listen(ours=True, greets=True)

    def _tap(self, name: str) -> None:
        self._move(name, low=True)
        self._move(name, low=False)

    def _move(self, name: str, *, low: bool) -> None:
        """Pull an input to ground, or let go; whether anybody feels it is the door's affair."""
        if name not in self._pins:
            return
        pin, down = self._pins[name], self._stage.ground.low
        (down.add if low else down.discard)(pin)
        self._world.saw(Moved(name, low))
        line = self._stage.ground.factory.pin(pin)
        (line.drive_low if low else line.drive_high)()

    def _say_the_date(self) -> None:
        self._stage.know_the_date(known=self._date_known)
        self._world.saw(Dated(self._world.date, self._date_known))

    def _overwrite_log(self) -> None:
        self._damage_log = False
        path = self._stage.state / FILE
        if path.exists():
            with path.open("r+b") as file:
                file.write(b"\xff" * 200)

    def _chain(self) -> str:
        """What is wrong with the log, in a process of its own after all the others."""
        try:
            with EventStore(self._stage.state) as events:
                events.verify()
        except OnelookError as e:
            return e.what
        return ""
