"""Where in a log somebody is: what both halves of `onelook mqtt` say to each other about it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Self

MOST_BYTES = 100
_ASKED = re.compile(rb"after (\d{1,15}) ([0-9a-f]{64}|-)\n")
_NOW = b"now\n"


@dataclass(frozen=True)
class Place:
    """Behind a row: its seq, and its hash, which the same seq of another log does not have.

    seq 0: before the first row, of any log.
    """

    seq: int = 0
    hash: str = ""

    def asked(self) -> bytes:
        """The line that asks for what follows."""
        return f"after {self.seq} {self.hash or '-'}\n".encode()

    @classmethod
    def of(cls, line: bytes) -> Self | None:
        """What such a line asks for; None: for what comes from now on.

        Raises:
            ValueError: it is none of the two lines that there are.
        """
        if line == _NOW:
            return None
        found = _ASKED.fullmatch(line)
        if found is None:
            raise ValueError("neither `now` nor `after SEQ HASH`")
        given = found[2].decode()
        return cls(int(found[1]), "" if given == "-" else given)


def asked_for(place: Place | None) -> bytes:
    """The line for a place, or for now."""
    return _NOW if place is None else place.asked()
