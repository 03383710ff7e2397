"""What several unit tests need: mock pins, a manifest whose network is four bytes."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from gpiozero import Device
from gpiozero.pins.mock import MockFactory

from edge.contract.bundle import EMBEDDING, model_id
from edge.contract.levels import Comparison, Level, Press, Rate, Sample, Step
from edge.contract.manifest import File, Manifest
from edge.contract.matching import Difference, Head, Quantization
from edge.contract.signing import public_bytes
from edge.contract.tasks import FACES
from edge.contract.tensor import INPUT_SCALE, INPUT_ZERO_POINT, preprocessing_id
from tests.unit.running_door import NAME, Door

NETWORK = b"net!"


@pytest.fixture
def factory():
    """gpiozero's mock pins, for one test."""
    before, Device.pin_factory = Device.pin_factory, MockFactory()
    yield Device.pin_factory
    Device.pin_factory.reset()
    Device.pin_factory = before


@pytest.fixture(scope="session")
def manifest():
    """A manifest that a door accepts."""
    head = Head(Difference.SQUARED, np.array([0.1, 2.0, 1 / 3], np.float32), -1.25)
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
        for name, cuts in (("normal", ((1, 0.31), (2, 0.28), (5, 0.2))), ("strict", ((1, 0.2),)))
    )
    return Manifest(
        name="face",
        serial=1,
        needs="0.2.0",
        task=FACES,
        model=model_id(NETWORK, head),
        input_shape=(112, 112, 3),
        preprocessing=preprocessing_id(FACES, 112, 112, 3),
        input_quantization=Quantization(INPUT_SCALE, INPUT_ZERO_POINT),
        output_quantization=Quantization(0.0123, -4),
        dimensions=3,
        head=head,
        levels=levels,
        burst=(3, 2),
        chosen_on=Sample(50, 400, "0" * 64),
        tested_on=Sample(40, 300, "1" * 64),
        parity={"cosine_mean": "0.998"},
        operators={"CONV_2D": 12},
        files={EMBEDDING: File(len(NETWORK), hashlib.sha256(NETWORK).hexdigest())},
        provenance={"seed": "1"},
    )


@pytest.fixture(scope="session")
def key():
    """A key that may sign bundles."""
    return Ed25519PrivateKey.from_private_bytes(bytes(32))


@pytest.fixture(scope="session")
def stranger():
    """Somebody else's key."""
    return Ed25519PrivateKey.from_private_bytes(bytes(31) + b"s")


@pytest.fixture(scope="session")
def public():
    return public_bytes


@pytest.fixture
def door(tmp_path, repository, manifest):
    made = Door(tmp_path, repository, manifest)
    yield made
    made.close()


@pytest.fixture
def with_ada(door):
    door.enrol(NAME)
    return door.start()
