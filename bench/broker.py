"""What a press costs while a broker is told of it: `python -m bench --broker`.

Each round has a door of its own, and visits every state in another order. A state differs from
"off" only in what runs beside the door, at the priority of the installed units.
"""

from __future__ import annotations

import random
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

from bench import here, processes, telling
from bench.clock import Taken
from bench.growth import fill
from bench.photographs import demo_photographs, write_all
from bench.press import WHOLE, Door
from bench.table import markdown, number
from edge.cli.progress import Progress
from edge.config import load_config
from edge.contract.bundle import Bundle
from edge.demo.stage import end_on_signals
from edge.store.database import connect
from edge.store.events import FILE
from edge.trusted import trusted_bundle

SCHEMA = "onelook.bench-broker/1"
OFF = "off"
LIMIT = 1.05
PRESSES = 3  # in a visit; all visits and one press before them: no more than a door takes a minute
BACKLOG = 8000  # events: longer than a visit, at any speed seen
_APART_S = 0.3
_RESAMPLES = 2000
_LEAST_ROUNDS = 5  # of fewer an interval says nothing


@dataclass(frozen=True)
class Visit:
    """Some presses in one state.

    busy: by process beside the door, the part of a core it took. untold: events of the log that
    the broker has not acknowledged when the visit ends; None: it is told none.
    """

    presses: tuple[Taken, ...]
    busy: Mapping[str, float]
    untold: int | None = None


@dataclass(frozen=True)
class Ratio:
    """Of medians, to those of "off", with an interval that holds 95 of 100 such runs' ratios."""

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.value:.3f} ({self.low:.3f} to {self.high:.3f})"


Round = Mapping[str, Visit]


@dataclass(frozen=True)
class Beside:
    """What runs beside a door; None of what does not, or no longer."""

    telling: telling.Telling | None = None
    broker: telling.Mosquitto | None = None

    def spent(self) -> dict[str, float]:
        """ms of processor time so far, by process."""
        pids = self.telling.pids if self.telling else {}
        if self.broker:
            pids["broker"] = self.broker.pid
        return {name: processes.cpu_ms(pid) for name, pid in pids.items()}


@contextmanager
def _off(_: Path) -> Iterator[Beside]:
    yield Beside()


@contextmanager
def _up(door: Path) -> Iterator[Beside]:
    with telling.Mosquitto(door) as broker, telling.Telling(door, broker.port, history=False) as it:
        yield Beside(it, broker)


@contextmanager
def _slow(door: Path) -> Iterator[Beside]:
    with (
        telling.Mosquitto(door) as broker,
        telling.Wire(broker.port) as wire,
        telling.Telling(door, wire.port, history=False) as it,
    ):
        wire.slow.set()
        yield Beside(it, broker)


@contextmanager
def _gone(door: Path) -> Iterator[Beside]:
    """Killed under a door that was connected; what is pressed now waits in the log."""
    with telling.Mosquitto(door) as broker, telling.Telling(door, broker.port, history=False) as it:
        broker.kill()
        yield Beside(it)


@contextmanager
def _back(door: Path) -> Iterator[Beside]:
    """And is told all that has waited, meanwhile."""
    with telling.Mosquitto(door) as broker, telling.Telling(door, broker.port, history=True) as it:
        yield Beside(it, broker)


STATES = {OFF: _off, "up": _up, "slow": _slow, "gone": _gone, "back": _back}


def beside_a_broker(rounds: int) -> tuple[str, dict[str, Any]]:
    """All of it, as tables and as a document.

    Raises:
        OnelookError: no mosquitto, no paho-mqtt, or a door that does not let its people in.
    """
    telling.refuse_without()
    end_on_signals()
    machine = {"command": here.command(), **here.here(), "mosquitto": telling.version()}
    machine["paho-mqtt"] = metadata.version("paho-mqtt")
    machine = {name: value for name, value in machine.items() if value != "not here"}
    bundle, progress = trusted_bundle(load_config(None)), Progress()
    with tempfile.TemporaryDirectory(prefix="onelook-bench-") as folder:
        shown = write_all(demo_photographs()[1:2], Path(folder))[0]
        visited = []
        for done in range(rounds):
            progress.show("a door and a broker", done, rounds)
            visited.append(_round(bundle, shown, turned(list(STATES), done)))
    progress.end()
    return tables(machine, visited), _document(machine, visited)


def turned(states: list[str], times: int) -> list[str]:
    """The order of a round: another one first each time, and each second time backwards."""
    start = times // 2 % len(states)
    order = states[start:] + states[:start]
    return order[::-1] if times % 2 else order


def _round(bundle: Bundle, shown: Path, order: Sequence[str]) -> Round:
    with Door(bundle, shown) as door:
        door.taken()  # the first one of a door is slower than all others
        fill(door.folder / "state" / FILE, BACKLOG)
        return {state: _visit(door, state) for state in order}


