"""The gates: what a converted network must measure to become a bundle.

Each refuses with one GateError that says what was measured, what was allowed, and what to do.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from convert.errors import GateError
from convert.network import Network
from convert.parity import cosines
from edge.contract.matching import Difference, Head, Quantization, distances
from edge.contract.tensor import INPUT_SCALE, INPUT_ZERO_POINT

MOST_ALIKE = 0.9
MOST_SATURATED = 0.01
LEAST_STEPS = 1.0
HEAD_TOLERANCE = 1e-5
_SATURATED = (-128, 127)


@dataclass(frozen=True)
class Spread:
    """How much embeddings of different crops differ.

    alike: mean cosine of two different crops. constant, saturated: shares of dimensions that never
    change, of values at an end of int8. steps: mean difference of a value between two crops.
    """

    alike: float
    constant: float
    saturated: float
    steps: float


def spread(embeddings: NDArray[np.int8], how: Quantization) -> Spread:
    """Of embeddings (n, dimensions) of different crops, n >= 2; each against the next ones."""
    real = embeddings.astype(np.float32) - how.zero_point
    shifts = [np.roll(real, shift, axis=0) for shift in range(1, min(len(real), 10))]
    return Spread(
        alike=float(np.mean([cosines(real, shifted).mean() for shifted in shifts])),
        constant=float((np.ptp(embeddings.astype(np.int16), axis=0) == 0).mean()),
        saturated=float(np.isin(embeddings, _SATURATED).mean()),
        steps=float(np.mean([np.abs(real - shifted).mean() for shifted in shifts])),
    )


def check_operators(network: Network) -> None:
    """Everything int8, and all of it taken by the delegate in one piece."""
    remedy = "use only layers that the presets of `python -m train` use, see docs/convert.md"
    if network.foreign:
        raise GateError(
            f"{len(network.foreign)} tensors are not int8, {network.foreign[0]} first",
            why=f"Operators: {_listed(network)}.",
            remedy=remedy,
        )
    if network.fallback:
        raise GateError(
            f"the int8 delegate does not take {', '.join(sorted(set(network.fallback)))}",
            why="Such operators run many times slower and cut the network into pieces.",
            remedy=remedy,
        )
    if network.partitions != 1:
        raise GateError(
            f"the int8 delegate takes the network in {network.partitions} pieces instead of 1",
            why=f"Operators: {_listed(network)}.",
            remedy=remedy,
        )


def check_input(how: Quantization) -> None:
    """Scale 1/128 and zero point 0: the int8 input is `crop - 128`, exactly."""
    if (how.scale, how.zero_point) != (INPUT_SCALE, INPUT_ZERO_POINT):
        raise GateError(
            f"the input is quantized with scale {how.scale:.6g} and zero point {how.zero_point}, "
            f"not 1/128 and 0",
            why="The calibration crops do not reach from black to white.",
            remedy="add --calibration faces in ordinary light",
        )


def check_spread(found: Spread, difference: Difference) -> None:
    """Different crops have different embeddings."""
    faults = []
    if difference is Difference.SQUARED:
        # Heads of this kind compare directions, so directions must differ. Embeddings that are
        # compared as they are may all be positive (Koch's sigmoids) and end at 0 and 1.
        if found.alike > MOST_ALIKE:
            faults.append(f"mean cosine of two crops {found.alike:.3f}, at most {MOST_ALIKE}")
        if found.constant > 0:
            faults.append(f"{found.constant:.1%} of the dimensions never change")
        if found.saturated > MOST_SATURATED:
            faults.append(
                f"{found.saturated:.1%} of the values saturated, at most {MOST_SATURATED:.0%}"
            )
    if found.steps < LEAST_STEPS:
        faults.append(f"values differ by {found.steps:.2f} steps of int8, at least {LEAST_STEPS:g}")
    if faults:
        raise GateError(
            f"the embeddings have collapsed: {'; '.join(faults)}",
            why="The network says nearly the same of every picture.",
            remedy="calibrate with ordinary faces; if that does not help, train longer",
        )


def check_head(
    head: Head, left: NDArray[np.float32], right: NDArray[np.float32], *others: NDArray[np.float32]
) -> float:
    """The door's arithmetic against other computations of the same pairs; the largest difference.

    others: distances (n,) of the pairs (left, right), from the head's file and from Keras.
    """
    own = np.array([distances(head, a, b[None])[0] for a, b in zip(left, right, strict=True)])
    worst = max(float(np.abs(own - other).max()) for other in others)
    if not worst <= HEAD_TOLERANCE:
        raise GateError(
            f"the head's numbers and its network differ by {worst:.1e}, "
            f"at most {HEAD_TOLERANCE:.0e}",
            why="The door computes the distance from the numbers in the manifest.",
            remedy="this head is not one that edge.contract.matching can compute; train another",
        )
    return worst


def _listed(network: Network) -> str:
    return ", ".join(f"{count} {name}" for name, count in network.counts.items())
