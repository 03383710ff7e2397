"""What onelook wants to reach, and whether this run did."""

from __future__ import annotations

from dataclasses import dataclass

PRESS_MS = 8.0
THAN_DLIB, THAN_SEED = 30.0, 500.0
READY_S, MEMORY_MB = 1.0, 130.0
MATCH_MS = 1.0
SHARE = 0.5


@dataclass(frozen=True)
class Goal:
    """value: None where it could not be measured here. at_most: else it is a least."""

    what: str
    limit: float
    value: float | None
    unit: str = ""
    at_most: bool = True

    @property
    def verdict(self) -> str:
        if self.value is None:
            return "not measured here"
        met = self.value <= self.limit if self.at_most else self.value >= self.limit
        return "met" if met else "missed"


def goals(  # noqa: PLR0913 - what was measured, each by its name
    *,
    press_ms: float | None,
    than_dlib: float | None,
    than_seed: float | None,
    ready_s: float | None,
    memory_mb: float | None,
    match_ms: float | None,
    share: float | None,
    foreign: int | None,
) -> list[Goal]:
    """All of them, in their order."""
    more = {"at_most": False}
    return [
        Goal("a press with 10 people, processor time of both processes", PRESS_MS, press_ms, "ms"),
        Goal("times less than face_recognition's press", THAN_DLIB, than_dlib, "x", **more),
        Goal("times less than the seed's way, 10 references", THAN_SEED, than_seed, "x", **more),
        Goal("from nothing to READY", READY_S, ready_s, "s"),
        Goal("memory of eye and door together, at most ever", MEMORY_MB, memory_mb, "MB"),
        Goal("what 10,000 templates add to a match", MATCH_MS, match_ms, "ms"),
        Goal("embedding, of the runtime's own int8 product", SHARE, share, "", **more),
        Goal("modules in eye or door that belong to a workstation", 0.0, foreign),
    ]
