"""All that is measured, in its order: what the work warms up is read before and after it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

from edge.config import Config
from edge.contract.errors import UsageError
from edge.selftest import (
    Measurement,
    Part,
    State,
    Tell,
    board,
    boot,
    camera,
    carried_out,
    engine,
    line,
    stages,
)
from edge.wiring import HEADER, wires

_LINES = {f"GPIO{number}" for number in HEADER}


@dataclass(frozen=True)
class Asked:
    """How much of each. loop_back: the pin that hears the lock's line; "" leaves the lock alone."""

    frames: int
    runs: int
    pulses: int
    loop_back: str


def everything(config: Config, asked: Asked, tell: Tell) -> Iterator[Measurement]:
    """Row after row, as they are taken; nobody who asked for the line waits at the door for it."""
    frames = partial(camera.measure, config.camera, asked.frames, tell)
    looks = partial(stages.measure, config, asked.runs, tell)
    runs = partial(engine.measure, config, asked.runs, tell)
    afterwards = partial(board.afterwards, config)
    yield from carried_out(Part(board.GROUP, board.NAMES, board.before))
    yield from after_start(config)
    yield from _line(config, asked, tell)
    yield from carried_out(Part(camera.GROUP, camera.NAMES, frames))
    yield from carried_out(Part(stages.GROUP, stages.NAMES, looks))
    yield from carried_out(Part(engine.GROUP, engine.NAMES, runs))
    yield from carried_out(Part(board.AFTERWARDS, board.NAMES_AFTERWARDS, afterwards))


def after_start(config: Config) -> Iterator[Measurement]:
    """What the lock's line is now; before the door was started, that is what the start left."""
    yield from carried_out(Part(boot.GROUP, boot.NAMES, partial(boot.readings, config)))


def require_free(config: Config, pin: str) -> None:
    """Raises: UsageError: this is no line of the header, or one that has a use already."""
    if pin not in _LINES:
        raise UsageError(f"{pin} is no line of the header.", remedy="Name it as GPIO24.")
    taken = {wire.line: wire.what for wire in wires(config)}
    if pin in taken:
        raise UsageError(
            f"{pin} is for {taken[pin]} of this door.",
            remedy="Join the lock's pin to one that nothing hangs on, and name that.",
        )


def _line(config: Config, asked: Asked, tell: Tell) -> Iterator[Measurement]:
    if asked.loop_back:
        taken = partial(line.measure, config.door, asked.loop_back, asked.pulses, tell)
        yield from carried_out(Part(line.GROUP, line.NAMES, taken))
        return
    how = f"With a wire from {config.door.lock_pin} to it: --line --loop-back GPIO24"
    for name in line.NAMES:
        yield Measurement(line.GROUP, name, State.NOT_MEASURED, said="it opens the lock", fix=how)
