"""What can be seen of a door from outside: its lines, its disk, its socket, its journal."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from edge.contract.wire import Look, Seen
from tests.faults.steps import Frame, Slip


@dataclass(frozen=True, slots=True)
class Started:
    """A process of the door's. booted_at: when this start of the machine began."""

    boot: int
    booted_at: float


@dataclass(frozen=True, slots=True)
class Ended:
    """That process. how: "stopped", "killed", "refused" (it said why), "crashed"."""

    how: str
    error: str


@dataclass(frozen=True, slots=True)
class Moved:
    """Somebody pulled an input's line to ground, or let go."""

    name: str
    low: bool


@dataclass(frozen=True, slots=True)
class Drove:
    """The lock's line was driven, be it as it was. by: "loop", "thread", "kernel", "short"."""

    on: bool
    by: str


@dataclass(frozen=True, slots=True)
class Asked:
    """The door sent this to the eye."""

    look: Look


@dataclass(frozen=True, slots=True)
class Told:
    """The door got this from the eye. captured: when the picture was truly taken, boot clock."""

    frame: Frame
    captured: float
    seen: Seen | None


@dataclass(frozen=True, slots=True)
class Slipped:
    """A trap sprang."""

    slip: Slip
    place: str


@dataclass(frozen=True, slots=True)
class Tried:
    """The door began to write this row."""

    row: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Kept:
    """A transaction is on the disk: its new rows, and the counter from now on."""

    rows: tuple[Mapping[str, Any], ...]
    failures: int
    boot_id: str
    counted_at: float


@dataclass(frozen=True, slots=True)
class Dated:
    """From now on the door's local time is `zero` at the beginning of the history."""

    zero: datetime
    known: bool


@dataclass(frozen=True, slots=True)
class Commanded:
    """The owner said this to the door. seconds: to be open, if that is what was asked."""

    do: str
    seconds: float


@dataclass(frozen=True, slots=True)
class Enrolled:
    """Who may come in from now on: the number of a gallery; None: it cannot be read."""

    version: int | None


@dataclass(frozen=True, slots=True)
class Compared:
    """A probe met the templates."""


@dataclass(frozen=True, slots=True)
class Judged:
    """A frame was held to this threshold."""

    threshold: float


@dataclass(frozen=True, slots=True)
class Said:
    """A line of the journal."""

    line: str


What = (
    Started
    | Ended
    | Moved
    | Drove
    | Asked
    | Told
    | Slipped
    | Tried
    | Kept
    | Dated
    | Commanded
    | Enrolled
    | Compared
    | Judged
    | Said
)


@dataclass(frozen=True, slots=True)
class Fact:
    """What, when (seconds since the history began), by which process of the door's.

    place: among all facts. turn: of its loop; asleep: while that waited.
    """

    place: int
    at: float
    life: int
    turn: int
    asleep: bool
    what: What

    def __str__(self) -> str:
        return f"{self.at:.3f} s, process {self.life}"
