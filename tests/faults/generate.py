"""Seed -> history. The weights are such that each kind of trouble meets presses that matter."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence

from edge.contract.reasons import Reason
from tests.faults.admission import HOURS
from tests.faults.scenes import inputs, scene
from tests.faults.showing import anybody, frame, frames_of, honest, mixed, press, stranger
from tests.faults.steps import (
    Calm,
    ClockJump,
    ClockKnown,
    Command,
    DamageGallery,
    DamageLog,
    Deed,
    Enrol,
    EyeDies,
    EyeReturns,
    Frame,
    History,
    Hold,
    Kill,
    Limit,
    MendGallery,
    Press,
    Remove,
    Reorder,
    Scene,
    Shows,
    Silence,
    Slip,
    Speak,
    Step,
    Stop,
    Tap,
    Trap,
)

_ANY = (Slip.IO, Slip.IO, Slip.BUG, Slip.KILLED)  # at the lock's line
_STATEMENTS = ("begin", "update", "insert", "delete", "commit", "select")


def history(seed: int) -> History:
    """The same for the same seed, wherever and whenever it is made."""
    rng = random.Random(seed)
    door = scene(rng)
    steps: list[Step] = []
    for _ in range(rng.choice((1, 2, 2, 3))):
        steps += rng.choices(*_ACTS)[0](rng, door)
    return History(seed, door, tuple(steps))


Act = Callable[[random.Random, Scene], list[Step]]


def _presses(rng: random.Random, scene: Scene) -> list[Step]:
    """One after the other, some too soon, some in each other's way."""
    return [Step(_pause(rng), press(rng, scene)) for _ in range(rng.randint(1, 4))]


def _flood(rng: random.Random, scene: Scene) -> list[Step]:
    """More than anybody presses."""
    gap = rng.choice((0.5, 2.1, 2.5))
    blind = (Frame(0.02, Shows.REASON, reason=Reason.NO_FACE),) * frames_of(scene)
    return [Step(gap, Press(blind)) for _ in range(rng.randint(20, 26))]


def _insist(rng: random.Random, scene: Scene) -> list[Step]:
    """A stranger who presses on into the lock-out, and out of it."""
    wrong = tuple(Frame(0.02, Shows.STRANGER) for _ in range(frames_of(scene)))
    pauses = [rng.choice((2.5, 2.5, 6.0, 31.0, 1000.0)) for _ in range(rng.randint(4, 8))]
    steps = [Step(pause, Press(wrong)) for pause in pauses]
    for _ in range(rng.randint(0, 2)):
        steps.insert(rng.randrange(len(steps)), Step(0.5, rng.choice((_kill, _jump))(rng, scene)))
    return steps


def _trapped(rng: random.Random, scene: Scene) -> list[Step]:
    """A press, with a trap on its way."""
    before = [Step(0.1, _trap(rng)) for _ in range(rng.choice((1, 1, 2)))]
    made = rng.choice((honest, honest, stranger, mixed))(rng, scene)
    steps = [Step(2.0, Silence()), *before, Step(0.1, Press(made))]
    steps += [Step(_pause(rng), rng.choice((Calm(), press(rng, scene), _kill(rng, scene))))]
    return [*steps, Step(_pause(rng), Calm())]


def _wire(rng: random.Random, scene: Scene) -> list[Step]:
    """The lock's line does not do what it should, once or for a while, as somebody comes in."""
    place = rng.choice(("loop on", "loop off", "thread off"))
    slips = {"loop on": (*_ANY, Slip.DEAF), "loop off": _ANY, "thread off": (Slip.IO,)}
    trap = Trap(place, rng.choice(slips[place]), rng.choice((0, 0, 1)), rng.choice((1, 2, 30)))
    made = Press(rng.choice((honest, honest, stranger))(rng, scene))
    other = rng.choice((_command(rng), Command("unlock", (("seconds", 1.0),)), Tap("exit")))
    steps = [Step(2.0, Silence()), Step(0.1, trap), Step(0.1, made), Step(_pause(rng), other)]
    return [*steps, Step(_pause(rng), Calm()), Step(_pause(rng), press(rng, scene))]


