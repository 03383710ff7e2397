"""What a board that nobody here has would take, by two rules that do not need each other.

By the yardstick: whatever is so many times MobileNetV2 here is so many times MobileNetV2 there.
By rates: a network takes its multiply-accumulates at the board's published rate, and the code
beside it an estimated number of times as long as here. The larger one is told.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from bench.boards import FOUR_CORES, Board


@dataclass(frozen=True)
class Here:
    """A stage on this machine, ms of one thread; `networks_ms` of it in networks of `macs`."""

    ms: float
    networks_ms: float = 0.0
    macs: float = 0.0


@dataclass(frozen=True)
class There:
    """A stage on a board, ms of one thread. measured: by its own pi-selftest, not projected."""

    by_yardstick: float
    by_rates: float
    measured: float | None = None

    @property
    def ms(self) -> float:
        """What is told."""
        return max(self.by_yardstick, self.by_rates) if self.measured is None else self.measured

    @property
    def label(self) -> str:
        return "projected" if self.measured is None else "measured"


def project(here: Here, board: Board, mobilenet_here_ms: float) -> There:
    """One stage on one board."""
    times = board.mobilenet_ms * FOUR_CORES / mobilenet_here_ms
    rate = board.gmacs_per_s / FOUR_CORES
    beside = max(here.ms - here.networks_ms, 0.0)
    return There(here.ms * times, here.macs / rate / 1e6 + beside * board.slower)


def project_all(
    stages: Mapping[str, Here],
    board: Board,
    mobilenet_here_ms: float,
    measured: Mapping[str, float],
) -> dict[str, There]:
    """Every stage; what the board's own file has replaces what was projected."""
    found = {}
    for name, here in stages.items():
        there = project(here, board, mobilenet_here_ms)
        found[name] = There(there.by_yardstick, there.by_rates, measured.get(name))
    return found
