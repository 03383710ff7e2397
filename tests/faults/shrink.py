"""A history that breaks an invariant, cut down to the steps that it takes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from tests.faults.steps import History, Press, Silence, Step

Breaks = Callable[[History], bool]


def shrink(history: History, breaks: Breaks) -> History:
    """The shortest beginning that still breaks it, then without whatever else it does not take.

    breaks: plays a history, and says whether that still breaks the same.
    """
    for length in range(len(history.steps) + 1):
        beginning = replace(history, steps=history.steps[:length])
        if breaks(beginning):
            history = beginning
            break
    return _simplest(history, breaks)


def _simplest(history: History, breaks: Breaks) -> History:
    again = True
    while again:
        again = False
        for simpler in _simpler(history):
            if breaks(simpler):
                history, again = simpler, True
                break
    return history


def _simpler(history: History) -> Iterator[History]:
    steps, scene = history.steps, history.scene
    for i in range(len(steps) - 1, -1, -1):
        yield replace(history, steps=(*steps[:i], *steps[i + 1 :]))
    for i, step in enumerate(steps):  # without the deed, but in the same time
        if not isinstance(step.deed, Silence):
            yield replace(history, steps=_put(steps, i, Step(step.after, Silence())))
    for i, step in enumerate(steps):
        if isinstance(step.deed, Press):
            frames = step.deed.frames
            for n in range(len(frames)):
                fewer = replace(step.deed, frames=(*frames[:n], *frames[n + 1 :]))
                yield replace(history, steps=_put(steps, i, replace(step, deed=fewer)))
    for changes in ({"lag": 0.0}, {"failures": 0}, {"foreign": False}):
        simpler = replace(scene, **changes)
        if simpler != scene:
            yield replace(history, scene=simpler)


def _put(steps: tuple[Step, ...], i: int, step: Step) -> tuple[Step, ...]:
    return (*steps[:i], step, *steps[i + 1 :])
