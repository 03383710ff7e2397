"""What a frame must measure to be used: the limits of the gates, and one gate with its measurement.

Pure: the eye judges by them, the door keeps them in its events, neither needs pixels for that.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Gate:
    """What was measured and what would have passed; the bounds belong to the passing range."""

    name: str
    measured: float
    low: float
    high: float

    @property
    def passed(self) -> bool:
        return self.low <= self.measured <= self.high

    def document(self) -> dict[str, object]:
        """As events keep it and commands print it."""
        needed = [self.low, self.high]
        return {
            "gate": self.name,
            "measured": self.measured,
            "needed": needed,
            "ok": self.passed,
        }


@dataclass(frozen=True)
class Limits:
    """The owner's limits.

    min_eyes_px: distance between the eyes in the frame; a crop puts them 35 px apart, below that
        its pixels are invented.
    face_light_255: lowest and highest mean of the grey aligned face.
    max_clipped: share of the grey aligned face that is all black or all white, a lamp or a shadow
        in which nothing is seen; for black and for white each.
    max_roll_deg: how far the line through the eyes may be from level.
    max_yaw_deg, max_pitch_deg: how far a head may be turned aside, bowed or raised; estimates.
    min_sharpness: see `edge.contract.quality.sharpness`; 0 = anything, 1 = never. The demo's ten
        photographs of people measure 0.59 to 0.74; blurred by a Gaussian of 1 px of the crop 0.41
        to 0.55, of 2 px 0.26 to 0.361.
    """

    min_eyes_px: float = 40.0
    face_light_255: tuple[float, float] = (40.0, 220.0)
    max_clipped: float = 0.2
    max_roll_deg: float = 25.0
    max_yaw_deg: float = 50.0
    max_pitch_deg: float = 25.0
    min_sharpness: float = 0.37
