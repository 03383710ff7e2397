"""The world of one history: its time, what is to come, the traps on the door's way, the record.

Nothing here waits. Time goes on when the door waits for something, or where a trap holds it up; and
whatever is due by then happens first. Times are seconds since the history began.
"""

from __future__ import annotations

import errno
import heapq
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import count

from tests.faults.facts import Fact, Slipped, What
from tests.faults.steps import Slip, Trap

# The door turns when nothing comes, every 0.2 s without an eye. That it does so all night long
# is the same turn again and again: after so many of them the night goes by in one.
_DULL_TURNS = 12
_DULL_S = 10.0
FIRST_DAY = datetime.fromisoformat("2026-11-28T12:00:00+00:00")  # a Saturday
_SHORTEST_S = 1e-6  # a float far from zero does not grow by less
_MOST_TURNS = 20_000  # no history has more: the door no longer waits for anything


class KilledError(BaseException):
    """SIGKILL. Nothing of the door's may catch it; what its `finally` still do, nobody sees."""


class EndlessError(Exception):
    """The door turns and turns without waiting."""


@dataclass
class _Laid:
    """A trap that lies in the way: how often it is still passed by, how often it will spring."""

    trap: Trap
    skip: int
    times: int

    def springs(self) -> bool:
        if self.skip:
            self.skip -= 1
            return False
        self.times -= 1
        return True


class World:
    """`facts`: all that was seen from outside, in its order."""

    def __init__(self, *, uptime: float) -> None:
        self.now = 0.0
        self.boot = 1
        self.booted_at = -uptime
        self.date = FIRST_DAY  # at the beginning, by the door's clock
        self.life = 0  # number of the door's process; 0 before the first
        self.up = False
        self.turn = 0
        self.asleep = False
        self.facts: list[Fact] = []
        self._traps: list[_Laid] = []
        self._coming: list[tuple[float, int, Callable[[], None]]] = []
        self._number = count()
        self._dull = 0
        self._outside = False

    def saw(self, what: What) -> None:
        """Keep a fact, with when and where it was."""
        place = len(self.facts)
        self.facts.append(Fact(place, self.now, self.life, self.turn, self.asleep, what))

    def boottime(self) -> float:
        """What CLOCK_BOOTTIME says now."""
        return self.now - self.booted_at

    def wall(self) -> datetime:
        """What the clock on the wall says, UTC; the door takes it for its local time too."""
        return self.date + timedelta(seconds=self.now)

    def call(self, after: float, act: Callable[[], None]) -> None:
        """Have it happen so much later."""
        heapq.heappush(self._coming, (self.now + after, next(self._number), act))

    def next_at(self) -> float:
        """When the next thing happens; inf if nothing is to come."""
        return self._coming[0][0] if self._coming else float("inf")

    def advance(self, to: float) -> None:
        """Let time pass, and what is due happen. Raises: KilledError: the door's process was."""
        while self.next_at() <= to:
            at, _, act = heapq.heappop(self._coming)
            self.now = max(self.now, at)
            with self.outside():
                act()
        self.now = max(self.now, to)

    @contextmanager
    def outside(self) -> Iterator[None]:
        """What happens meanwhile is nobody's of the door: no trap is for it."""
        before, self._outside = self._outside, True
        try:
            yield
        finally:
            self._outside = before

    def kill(self) -> None:
        """End the door's process here and now."""
        self.up = False
        raise KilledError

    def lay(self, trap: Trap) -> None:
        """From now on."""
        self._traps.append(_Laid(trap, trap.skip, trap.times))

    def calm(self) -> None:
        """Take the traps away."""
        self._traps = []

    def at(self, place: str, *, inside: bool = False) -> Slip | None:
        """The door comes by here: spring the traps that were laid. The slip, if one sprang.

        inside: it is the door's, although its loop waits meanwhile.

        Raises:
            KilledError, MemoryError, OSError: what the trap does.
        """
        if not self._traps or not self.up or (self._outside and not inside):
            return None
        for laid in self._traps:
            if laid.trap.place == place and laid.springs():
                break
        else:
            return None
        self._traps = [one for one in self._traps if one.times]
        slip = laid.trap.slip
        self.saw(Slipped(slip, place))
        match slip:
            case Slip.KILLED:
                self.kill()
            case Slip.STALLED:
                self.advance(self.now + laid.trap.seconds)
            case Slip.BUG:
                raise MemoryError("a bug that nobody foresaw")
            case Slip.FULL | Slip.IO:
                raise OSError(errno.ENOSPC if slip is Slip.FULL else errno.EIO, slip.value)
        return slip

    def wait(self, poll: Callable[[], list[int]], timeout: float) -> list[int]:
        """Stand for select(2): what can be read as soon as there is something, or [] in time."""
        self.turn += 1
        if self.turn > _MOST_TURNS:
            raise EndlessError
        self.at("wait")
        deadline = self.now + max(timeout, _SHORTEST_S)
        self.asleep = True
        try:
            while not (ready := poll()):
                if self.next_at() > deadline:
                    self._fall_asleep(deadline)
                    break
                self.advance(self.next_at())
        finally:
            self.asleep = False
        self._dull = 0 if ready else self._dull + 1
        return ready

    def _fall_asleep(self, deadline: float) -> None:
        coming = self.next_at()
        if self._dull > _DULL_TURNS and coming > deadline + _DULL_S:
            deadline = coming - 1.0
        self.advance(deadline)
