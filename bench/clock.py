"""Wall and processor time by name, and what several rounds of them come to."""

from __future__ import annotations

import statistics
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class Taken:
    """Milliseconds: by the clock on the wall, and of the processor, all threads together."""

    wall: float
    cpu: float


@dataclass(frozen=True)
class Figures:
    """Median and minimum of n rounds, ms. Of a busy machine the minimum of cpu says most."""

    wall_median: float
    wall_min: float
    cpu_median: float
    cpu_min: float
    n: int

    def document(self) -> dict[str, float]:
        """Rounded for a file."""
        return {name: round(value, 5) for name, value in asdict(self).items()}


class Clock:
    """What one round took, by name; has the shape of `edge.selftest.stages.Stopwatch`."""

    def __init__(self) -> None:
        self._wall: dict[str, float] = defaultdict(float)
        self._cpu: dict[str, float] = defaultdict(float)

    def time(self, name: str, work: Callable[..., Any], *given: object) -> Any:  # noqa: ANN401
        """What `work` returns. What bears a name twice in a round is added up."""
        wall, cpu = time.perf_counter(), time.process_time()
        try:
            return work(*given)
        finally:
            cpu_s, wall_s = time.process_time() - cpu, time.perf_counter() - wall
            self.add(name, Taken(wall_s * 1000.0, cpu_s * 1000.0))

    def add(self, name: str, taken: Taken) -> None:
        """What was measured elsewhere."""
        self._wall[name] += taken.wall
        self._cpu[name] += taken.cpu

    def taken(self) -> dict[str, Taken]:
        """Of the whole round."""
        return {name: Taken(self._wall[name], self._cpu[name]) for name in self._wall}


@dataclass(frozen=True)
class Timed:
    """Something that can be measured: `run` times its parts on the round's clock.

    every: it takes part in each so-manieth round, since it takes long. threads: "one", "all".
    """

    name: str
    group: str
    run: Callable[[Clock], object]
    every: int = 1
    threads: str = "one"


def simple(name: str, group: str, work: Callable[[], object], **how: Any) -> Timed:  # noqa: ANN401
    """Something of one part."""
    return Timed(name, group, lambda clock: clock.time(name, work), **how)


def figures(rounds: Sequence[Taken]) -> Figures:
    """Of at least one round."""
    walls, cpus = [one.wall for one in rounds], [one.cpu for one in rounds]
    return Figures(
        statistics.median(walls), min(walls), statistics.median(cpus), min(cpus), len(rounds)
    )


def ratio(of: Figures, to: Figures) -> float:
    """How many times longer `of` takes, in least processor time, which others hardly move."""
    return of.cpu_min / max(to.cpu_min, 1e-9)