def _change(rng: random.Random, scene: Scene) -> list[Step]:
    """The gallery is changed around presses."""
    who = rng.choice(scene.enrolled) if scene.enrolled else anybody(rng)
    change: Deed = rng.choices(
        (
            Remove(who),
            Enrol(anybody(rng), rng.randint(1, 6), junk=rng.random() < 0.3),
            Reorder(),
            DamageGallery(),
        ),
        (5, 3, 2, 2),
    )[0]
    frames = tuple(Frame(0.1, Shows.FACE, who) for _ in range(frames_of(scene)))
    steps = [Step(3.0, Press(frames))] if rng.random() < 0.5 else []
    if rng.random() < 0.3:  # in the middle of a press
        return [*steps, Step(4.0, Press(frames)), Step(0.15, change), Step(4.0, Press(frames))]
    steps += [Step(12.0, change), Step(0.5, Press(frames)), Step(4.0, press(rng, scene))]
    if isinstance(change, DamageGallery):
        steps += [Step(3.0, MendGallery()), Step(3.0, Press(frames))]
    return steps


def _blind(rng: random.Random, scene: Scene) -> list[Step]:
    """The eye goes and comes back, perhaps as another, perhaps without a word."""
    back = EyeReturns(ours=rng.random() < 0.8, greets=rng.random() < 0.9)
    steps = [Step(_pause(rng), press(rng, scene)), Step(rng.choice((0.05, 0.15, 3.0)), EyeDies())]
    steps += [Step(_pause(rng), press(rng, scene)), Step(_pause(rng), back)]
    steps += [Step(_pause(rng), press(rng, scene)), Step(0.2, Speak(frame(rng, anybody(rng))))]
    return [*steps, Step(2.0, EyeReturns()), Step(3.0, press(rng, scene))]


def _restart(rng: random.Random, scene: Scene) -> list[Step]:
    """The process ends at any moment of a press, and another takes its place."""
    end = rng.choice((_kill, _kill, _stop))(rng, scene)
    steps = [Step(_pause(rng), press(rng, scene)), Step(rng.choice((0.01, 0.11, 0.25, 1.0)), end)]
    if rng.random() < 0.1:
        steps.insert(1, Step(0.0, DamageLog()))
    return [*steps, Step(_pause(rng), press(rng, scene))]


def _movements(rng: random.Random, scene: Scene) -> list[Step]:
    """Whatever else is wired is moved, around a press and its pulse."""
    made = [Step(3.0, Press(honest(rng, scene)))] if rng.random() < 0.7 else []
    if rng.random() < 0.4:
        made.append(Step(0.1, _stall(rng)))
    for _ in range(rng.randint(1, 5)):
        name = rng.choice(inputs())
        moved = Hold(name, low=rng.random() < 0.5) if rng.random() < 0.6 else Tap(name)
        made.append(Step(rng.choice((0.0, 0.05, 0.2, 0.4, 1.0, 5.0, 35.0)), moved))
    return [*made, Step(0.1, Hold("press", low=False)), Step(_pause(rng), press(rng, scene))]


def _date(rng: random.Random, scene: Scene) -> list[Step]:
    """The clock goes wrong, or is set, for somebody who may come in at some times."""
    steps = [Step(0.1, rng.choice((_jump, _clock))(rng, scene))]
    if rng.random() < 0.6:
        steps.append(Step(0.1, _limit(rng, scene)))
    steps.append(Step(_pause(rng), Press(honest(rng, scene))))
    steps.append(Step(rng.choice((0.05, 3.0, 4000.0)), rng.choice((_jump, _clock))(rng, scene)))
    return [*steps, Step(_pause(rng), press(rng, scene))]


def _commands(rng: random.Random, scene: Scene) -> list[Step]:
    """The owner tells the door what to do, whatever it is at."""
    steps = [Step(3.0, Press(honest(rng, scene)))] if rng.random() < 0.6 else []
    if rng.random() < 0.3:
        steps.append(Step(0.1, _trap(rng)))
    for _ in range(rng.randint(1, 4)):
        steps.append(Step(_pause(rng), _command(rng)))
        if rng.random() < 0.5:
            steps.append(Step(_pause(rng), press(rng, scene)))
    return steps


