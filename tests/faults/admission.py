"""Who may come in when, by the book: hours and last days, written down a second time."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from edge.store.people import Person
from tests.faults.story import Story

_ALWAYS = {"", "always"}
_WHEN: dict[str, Callable[[int, int], bool]] = {
    "Mo-Fr 07:00-19:00": lambda day, hour: day < 5 and 7 <= hour < 19,
    "Sa,Su 11:00-13:00": lambda day, hour: day >= 5 and 11 <= hour < 13,
    "Fr-Mo 22:00-06:00": lambda day, hour: (
        (day in {4, 5, 6, 0} and hour >= 22) or (day in {5, 6, 0, 1} and hour < 6)
    ),
}
HOURS = ("", *_WHEN)  # a history may give


def in_hours(story: Story, hours: str, when: datetime, known: bool) -> bool:  # noqa: FBT001 - a pair
    """Whether that time is within the hours; known: whether the clock can be believed."""
    if hours in _ALWAYS:
        return True
    return _WHEN[hours](when.weekday(), when.hour) if known else _believes(story)


def may_come_in(story: Story, person: Person, when: datetime, known: bool) -> bool:  # noqa: FBT001 - a pair
    """Whether that person may, at that time."""
    if person.disabled or not in_hours(story, person.hours, when, known):
        return False
    if not person.until:
        return True
    return when.date().isoformat() <= person.until if known else _believes(story)


def _believes(story: Story) -> bool:
    return story.config.hours.when_clock_unknown == "ignore"
