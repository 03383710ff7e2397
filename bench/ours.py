"""Our door, stage by stage, by its own functions: `edge.selftest.stages` with more galleries."""

from __future__ import annotations

from itertools import cycle

import cv2

from bench.clock import Clock, Timed
from bench.photographs import Photograph
from edge.config import Config
from edge.contract.bundle import Bundle
from edge.contract.errors import FaceError
from edge.core import machine, moves
from edge.core.burst import Nearest, Rule, decide, find
from edge.eye.golden import load_engine
from edge.eye.locator import load_locator
from edge.selftest.stages import Stage

GROUP = "ours"
MATCHED = (1, 10, 100, 1_000, 10_000)
ONE_FRAME = ("convert frame", "locate", "align", "quality", "embed", "match 10", "decide")


def timed_stages(config: Config, bundle: Bundle, photographs: list[Photograph]) -> list[Timed]:
    """One measurable: a look at the next photograph, from the camera's buffer to the decision."""
    cv2.setNumThreads(1)  # for the one-thread figures
    stage = Stage(config.gates, bundle, load_engine(bundle), load_locator(bundle), MATCHED)
    shown = cycle(_with_a_face(stage, photographs))

    def run(clock: Clock) -> None:
        stage.show(next(shown).frame)
        stage.round(clock)
        clock.time("decide", _decision)

    return [Timed("stages", GROUP, run)]


def _with_a_face(stage: Stage, photographs: list[Photograph]) -> list[Photograph]:
    """Those in which the bundle finds one: a look that ends early would look fast."""
    found = []
    for photograph in photographs:
        stage.show(photograph.frame)
        try:
            stage.round(Clock())
        except FaceError:
            continue
        found.append(photograph)
    if not found:
        raise FaceError(
            "no face is found in any of the photographs.", remedy="Name others with --faces."
        )
    return found


_RULE = Rule(frames=3, agree=2, threshold=0.01, margin=0.0)
_POLICY = machine.Policy(verify_s=4.0, unlock_s=3.0, gap_s=0.2)
_VERIFYING = machine.step(machine.State(), moves.Pressed(1.0), _POLICY)[0]


def _decision() -> None:
    """Two frames judged, the burst's verdict, and the machine's step that opens."""
    nearest = Nearest("0", 0.001, 0.9)
    verdict = decide([find(nearest, _RULE), find(nearest, _RULE)], _RULE)
    if verdict is not None:
        decided = moves.Decided(1.1, _VERIFYING.press, verdict.reason)
        machine.step(_VERIFYING, decided, _POLICY)
