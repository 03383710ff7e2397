"""What people and the eye do at a press: honest, wrong, or what a broken eye makes of it."""

from __future__ import annotations

import math
import random

import msgpack

from edge.contract.reasons import Reason
from edge.contract.wire import MAX_BYTES, Enough, Hello, Look, encode
from tests.faults.faces import PEOPLE, manifest
from tests.faults.steps import Frame, Likeness, Of, Press, Scene, Shows, Taken

_NOT_USABLE = tuple(reason for reason in Reason if reason is not Reason.GRANTED)


def press(rng: random.Random, scene: Scene) -> Press:
    """One press: honest, wrong, or what a broken eye makes of it."""
    made = rng.choices((honest, stranger, _unusable, mixed), (5, 3, 2, 6))[0](rng, scene)
    return Press(made, deaf=rng.random() < 0.2, dies=rng.random() < 0.05)


def honest(rng: random.Random, scene: Scene) -> tuple[Frame, ...]:
    who = rng.choice(scene.enrolled) if scene.enrolled and rng.random() < 0.85 else anybody(rng)
    return tuple(Frame(_soon(rng), Shows.FACE, who) for _ in range(frames_of(scene)))


def stranger(rng: random.Random, scene: Scene) -> tuple[Frame, ...]:
    who, likeness = anybody(rng), rng.choice((Likeness.ONLY_FOR_ONE, *Likeness))
    shows = rng.choice((Shows.STRANGER, Shows.FACE, Shows.BETWEEN))
    return tuple(Frame(_soon(rng), shows, who, likeness) for _ in range(frames_of(scene)))


def _unusable(rng: random.Random, scene: Scene) -> tuple[Frame, ...]:
    reason = rng.choice(_NOT_USABLE)
    return tuple(
        Frame(_soon(rng), Shows.REASON, reason=reason)
        for _ in range(rng.randint(0, frames_of(scene)))
    )


def mixed(rng: random.Random, scene: Scene) -> tuple[Frame, ...]:
    who = rng.choice(scene.enrolled) if scene.enrolled and rng.random() < 0.8 else anybody(rng)
    return tuple(frame(rng, who) for _ in range(frames_of(scene) + rng.randint(0, 3)))


def frame(rng: random.Random, who: int) -> Frame:
    shows = rng.choices(tuple(Shows), (10, 2, 1, 3, 1, 0.5, 0.5, 1))[0]
    return Frame(
        rng.choice((0.0, 0.01, 0.1, 0.1, 0.3, 1.0, 2.0)),
        shows,
        who if rng.random() < 0.9 else anybody(rng),
        rng.choices(tuple(Likeness), (8, 1, 1, 1))[0],
        rng.choice((Reason.CAMERA_ERROR, Reason.GRANTED, *Reason))
        if shows is Shows.REASON
        else None,
        rng.choices(tuple(Taken), (8, 1, 1, 1))[0],
        rng.choices(tuple(Of), (12, 2, 1))[0],
        _garbage(rng) if shows is Shows.GARBAGE else b"",
    )


def _garbage(rng: random.Random) -> bytes:
    look = encode(Look(1, 1.0, 2.0, 3))
    return rng.choice(
        (
            b"",
            b"\xc0",
            look,
            look[: rng.randrange(len(look))],
            encode(Enough(1)),
            encode(Hello("0" * 16, 6)),
            encode(Hello(manifest().model, 6)),
            bytes(rng.randrange(256) for _ in range(rng.randint(1, 60))),
            msgpack.packb([1, "seen", [1, 1, math.nan, "", b"face", [], [], [1, 1, 1]]]),
            msgpack.packb([1, "seen", [1, 1, math.inf, "", b"face", [], [], [1, 1, 1]]]),
            msgpack.packb([1, "seen", [1, 1, 1.0, "open sesame", b"", [], [], [1, 1, 1]]]),
            msgpack.packb([2, "enough", [1]]),
            bytes(MAX_BYTES + rng.choice((0, 1, 500))),
        )
    )


def anybody(rng: random.Random) -> int:
    return rng.randrange(PEOPLE)


def frames_of(scene: Scene) -> int:
    return int(scene.value("recognition", "frames"))


def _soon(rng: random.Random) -> float:
    return rng.choice((0.02, 0.1, 0.15))
