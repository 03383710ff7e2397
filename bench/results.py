"""Everything that a run found, as values, and as the document of results.json."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from bench.accuracy import Accuracy
from bench.goals import Goal
from bench.growth import GalleryGrowth, LogGrowth
from bench.projection import There
from bench.rounds import Row
from bench.training import TrainingRate

SCHEMA = "onelook.bench-results/1"


@dataclass(frozen=True)
class Share:
    """What a network reaches: 10^9 multiply-accumulates a second, and of the plain product's."""

    name: str
    macs: int
    threads: str
    rate: float
    share: float


@dataclass(frozen=True)
class Dot:
    """One of the plot: ms of processor time for one look, and how right it is."""

    name: str
    ms: float
    accuracy: Accuracy
    said: str


@dataclass
class Results:
    """Of one run.

    starts: (who, s until ready, MB at most). disk: (what, MB, packages in words).
    peaks_mb: of eye and door. own_mb: what both hold that is no file's. share_mb: and
    of files, what they share counted once.
    foreign: what either has of a workstation's, of so many modules.
    """

    command: str
    machine: dict[str, str]
    rows: list[Row] = field(default_factory=list)
    shares: list[Share] = field(default_factory=list)
    peaks_mb: dict[str, float] = field(default_factory=dict)
    ready_s: list[float] = field(default_factory=list)
    foreign: list[str] = field(default_factory=list)
    modules: int = 0
    own_mb: float = 0.0
    share_mb: float = 0.0
    starts: list[tuple[str, float | None, float]] = field(default_factory=list)
    disk: list[tuple[str, float, str]] = field(default_factory=list)
    ratios: dict[str, float] = field(default_factory=dict)
    dots: list[Dot] = field(default_factory=list)
    gallery: list[GalleryGrowth] = field(default_factory=list)
    log: list[LogGrowth] = field(default_factory=list)
    training: list[TrainingRate] = field(default_factory=list)
    boards: dict[str, Mapping[str, There]] = field(default_factory=dict)
    goals: list[Goal] = field(default_factory=list)
    absent: dict[str, str] = field(default_factory=dict)

    def document(self) -> dict[str, Any]:
        """What JSON can hold."""
        plain: dict[str, Any] = asdict(self)
        plain["rows"] = [
            {
                "group": row.group,
                "name": row.name,
                "threads": row.threads,
                "ms": row.figures.document(),
            }
            for row in self.rows
        ]
        plain["boards"] = {
            board: {
                stage: {**asdict(there), "ms": there.ms, "label": there.label}
                for stage, there in stages.items()
            }
            for board, stages in self.boards.items()
        }
        plain["goals"] = [{**asdict(goal), "verdict": goal.verdict} for goal in self.goals]
        return {"schema": SCHEMA, **plain}
