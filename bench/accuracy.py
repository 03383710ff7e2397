"""How right each one is on LFW, so that nobody wins by being fast and wrong. Nothing is run.

Ours is read from the bundle's card: LFW is looked at once per released network. The peers' figures
were measured on the same list of LFW's pictures by this project, with their own finder and crop.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_VIEW_2 = re.compile(r"^\| View 2.*?\| ([0-9.]+) %", re.MULTILINE)
_TAR = re.compile(r"^\| TAR at FMR 1e-3, 1e-4, 1e-5.*?\| [0-9.]+ %.*?, ([0-9.]+) %", re.MULTILINE)


@dataclass(frozen=True)
class Accuracy:
    """Percent. view_2: right answers on 6,000 pairs. tar: at FAR 1e-4 over all pairs, or None.

    said: how it came about, in a few words.
    """

    view_2: float
    tar: float | None
    said: str


def of_card(card: str) -> Accuracy | None:
    """As a bundle's card has it; None: it does not say."""
    view_2, tar = _VIEW_2.search(card), _TAR.search(card)
    if view_2 is None or tar is None:
        return None
    return Accuracy(float(view_2[1]), float(tar[1]), "int8, all of LFW, the bundle's card")


_WHOLE = "measured on all of LFW"
PEERS = {
    "face_recognition": Accuracy(98.73, 70.11, "measured on 8,199 pictures of LFW"),
    "YuNet + MobileFaceNet float": Accuracy(98.63, 96.99, _WHOLE),
    "YuNet + retail-0095 float": Accuracy(99.47, 98.69, _WHOLE),
    "YuNet + SFace": Accuracy(99.40, None, "View 2 as published, TAR unknown"),
}
