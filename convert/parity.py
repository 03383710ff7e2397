"""The parity gate: the int8 network on the door's engine against Keras float, where it matters.

On people who were never trained on: angles of embeddings, distances, recognition at fixed FMRs, and
verdicts at the very threshold that the door will use.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import NDArray

from convert.errors import GateError
from train.rates import Pairs, rates_at, threshold_at_fmr

# A trained MobileFaceNet keeps a mean cosine of 0.993 in int8 with weights per channel, 0.925 with
# weights per tensor, 0.96 calibrated with noise (our measurements, 2026-11).
LEAST_COSINE = 0.97
# Of genuine pairs that float recognises, how many more int8 may refuse at the same FMR.
MOST_TAR_LOST = 0.02
# Of genuine pairs, how many may get the other verdict. Those who stand close to the threshold go
# both ways, so it is more than the net loss.
MOST_GENUINE_FLIPS = 0.05
# Of impostor pairs, how many more than the level's own FMR may newly be taken for one person.
MOST_IMPOSTOR_FLIPS = 1.0


@dataclass(frozen=True)
class Parity:
    """What int8 changes. Flips: pairs whose verdict differs, as a share of genuine, of impostors.

    cosine_*: between the float and the int8 embedding of one crop. error_*: of distances.
    """

    cosine_mean: float
    cosine_5_percent: float
    cosine_lowest: float
    error_mean: float
    error_95_percent: float
    tar_float_1e3: float | None
    tar_int8_1e3: float | None
    tar_float_1e4: float | None
    tar_int8_1e4: float | None
    fmr: float
    genuine_flips: float
    impostor_flips: float

    def texts(self) -> dict[str, str]:
        """As the manifest holds them; what the sample cannot show is left out."""
        return {k: f"{v:.6g}" for k, v in asdict(self).items() if v is not None}


def parity(
    exact: NDArray[np.float32],
    rounded: NDArray[np.float32],
    by_float: Pairs,
    by_int8: Pairs,
    threshold: float,
) -> Parity:
    """Hold them against each other.

    Args:
        exact: (n, dimensions) embeddings of crops by the float network.
        rounded: (n, dimensions) of the same crops by the int8 network, dequantized.
        by_float: pairs of these crops by the float network.
        by_int8: the same pairs by the int8 network.
        threshold: of the door.
    """
    angles = cosines(exact, rounded)
    error = np.abs(by_float.distance - by_int8.distance)
    flips = (by_float.distance < threshold) != (by_int8.distance < threshold)
    newly = flips & (by_int8.distance < threshold)
    return Parity(
        float(angles.mean()),
        float(np.quantile(angles, 0.05)),
        float(angles.min()),
        float(error.mean()),
        float(np.quantile(error, 0.95)),
        tar(by_float, 1e-3),
        tar(by_int8, 1e-3),
        tar(by_float, 1e-4),
        tar(by_int8, 1e-4),
        rates_at(by_float, threshold)[0].value,
        float(flips[by_float.same].mean()),
        float(newly[~by_float.same].mean()),
    )


def check(found: Parity) -> None:
    """Raises: GateError: int8 is not the network that was trained."""
    faults = []
    if not found.cosine_mean >= LEAST_COSINE:
        faults.append(f"mean cosine {found.cosine_mean:.4f}, at least {LEAST_COSINE}")
    for fmr, exact, rounded in (
        ("1e-3", found.tar_float_1e3, found.tar_int8_1e3),
        ("1e-4", found.tar_float_1e4, found.tar_int8_1e4),
    ):
        if exact is not None and rounded is not None and exact - rounded > MOST_TAR_LOST:
            faults.append(
                f"TAR at FMR {fmr} {rounded:.2%} instead of {exact:.2%}, "
                f"at most {MOST_TAR_LOST:.0%} less"
            )
    if found.genuine_flips > MOST_GENUINE_FLIPS:
        faults.append(
            f"{found.genuine_flips:.1%} of the pairs of one person get another verdict, "
            f"at most {MOST_GENUINE_FLIPS:.0%}"
        )
    allowed = MOST_IMPOSTOR_FLIPS * max(found.fmr, 1e-6)
    if found.impostor_flips > allowed:
        faults.append(
            f"{found.impostor_flips:.1e} of the pairs of two people are newly taken for one, "
            f"at most {allowed:.1e}"
        )
    if faults:
        raise GateError(
            f"int8 and float disagree: {'; '.join(faults)}",
            why="What was trained and what the door would run are not the same.",
            remedy="add --calibration faces like those that are measured on, or train longer",
        )


def cosines(a: NDArray[np.float32], b: NDArray[np.float32]) -> NDArray[np.float64]:
    """Row by row, (n, dimensions) twice -> (n,); 0 where a row has no length."""
    lengths = np.linalg.norm(a, axis=1).astype(np.float64) * np.linalg.norm(b, axis=1)
    products = np.einsum("nd,nd->n", a.astype(np.float64), b)
    return np.where(lengths > 0, products / np.where(lengths > 0, lengths, 1.0), 0.0)


def tar(pairs: Pairs, fmr: float) -> float | None:
    """At the threshold that these very pairs ask for; None if they are too few for it.

    To compare networks with, and no promise: a door's threshold comes from other people.
    """
    try:
        return 1.0 - rates_at(pairs, threshold_at_fmr(pairs, fmr))[1].value
    except ValueError:
        return None