def _visit(door: Door, state: str) -> Visit:
    with STATES[state](door.folder) as beside:
        began, before = time.monotonic(), beside.spent()
        presses = []
        for _ in range(PRESSES):
            time.sleep(_APART_S)
            presses.append(door.taken()[WHOLE])
        spent, passed_ms = beside.spent(), (time.monotonic() - began) * 1000.0
        told_to = beside.telling.told_to if beside.telling else None
        untold = None if told_to is None else _newest(door.folder / "state" / FILE) - told_to
        # One that began meanwhile counts from nothing, and one that ended not at all.
        busy = {name: (ms - before.get(name, 0.0)) / passed_ms for name, ms in spent.items()}
        return Visit(tuple(presses), busy, untold)


def _newest(log: Path) -> int:
    with closing(connect(log)) as database:
        return int(database.execute("SELECT max(seq) FROM event").fetchone()[0])


def ratio(rounds: Sequence[Round], state: str, of: Callable[[Taken], float]) -> Ratio:
    """How many times longer than in "off", each press by what is usual in its own round.

    Rounds are drawn anew, whole: what disturbs a round disturbs all states of it.
    """
    chance = random.Random(0)  # noqa: S311 - a run's figures are to be the same when read again
    usual = [_by_its_round(one, of) for one in rounds]
    drawn = sorted(_times(chance.choices(usual, k=len(usual)), state) for _ in range(_RESAMPLES))
    tail = _RESAMPLES // 40
    return Ratio(_times(usual, state), drawn[tail], drawn[-tail - 1])


def _by_its_round(one: Round, of: Callable[[Taken], float]) -> dict[str, list[float]]:
    """Without it, a machine that is busier for a few rounds widens every interval."""
    usual = statistics.median(of(press) for visit in one.values() for press in visit.presses)
    return {state: [of(press) / usual for press in visit.presses] for state, visit in one.items()}


def _times(usual: Sequence[Mapping[str, list[float]]], state: str) -> float:
    there, off = (
        statistics.median(press for one in usual for press in one[which]) for which in (state, OFF)
    )
    return there / off


def _median(rounds: Sequence[Round], state: str, of: Callable[[Taken], float]) -> float:
    return statistics.median(of(press) for one in rounds for press in one[state].presses)


def verdict(found: Ratio, rounds: int) -> str:
    """Whether a press takes at most 5 % longer; or that so few rounds do not tell."""
    if rounds < _LEAST_ROUNDS:
        return "not decided"
    if found.high <= LIMIT:
        return "yes"
    return "no" if found.low > LIMIT else "not decided"


def _wall(taken: Taken) -> float:
    return taken.wall


def _cpu(taken: Taken) -> float:
    return taken.cpu


def tables(machine: Mapping[str, str], rounds: Sequence[Round]) -> str:
    """What `bench.page` takes."""
    run = markdown(("what", "value"), list(machine.items()))
    presses, beside = [], []
    for state in STATES:
        wall, cpu = (ratio(rounds, state, of) for of in (_wall, _cpu))
        medians = [number(_median(rounds, state, of)) for of in (_wall, _cpu)]
        n = str(PRESSES * len(rounds))
        said = (
            ("1", "1", "-") if state == OFF else (str(wall), str(cpu), verdict(wall, len(rounds)))
        )
        presses.append((state, n, medians[0], said[0], said[2], medians[1], said[1]))
        shares = (_share(rounds, state, who) for who in ("mqtt", "tell", "broker"))
        beside.append((state, *shares, _waiting(rounds, state)))
    head = (
        "broker",
        "presses",
        "median, ms",
        'times "off"',
        "within 5 %",
        "CPU, ms",
        'times "off"',
    )
    cores = ("broker", "mqtt, % of a core", "tell", "mosquitto", "events that wait")
    return (
        f"## This run, with a broker\n\n{run}\n\n"
        f"## A press beside a broker\n\n{markdown(head, presses)}\n\n"
        f"## What runs beside the door\n\n{markdown(cores, beside)}\n"
    )


def _share(rounds: Sequence[Round], state: str, who: str) -> str:
    found = [one[state].busy[who] for one in rounds if who in one[state].busy]
    return number(100.0 * statistics.mean(found)) if found else "-"


def _waiting(rounds: Sequence[Round], state: str) -> str:
    """In the end of a visit, at least and at most."""
    found = [one[state].untold for one in rounds]
    known = [untold for untold in found if untold is not None]
    return f"{min(known):,} to {max(known):,}" if known else "-"


def _document(machine: Mapping[str, str], rounds: Sequence[Round]) -> dict[str, Any]:
    ratios = {
        state: {
            name: asdict(ratio(rounds, state, of)) for name, of in (("wall", _wall), ("cpu", _cpu))
        }
        for state in STATES
    }
    visits = [{state: asdict(visit) for state, visit in one.items()} for one in rounds]
    return {"schema": SCHEMA, "machine": dict(machine), "ratios": ratios, "rounds": visits}
