"""Five people, their embeddings, and a bundle for them; distances by the book, in plain Python.

The arithmetic here is written a second time on purpose: what a history ends with is held to this,
not to the code that it tries.
"""

from __future__ import annotations

import hashlib
import json
import math
from functools import cache
from pathlib import Path

import numpy as np
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from edge.contract.bundle import EMBEDDING, MANIFEST, SIGNATURE, model_id
from edge.contract.levels import Comparison, Level, Press, Rate, Sample, Step
from edge.contract.manifest import File, Manifest, to_bytes
from edge.contract.matching import Difference, Head, Quantization
from edge.contract.signing import make_key_list, owner_text, public_bytes, sign_manifest
from edge.contract.tasks import FACES
from edge.contract.tensor import INPUT_SCALE, INPUT_ZERO_POINT, preprocessing_id
from tests.faults.steps import Frame, Likeness, Shows

PEOPLE = 5  # the last two have one face
DIMENSIONS = 6
_ZERO = -4
_SCALE = 0.0123
_WEIGHTS = (3.0, 2.75, 3.25, 3.0, 2.5, 3.5)
_BIAS = -3.0
_CUTS = {"normal": ((1, 0.31), (2, 0.28), (4, 0.2)), "strict": ((1, 0.2), (3, 0.15))}
_NETWORK = b"net!"
_KEY = Ed25519PrivateKey.from_private_bytes(bytes(32))


@cache
def manifest() -> Manifest:
    """A manifest that a door accepts, of a network with six numbers."""
    rate = Rate(errors=1, trials=3000, upper=0.00158)
    both = Comparison(rate, rate)
    levels = tuple(
        Level(
            name,
            1e-4,
            tuple(
                Step(people, cut, 1e-4 / people, both, both, (Press(people, 1, rate, rate),))
                for people, cut in cuts
            ),
        )
        for name, cuts in _CUTS.items()
    )
    head = Head(Difference.SQUARED, np.array(_WEIGHTS, np.float32), _BIAS)
    return Manifest(
        name="six",
        serial=1,
        needs="0.2.0",
        task=FACES,
        model=model_id(_NETWORK, head),
        input_shape=(112, 112, 3),
        preprocessing=preprocessing_id(FACES, 112, 112, 3),
        input_quantization=Quantization(INPUT_SCALE, INPUT_ZERO_POINT),
        output_quantization=Quantization(_SCALE, _ZERO),
        dimensions=DIMENSIONS,
        head=head,
        levels=levels,
        burst=(3, 2),
        chosen_on=Sample(50, 400, "0" * 64),
        tested_on=Sample(40, 300, "1" * 64),
        parity={},
        operators={},
        files={EMBEDDING: File(len(_NETWORK), hashlib.sha256(_NETWORK).hexdigest())},
        provenance={},
    )


def write_bundle(folder: Path) -> None:
    """The bundle, signed, in `folder`/bundle; owner.pub and keys.json beside it."""
    bundle, raw, public = folder / "bundle", to_bytes(manifest()), public_bytes(_KEY)
    bundle.mkdir()
    (bundle / MANIFEST).write_bytes(raw)
    (bundle / SIGNATURE).write_bytes(sign_manifest(raw, _KEY))
    (folder / "keys.json").write_bytes(make_key_list(1, [public], _KEY))
    (folder / "owner.pub").write_bytes(owner_text(public))


def template(who: int, number: int = 0) -> bytes:
    """An enrolled embedding; those of one person differ a little."""
    axis = min(who, PEOPLE - 2)
    values = [90.0 if i == axis else float(number * (i == 5)) for i in range(DIMENSIONS)]
    return _int8(values)


@cache
def embedding(frame: Frame) -> bytes:
    """What the eye says of such a frame; b"" where it says why not."""
    match frame.shows:
        case Shows.FACE:
            made = _face(min(frame.who, PEOPLE - 2), frame.likeness)
        case Shows.BETWEEN:
            axis = frame.who % (PEOPLE - 2)
            made = _int8([64.0 * (i in {axis, axis + 1}) for i in range(DIMENSIONS)])
        case Shows.STRANGER:
            made = _int8([0.0] * (DIMENSIONS - 2) + [80.0 - frame.who, 40.0 + frame.who])
        case Shows.NOTHING:
            made = _int8([0.0] * DIMENSIONS)
        case Shows.SHORT:
            made = template(frame.who)[:-1]
        case Shows.LONG:
            made = template(frame.who) * 2
        case _:
            made = b""
    return made


@cache
def distance(probe: bytes, known: bytes) -> float:
    """As docs/convert.md has it: 0 is one person, 1 is none; of anything that is none 1."""
    a, b = (_unit(np.frombuffer(one, np.int8).tolist()) for one in (probe, known))
    if len(a) != DIMENSIONS or len(b) != DIMENSIONS:
        return 1.0
    z = _BIAS + sum(w * (x - y) ** 2 for w, x, y in zip(_WEIGHTS, a, b, strict=True))
    return 1.0 / (1.0 + math.exp(-z))


@cache
def threshold(raw_manifest: bytes, level: str, people: int, templates: int) -> float | None:
    """What the manifest's own text says for a gallery of that size; None if nothing."""
    size = max(1, people, -(-templates // 5))
    (found,) = [one for one in json.loads(raw_manifest)["levels"] if one["level"] == level]
    return next((float(s["distance"]) for s in found["steps"] if s["people"] >= size), None)


@cache
def _face(axis: int, likeness: Likeness) -> bytes:
    """Turned away from the template as far as that likeness says."""
    if likeness is Likeness.SAME:
        return template(axis)
    turned = (_turned(axis, degrees / 4) for degrees in range(4 * 90))
    return min(turned, key=lambda one: abs(distance(one, template(axis)) - likeness.value))


def _turned(axis: int, degrees: float) -> bytes:
    values = [0.0] * DIMENSIONS
    values[axis] = 100.0 * math.cos(math.radians(degrees))
    values[DIMENSIONS - 2] = 100.0 * math.sin(math.radians(degrees))
    return _int8(values)


def _int8(values: list[float]) -> bytes:
    return np.clip(np.round(np.array(values)) + _ZERO, -128, 127).astype(np.int8).tobytes()


def _unit(values: list[int]) -> list[float]:
    real = [_SCALE * (value - _ZERO) for value in values]
    length = math.sqrt(sum(v * v for v in real))
    return [v / length for v in real] if length else []
