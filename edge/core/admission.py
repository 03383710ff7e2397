"""Whether somebody who was recognised may come in now: switched off, expired, outside their hours.

Hours are as "Mo-Fr 07:00-19:00; Sa 09:00-12:30", each window from a minute to a minute; one that
ends before it begins goes on into the next day. A door without a clock battery does not know the
time before a time server told it: then the owner's rule says whether such people must wait.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime

from edge.contract.reasons import Reason

ALWAYS = "always"
_DAYS = ("Mo", "Tu", "We", "Th", "Fr", "Sa", "Su")
_DAY_MINUTES = 24 * 60
_FORM = 'write it as "Mo-Fr 07:00-19:00; Sa,Su 09:00-12:30", or "always"'


@dataclass(frozen=True)
class Window:
    """days: 0 is Monday. start, end: minutes of the day; end <= start: of the next one."""

    days: frozenset[int]
    start: int
    end: int

    def holds(self, day: int, minute: int) -> bool:
        """Whether it is open at that minute of that day."""
        if self.start < self.end:
            return day in self.days and self.start <= minute < self.end
        late = day in self.days and minute >= self.start
        return late or ((day - 1) % 7 in self.days and minute < self.end)


@dataclass(frozen=True)
class Clock:
    """The door's local time, and whether it can be believed.

    waits: whether those whose time matters must wait while it cannot.
    """

    now: datetime
    trusted: bool
    waits: bool


def parse_hours(text: str) -> tuple[Window, ...] | None:
    """None: always.

    Raises:
        ValueError: no hours; the message shows the form.
    """
    if text in {"", ALWAYS}:
        return None
    return tuple(_window(part.strip()) for part in text.split(";"))


def parse_until(text: str) -> date | None:
    """The last day, or None for "". Raises: ValueError: no date."""
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        raise ValueError('write a day as "2026-12-31"') from None


def opens(hours: str, clock: Clock) -> Reason | None:
    """Why not now, or None. Raises: ValueError: as `parse_hours`."""
    windows = parse_hours(hours)
    if windows is None:
        return None
    if not clock.trusted:
        return Reason.CLOCK_UNKNOWN if clock.waits else None
    minute = clock.now.hour * 60 + clock.now.minute
    open_ = any(window.holds(clock.now.weekday(), minute) for window in windows)
    return None if open_ else Reason.OUTSIDE_HOURS


def admitted(*, disabled: bool, until: str, hours: str, clock: Clock) -> Reason:
    """GRANTED, or why this person may not come in now; whatever cannot be read lets in nobody."""
    try:
        if disabled:
            return Reason.DISABLED
        last = parse_until(until)
        if last is not None and not clock.trusted and clock.waits:
            return Reason.CLOCK_UNKNOWN
        if last is not None and clock.trusted and clock.now.date() > last:
            return Reason.EXPIRED
        return opens(hours, clock) or Reason.GRANTED
    except ValueError:
        return Reason.OUTSIDE_HOURS


def _window(text: str) -> Window:
    found = re.fullmatch(r"([A-Za-z,\-]+) (\d\d):(\d\d)-(\d\d):(\d\d)", text)
    if found is None:
        raise ValueError(f"{text!r}: {_FORM}")
    minutes = [int(found[n]) * 60 + int(found[n + 1]) for n in (2, 4)]
    on_the_hour = all(int(found[n]) < 60 for n in (3, 5))
    if not on_the_hour or max(minutes) > _DAY_MINUTES or minutes[0] == minutes[1]:
        raise ValueError(f"{text!r}: {_FORM}")
    return Window(_days(found[1]), minutes[0], minutes[1])


def _days(text: str) -> frozenset[int]:
    days: set[int] = set()
    for part in text.split(","):
        first, _, last = part.partition("-")
        if first not in _DAYS or (last or first) not in _DAYS:
            raise ValueError(f"{part!r} are no days: {_FORM}")
        start, end = _DAYS.index(first), _DAYS.index(last or first)
        days |= {(start + n) % 7 for n in range((end - start) % 7 + 1)}
    return frozenset(days)
