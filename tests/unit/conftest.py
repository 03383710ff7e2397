"""What several unit tests need: a manifest whose network is four bytes."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest

from edge.contract.bundle import EMBEDDING, model_id
from edge.contract.manifest import File, Manifest, Rate, Threshold
from edge.contract.matching import Difference, Head, Quantization
from edge.contract.tensor import INPUT_SCALE, INPUT_ZERO_POINT, preprocessing_id

NETWORK = b"net!"


@pytest.fixture(scope="session")
def manifest():
    """A manifest that a door accepts."""
    head = Head(Difference.SQUARED, np.array([0.1, 2.0, 1 / 3], np.float32), -1.25)
    rate = Rate(errors=1, trials=3000, upper=0.00158)
    thresholds = tuple(
        Threshold(level, distance, 1e-4, rate, rate, people=50, images=400, data="0" * 64)
        for level, distance in (("strict", 0.2), ("normal", 0.31))
    )
    return Manifest(
        name="face",
        version=1,
        task="face",
        model=model_id(NETWORK, head),
        input_shape=(112, 112, 3),
        preprocessing=preprocessing_id(112, 112, 3),
        input_quantization=Quantization(INPUT_SCALE, INPUT_ZERO_POINT),
        output_quantization=Quantization(0.0123, -4),
        dimensions=3,
        head=head,
        thresholds=thresholds,
        drift={"cosine_median": "0.998"},
        operators={"CONV_2D": 12},
        files={EMBEDDING: File(len(NETWORK), hashlib.sha256(NETWORK).hexdigest())},
        provenance={"seed": "1"},
    )
