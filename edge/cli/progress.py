"""One line on a terminal that says how far it is; nothing where nobody looks."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Sequence
from typing import TypeVar

T = TypeVar("T")

_WIDTH = 24
_EVERY_S = 0.1


class Progress:
    """Use `end` before anything else is printed."""

    def __init__(self) -> None:
        self._shown_at = 0.0
        self._is_seen = sys.stderr.isatty()

    def show(self, what: str, done: int, most: int) -> None:
        """`done` of `most` steps are behind us."""
        now = time.monotonic()
        if not self._is_seen or now - self._shown_at < _EVERY_S:
            return
        self._shown_at = now
        full = _WIDTH * done // max(most, 1)
        bar = "#" * full + "." * (_WIDTH - full)
        sys.stderr.write(f"\r\033[K[{bar}] {done}/{most} {what[:50]}")
        sys.stderr.flush()

    def end(self) -> None:
        """Wipe the line."""
        if self._is_seen:
            sys.stderr.write("\r\033[K")
            sys.stderr.flush()


def watched(items: Sequence[T], what: str) -> Iterator[T]:
    """The items one by one, counted on the terminal while they are worked on."""
    progress = Progress()
    try:
        for done, item in enumerate(items):
            progress.show(what, done, len(items))
            yield item
    finally:
        progress.end()