def _night(rng: random.Random, scene: Scene) -> list[Step]:
    """So long that old failures are forgotten, or nearly."""
    hours = rng.choice((1.0, 23.9, 24.1, 50.0))
    return [Step(_pause(rng), press(rng, scene)), Step(3600.0 * hours, press(rng, scene))]


_ACTS: tuple[Sequence[Act], Sequence[float]] = tuple(
    zip(
        (_presses, 5.0),
        (_insist, 2.0),
        (_trapped, 5.0),
        (_wire, 1.0),
        (_change, 4.0),
        (_blind, 3.0),
        (_restart, 4.0),
        (_movements, 4.0),
        (_date, 2.0),
        (_commands, 3.0),
        (_night, 1.0),
        (_flood, 0.2),
        strict=True,
    )
)


def _pause(rng: random.Random) -> float:
    """From in the midst of the last press to long after it; often at a limit to the digit."""
    return rng.choice((0.0, 0.05, 0.2, 0.3, 0.5, 1.0, 2.0, 2.5, 3.0, 4.0, 5.0, 11.0, 12.0, 31.0))


def _trap(rng: random.Random) -> Trap:
    slip = rng.choices(tuple(Slip), (4, 3, 3, 2, 1, 1))[0]
    refused = [f"before {verb}" for verb in _STATEMENTS]
    passed = [*refused, *(f"after {verb}" for verb in _STATEMENTS), "clock", "send", "wait"]
    match slip:
        case Slip.DEAF:
            return Trap("loop on", slip)
        case Slip.FULL | Slip.IO:
            place = rng.choice((*refused, *refused, "loop on", "loop off"))
            return Trap(place, slip, rng.choice((0, 0, 1, 2, 3)), rng.choice((1, 1, 2, 30)))
        case Slip.STALLED:
            seconds = rng.choice((0.3, 1.5, 5.0, 20.0))
            return Trap(rng.choice(passed), slip, rng.randint(0, 6), seconds=seconds)
    place = rng.choice((*passed, "clock", "loop on", "loop off"))
    return Trap(place, slip, rng.randint(0, 12 if place == "clock" else 4))


def _stall(rng: random.Random) -> Trap:
    place = rng.choice(("before commit", "after insert", "clock", "wait"))
    return Trap(place, Slip.STALLED, rng.randint(0, 4), seconds=rng.choice((2.0, 6.0, 15.0)))


def _kill(rng: random.Random, _scene: Scene) -> Deed:
    return Kill(rng.choice((0.1, 1.0, 5.0)), reboot=rng.random() < 0.4)


def _stop(rng: random.Random, _scene: Scene) -> Deed:
    return Stop(rng.choice((0.1, 2.0)))


def _clock(rng: random.Random, _scene: Scene) -> Deed:
    return ClockKnown(rng.random() < 0.5)


def _limit(rng: random.Random, scene: Scene) -> Deed:
    who = rng.choice(scene.enrolled) if scene.enrolled else anybody(rng)
    until = rng.choice(("", "", "2026-11-27", "2026-11-28", "2026-12-01", "2050-01-01"))
    return Limit(who, rng.random() < 0.3, until, rng.choice(HOURS))


def _command(rng: random.Random) -> Deed:
    words = "unlock", "lock", "mode", "clear-lockout", "status", "look", "reload", "open"
    do = rng.choices(words, (5, 3, 4, 1, 1, 2, 2, 1))[0]
    match do:
        case "unlock":
            seconds = rng.choice((0.2, 1.0, 5.0, 10.0, 0.0, 11.0, 3600.0))
            return Command("unlock", (("seconds", seconds), ("who", "owner")))
        case "look":
            seconds = rng.choice((0.5, 5.0, 10.0, 11.0))
            return Command("look", (("seconds", seconds), ("frames", rng.choice((1, 3, 8)))))
        case "mode":
            mode = rng.choice((None, "normal", "closed", "shadow", "shadow", "open"))
            return Command("mode", (("mode", mode),))
    return Command(do)


def _jump(rng: random.Random, _scene: Scene) -> Deed:
    return ClockJump(rng.choice((-30.0, 30.0, 0.01)))
