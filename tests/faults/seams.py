"""Where the world of a history is put under the door: clock, waiting, disk, pins, threads.

Each patch stands for something outside of the program (the kernel, the card, the wires). What is
between them is the door's own code, run from `edge.door.service.run` on.
"""

from __future__ import annotations

import errno
import io
import json
import os
import select
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import datetime, tzinfo
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from unittest.mock import patch

import gpiozero
import gpiozero.mixins
import gpiozero.output_devices

import edge.clock
import edge.door.judge
import edge.door.loop
import edge.door.match
import edge.door.mode
import edge.door.service
import edge.journal
import edge.store.database
from edge.contract.matching import Templates
from edge.contract.wire import Look
from edge.door.link import Link
from edge.door.sitting import NO_PRESS
from tests.faults.facts import Asked, Compared, Judged, Kept, Said, Tried
from tests.faults.ground import Ground, holding, pins, threads
from tests.faults.world import World

BOOT_ID, SYNCHRONISED = "boot_id", "synchronized"


@contextmanager
def seams(folder: Path) -> Iterator[Ground]:
    """Play the world to everything in this process. folder: for BOOT_ID and SYNCHRONISED."""
    ground = Ground()
    ground.factory.pin_class = pins(ground)
    module = SimpleNamespace
    with ExitStack() as stack:

        def put(target: object, name: str, value: object) -> None:
            stack.enter_context(patch.object(target, name, value))

        put(edge.clock, "time", _clock(ground))
        for asks in (edge.clock, edge.door.mode):
            put(asks, "datetime", module(now=lambda zone=None: _date(ground.world, zone)))
        put(edge.clock, "_BOOT_ID", folder / BOOT_ID)
        put(edge.clock, "_SYNCHRONISED", folder / SYNCHRONISED)
        put(edge.door.loop, "select", module(select=_waiting(ground)))
        put(edge.door.service, "require_release", lambda: None)  # the world's kernel does
        for name in ("trusted_manifest", "key_list"):  # they stay the same: verified once
            put(edge.door.loop, name, _once(getattr(edge.door.loop, name)))
        put(edge.door.judge, "find", _judging(ground))
        put(edge.door.match, "Templates", _comparing(ground))
        put(edge.store.database, "_connection", _disk(ground))
        put(Link, "send", _sending(ground))
        put(gpiozero.output_devices, "GPIOThread", threads(ground))
        put(gpiozero.mixins, "HoldThread", holding(ground))
        put(gpiozero.Device, "pin_factory", ground.factory)
        board = type(ground.factory.board_info)
        # Both are slow, and always the same.
        put(board, "find_pin", _remembered(board.find_pin))
        stack.enter_context(patch.object(gpiozero.mixins, "dir", cache(_events), create=True))
        put(edge.journal, "sys", module(stderr=_Journal(ground)))
        put(threading, "excepthook", lambda fault: ground.world.saw(Said(f"thread: {fault}")))
        stack.enter_context(patch.dict(os.environ, {"GPIOZERO_PIN_FACTORY": "mock"}))
        for name in ("JOURNAL_STREAM", "NOTIFY_SOCKET", "WATCHDOG_USEC"):
            os.environ.pop(name, None)
        yield ground


def _once(make: Callable[[object], object]) -> Callable[[object], object]:
    made: list[object] = []

    def get(config: object) -> object:
        if not made:
            made.append(make(config))
        return made[0]

    return get


def _events(device: type) -> list[str]:
    """What gpiozero looks for when it goes through all the names of a device."""
    return [
        name for name in dir(device) if isinstance(getattr(device, name), gpiozero.mixins.event)
    ]


def _remembered(find: Callable[..., Iterator[object]]) -> Callable[..., list[object]]:
    found: dict[str, list[object]] = {}

    def get(board: object, name: str) -> list[object]:
        if name not in found:
            found[name] = [*find(board, name)]
        return found[name]

    return get


def _clock(ground: Ground) -> SimpleNamespace:
    def clock_gettime(_which: int) -> float:
        ground.world.at("clock")
        return ground.world.boottime()

    return SimpleNamespace(clock_gettime=clock_gettime, CLOCK_BOOTTIME=7)


def _date(world: World, zone: tzinfo | None) -> datetime:
    return world.wall().astimezone(zone) if zone else world.wall().replace(tzinfo=None)


def _waiting(ground: Ground) -> Callable[..., tuple[list[int], list[int], list[int]]]:
    def wait(waiting: list[int], _w: object, _x: object, timeout: float):
        def poll() -> list[int]:
            ground.attend()
            return select.select(waiting, [], [], 0)[0]

        return ground.world.wait(poll, timeout), [], []

    return wait


def _judging(ground: Ground) -> Callable[..., object]:
    find = edge.door.judge.find

    def judge(nearest, rule):
        ground.world.saw(Judged(rule.threshold))
        return find(nearest, rule)

    return judge


def _comparing(ground: Ground) -> type:
    class Watched(Templates):
        def distances(self, probe):
            ground.world.saw(Compared())
            return super().distances(probe)

    return Watched


def _sending(ground: Ground) -> Callable[..., None]:
    send = Link.send

    def sent(link, message):
        ground.world.at("send")
        send(link, message)
        if isinstance(message, Look) and message.press != NO_PRESS:
            ground.world.saw(Asked(message))

    return sent


def _disk(ground: Ground) -> Callable[[Path], sqlite3.Connection]:
    class Disk(sqlite3.Connection):
        """SQLite's own, but for a trap before and after each statement."""

        def __init__(self, path, *args, **kwargs):
            super().__init__(path, *args, **kwargs)
            if path.name.endswith(".new"):  # a log that begins anew
                ground.seen_rows = 0

        def execute(self, sql, *values):
            verb = sql.split(None, 1)[0].lower()
            if sql.startswith("INSERT INTO event"):
                ground.world.saw(Tried(_row(values[0][1])))
            self._pass(f"before {verb}")
            found = super().execute(sql, *values)
            if verb == "commit":
                self._keep()
            self._pass(f"after {verb}")
            return found

        def _pass(self, place):
            try:
                ground.world.at(place)
            except OSError as e:
                full = e.errno == errno.ENOSPC
                raise sqlite3.OperationalError(
                    "database or disk is full" if full else "disk I/O error"
                ) from e

        def _keep(self):
            """What is on the disk from now on."""
            rows = super().execute(
                "SELECT seq, entry FROM event WHERE seq > ?", (ground.seen_rows,)
            )
            new = rows.fetchall()
            (counter,) = super().execute("SELECT failures, boot_id, counted_at FROM counter")
            ground.seen_rows = max([ground.seen_rows, *(seq for seq, _ in new)])
            ground.world.saw(Kept(tuple(_row(entry) for _, entry in new), *counter))

    def connection(path: Path) -> sqlite3.Connection:
        return sqlite3.connect(path, isolation_level=None, timeout=2.0, factory=Disk)

    return connection


class _Journal(io.TextIOBase):
    """The journal, line by line."""

    def __init__(self, ground: Ground) -> None:
        self._ground = ground

    def write(self, text: str) -> int:
        if text.strip():
            self._ground.world.saw(Said(text.strip()))
        return len(text)


def _row(entry: str) -> dict[str, object]:
    return json.loads(entry)
