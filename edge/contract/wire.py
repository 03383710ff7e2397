"""What eye and door say to each other over their Unix socket (SOCK_SEQPACKET, a message a packet).

Neither side trusts the other: `decode` accepts exactly the messages below, with fields of the right
type, length and range, and refuses everything else. Times are CLOCK_BOOTTIME seconds.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, fields
from typing import Any

import msgpack

from edge.contract.gates import Gate
from edge.contract.reasons import Reason

VERSION = 1
MAX_BYTES = 8 * 1024


class WireError(ValueError):
    """A packet that is no message of this version."""


@dataclass(frozen=True)
class Hello:
    """Eye -> door, first on every connection: which network it runs."""

    model: str
    dimensions: int


@dataclass(frozen=True)
class Look:
    """Door -> eye: answer for `frames` frames exposed after `not_before`, until `deadline`."""

    press: int
    not_before: float
    deadline: float
    frames: int


@dataclass(frozen=True)
class Enough:
    """Door -> eye: the press is decided, look no further."""

    press: int


@dataclass(frozen=True)
class Seen:
    """Eye -> door: one frame, judged.

    reason: why the frame is not usable, or None; then `embedding` holds the int8 embedding.
    face: x, y, width, height and five points (x, y), pixels of the frame; empty if there is none.
    ms: milliseconds of capture, locate, embed.
    """

    press: int
    frame: int
    taken: float
    reason: Reason | None
    embedding: bytes
    face: tuple[float, ...]
    gates: tuple[Gate, ...]
    ms: tuple[float, float, float]


Message = Hello | Look | Enough | Seen
_KINDS: dict[str, type[Message]] = {"hello": Hello, "look": Look, "enough": Enough, "seen": Seen}
_NAMES = {kind: name for name, kind in _KINDS.items()}


def encode(message: Message) -> bytes:
    """One packet. Its length is checked here too, so that a mistake shows at its origin."""
    values = [getattr(message, field.name) for field in fields(message)]
    if isinstance(message, Seen):
        gates = [[g.name, g.measured, g.low, g.high] for g in message.gates]
        reason = message.reason.value if message.reason else ""
        values = [message.press, message.frame, message.taken, reason, message.embedding]
        values += [list(message.face), gates, list(message.ms)]
    packet: bytes = msgpack.packb([VERSION, _NAMES[type(message)], values])
    if len(packet) > MAX_BYTES:
        raise WireError(f"a message of {len(packet)} bytes")
    return packet


def decode(packet: bytes) -> Message:
    """The message in a packet.

    Raises:
        WireError: anything but a well-formed message of this version.
    """
    if len(packet) > MAX_BYTES:
        raise WireError(f"a packet of {len(packet)} bytes")
    try:
        version, name, values = msgpack.unpackb(packet)
        if version != VERSION:
            raise WireError(f"version {version!r}, not {VERSION}")
        return _build(name, values)
    except WireError:
        raise
    except Exception as e:  # msgpack raises a dozen kinds; all of them mean: not a message
        raise WireError(f"not a message: {e}") from e


def _build(name: str, values: list[Any]) -> Message:
    if name == "hello":
        model, dimensions = values
        return Hello(_text(model, 64), _count(dimensions, 4096))
    if name == "look":
        press, not_before, deadline, frames = values
        return Look(_count(press), _real(not_before), _real(deadline), _count(frames, 64))
    if name == "enough":
        (press,) = values
        return Enough(_count(press))
    if name == "seen":
        press, frame, taken, reason, embedding, face, gates, ms = values
        if not isinstance(embedding, bytes) or len(embedding) > 4096:
            raise WireError("an embedding that is none")
        if bool(reason) == bool(embedding):
            raise WireError("a frame has either a reason or an embedding")
        if len(face) not in (0, 14) or len(gates) > 32 or len(ms) != 3:
            raise WireError("a face, gates or times of the wrong number")
        capture, locate, embed = (_real(t) for t in ms)
        return Seen(
            _count(press),
            _count(frame, 64),
            _real(taken),
            Reason(reason) if reason else None,
            embedding,
            tuple(_real(v) for v in face),
            tuple(Gate(_text(n, 32), _real(m), _real(lo), _real(hi)) for n, m, lo, hi in gates),
            (capture, locate, embed),
        )
    raise WireError(f"unknown message {name!r}")


def _count(value: object, limit: int = 2**53) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= limit:
        raise WireError(f"{value!r} is not a count up to {limit}")
    return value


def _real(value: object) -> float:
    if not isinstance(value, (int, float)) or isinstance(value, bool) or not math.isfinite(value):
        raise WireError(f"{value!r} is not a finite number")
    return float(value)


def _text(value: object, limit: int) -> str:
    if not isinstance(value, str) or len(value) > limit:
        raise WireError("text that is none, or too long")
    return value
