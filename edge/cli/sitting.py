"""Before the door's own camera: the owner is told how to look, the door's eye looks.

No picture leaves the eye, so none can be kept for networks to come.
"""

from __future__ import annotations

import hashlib
import time
from base64 import b64decode
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np

from edge.cli.likeness import Candidate
from edge.contract.errors import FaceError
from edge.contract.reasons import Reason

# The door is pressed by people who look a little elsewhere each time.
LOOKS = {
    "straight": "look straight into the camera",
    "left": "turn the head a little to the left",
    "right": "turn the head a little to the right",
    "up": "raise the chin a little",
    "down": "lower the chin a little",
}
LOOK_S = 5.0
_FRAMES, _TRIES = 3, 3

Ask = Callable[[Mapping[str, Any]], Mapping[str, Any]]


def sit(ask: Ask, tell: Callable[[str], None], pause_s: float) -> list[Candidate]:
    """Usable faces of one person in several looks.

    Args:
        ask: the door that runs; see `edge.door.commands`.
        tell: gets each line for whoever reads the terminal.
        pause_s: how long a person has to follow a line.

    Raises:
        FaceError: nothing could be used. UnavailableError: the door or its eye cannot be asked.
    """
    found = []
    for n, (look, how) in enumerate(LOOKS.items(), 1):
        tell(f"{n}/{len(LOOKS)}  {how}")
        found += _looked(ask, tell, look, pause_s)
    if not found:
        raise FaceError(
            "the camera saw no face that could be used.",
            remedy="Stand about 60 cm away, alone, with light on the face; then once more.",
        )
    return found


def _looked(ask: Ask, tell: Callable[[str], None], look: str, pause_s: float) -> list[Candidate]:
    for _ in range(_TRIES):
        time.sleep(pause_s)
        answer = ask({"do": "look", "seconds": LOOK_S, "frames": _FRAMES})
        faces = list(_candidates(answer["frames"], look))
        if faces:
            tell("     good")
            return faces
        tell(f"     {_why(answer)}")
    tell("     then without this one")
    return []


def _candidates(frames: list[Mapping[str, Any]], look: str) -> Iterator[Candidate]:
    for n, frame in enumerate(frames, 1):
        if frame["embedding"] is not None:
            raw = b64decode(frame["embedding"])
            source = hashlib.sha256(raw).hexdigest()[:12]
            yield Candidate(f"{look}, frame {n}", source, np.frombuffer(raw, np.int8))


def _why(answer: Mapping[str, Any]) -> str:
    """What was most in the way, and what to do."""
    if answer["interrupted"]:
        return "somebody pressed the button, and goes first; once more"
    reasons = Counter(frame["reason"] for frame in answer["frames"])
    if not reasons:
        return "no picture came in time; once more"
    reason = Reason(reasons.most_common(1)[0][0])
    return f"{reason.value}: {reason.remedy}"
