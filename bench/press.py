"""The whole press in simulation, through both real processes, with ten people enrolled."""

from __future__ import annotations

import subprocess
import sys
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Self

from bench import processes
from bench.clock import Clock, Taken, Timed, simple
from bench.photographs import PERSON
from edge.contract.bundle import Bundle
from edge.contract.errors import UnavailableError
from edge.contract.picture import read_picture
from edge.demo.play import Played, play
from edge.demo.script import Press
from edge.demo.stage import Stage
from edge.selftest.stages import nobodys_people
from edge.shipped import shipped
from edge.store.gallery import GalleryStore
from edge.store.people import Gallery

GROUP = "press"
PEOPLE = 10
WHOLE, EYE, DOOR = "press to lock line", "press: eye", "press: door"
_SETTINGS = {"door": {"pulse": "500ms"}}
_GRANTED = "granted"
_EVERY = 2
_APART_S = 3.2  # a door takes no more than twenty presses a minute


class Door:
    """A running door with ten people, one of them real; use as a context manager."""

    def __init__(self, bundle: Bundle, shown: Path) -> None:
        """shown: what the camera sees, a picture of the person of `PERSON`."""
        self._bundle, self._shown = bundle, shown
        self._stack = ExitStack()
        self._next_at = 0.0

    def __enter__(self) -> Self:
        self._stage = self._stack.enter_context(Stage(bundle=None, settings=_SETTINGS))
        try:
            self._enrol()
        except BaseException:
            self._stack.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def timed(self) -> list[Timed]:
        """A press as a measurable, and what its camera takes for a frame, which no real one does.

        It has three taken: of the last one the door has no need any more.
        """
        reading = simple(
            "a frame of the simulated camera", GROUP, lambda: read_picture(self._shown)
        )
        return [Timed(WHOLE, GROUP, self._press, every=_EVERY), reading]

    def peaks_mb(self) -> dict[str, float]:
        """The most memory that eye and door ever held."""
        return {name: processes.peak_mb(pid) for name, pid in self._stage.processes.items()}

    def own_mb(self) -> float:
        """What both hold by themselves, now."""
        return sum(processes.own_mb(pid) for pid in self._stage.processes.values())

    def share_mb(self) -> float:
        """What both hold now, with what they share counted once."""
        return sum(processes.share_mb(pid) for pid in self._stage.processes.values())

    def taken(self) -> dict[str, Taken]:
        """One press of the person who is shown: to the lock's line, and the part of each process.

        Raises:
            UnavailableError: they were not let in.
        """
        pids = self._stage.processes
        before = {name: processes.cpu_ms(pid) for name, pid in pids.items()}
        opened_ms = self.play().strike_ms[0][1]
        spent = {name: processes.cpu_ms(pid) - before[name] for name, pid in pids.items()}
        return {
            WHOLE: Taken(opened_ms, sum(spent.values())),
            EYE: Taken(opened_ms, spent["eye"]),
            DOOR: Taken(opened_ms, spent["door"]),
        }

    @property
    def folder(self) -> Path:
        """Of this door's configuration, onelook.toml, and of its state, which go with it."""
        return self._stage.folder

    def logs(self) -> list[str]:
        """What both wrote."""
        paths = [self._stage.folder / f"{name}.log" for name in self._stage.processes]
        return [path.read_text(encoding="utf-8") for path in paths]

    def play(self) -> Played:
        """One press of the person who is shown.

        Raises:
            UnavailableError: they were not let in.
        """
        played = play(self._stage, Press("bench", (self._shown,) * 3, frozenset()))
        if played.event["reason"] != _GRANTED or not played.strike_ms:
            raise UnavailableError(
                f"a press of the bench ended with {played.event['reason']}, not {_GRANTED}.",
                remedy="Run `onelook demo` first: it must let its people in.",
            )
        return played

    def _press(self, clock: Clock) -> None:
        time.sleep(max(0.0, self._next_at - time.monotonic()))
        self._next_at = time.monotonic() + _APART_S
        for name, taken in self.taken().items():
            clock.add(name, taken)

    def _enrol(self) -> None:
        """One as an owner does it, nine who do not exist beside."""
        photograph = shipped("application_data", "verification_images", PERSON)
        command = ["--config", str(self._stage.config), "enroll", "Ada", str(photograph)]
        subprocess.run(
            [sys.executable, "-m", "edge", *command], check=True, capture_output=True, timeout=120
        )
        with GalleryStore(self._stage.folder / "state").change() as change:
            nobody = nobodys_people(self._bundle.manifest, PEOPLE - 1)
            change.commit(Gallery((*change.gallery.people, *nobody)))


def cold_starts(times: int) -> list[float]:
    """Seconds from nothing to READY of both processes, so many times."""
    taken = []
    for _ in range(times):
        started = time.perf_counter()
        with Stage(bundle=None, settings=_SETTINGS):
            taken.append(time.perf_counter() - started)
    return taken
