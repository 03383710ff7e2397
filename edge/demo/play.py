"""Playing presses on a stage and judging each: its reason, and what the lock line really did."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from edge.contract.reasons import Reason
from edge.demo.script import Press
from edge.demo.stage import Change, Outcome, Stage

_WITHIN_S = 30.0  # far above any decide_within: a slow machine is no wrong outcome


@dataclass(frozen=True)
class Played:
    """A press and what came of it. unasked: lock moves seen since the press before this one."""

    press: Press
    outcome: Outcome
    unasked: tuple[Change, ...]

    @property
    def event(self) -> Mapping[str, Any]:
        return self.outcome.event

    @property
    def reason(self) -> Reason:
        return Reason(self.event["reason"])

    @property
    def strike_ms(self) -> tuple[tuple[int, float], ...]:
        """The lock line's moves: level, milliseconds after the press."""
        return tuple((c.level, (c.at - self.outcome.at) * 1000.0) for c in self.outcome.strike)

    @property
    def lock_followed(self) -> bool:
        """Whether the lock went on and off once for a grant, and did nothing otherwise."""
        levels = [change.level for change in self.outcome.strike]
        wanted = [1, 0] if self.reason is Reason.GRANTED else []
        return levels == wanted and not self.unasked

    @property
    def ok(self) -> bool:
        return self.press.met_by(self.reason) and self.lock_followed

    def document(self, number: int) -> dict[str, Any]:
        """As `onelook demo --json` shows it."""
        lines = (*self.unasked, *self.outcome.changes)
        return {
            "press": number,
            "title": self.press.title,
            "pictures": [str(picture) for picture in self.press.pictures],
            "expected": self.press.expected,
            "got": self.reason.value,
            "ok": self.ok,
            "lines": [
                {"line": c.line, "level": c.level, "ms": round((c.at - self.outcome.at) * 1e3, 1)}
                for c in lines
            ],
            "event": dict(self.event),
        }


def play(stage: Stage, press: Press) -> Played:
    """Show the press's pictures to the camera, push the button, wait until the door is shut again.

    Raises:
        UnavailableError: a process of the stage has ended or does not answer.
    """
    unasked = _strike(stage.pending())
    stage.show(press.pictures)
    return Played(press, stage.press(within_s=_WITHIN_S), unasked)


def opened_only_for_grants(played: Sequence[Played]) -> bool:
    """Whether the lock line was ever on without a grant, over the whole demo."""
    return all(one.lock_followed for one in played)


def _strike(changes: Iterable[Change]) -> tuple[Change, ...]:
    return tuple(change for change in changes if change.line == "strike")
