"""What people say for a time -> a date as the log has it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from edge.config.durations import parse_duration
from edge.contract.errors import UsageError

_FORMS = 'as "2026-11-27", "2026-11-27 18:00", "18:00", "today", "yesterday", "2h" or "30d"'


def parse_when(text: str, now: datetime) -> str:
    """ISO 8601 in UTC, with milliseconds.

    Args:
        text: a date with or without a time, a time of today, "today", "yesterday", or how long ago.
        now: with its time zone, which the others are of.

    Raises:
        UsageError: it is none of these.
    """
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    days = {"now": now, "today": midnight, "yesterday": midnight - timedelta(days=1)}
    then = days.get(text) or _ago(text, now) or _date(text, now, midnight)
    if then is None:
        raise UsageError(f'"{text}" is no time.', remedy=f"Write it {_FORMS}.")
    return then.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def local(time: str) -> str:
    """A date of the log for people: to the second, where they are."""
    return datetime.fromisoformat(time).astimezone().strftime("%Y-%m-%d %H:%M:%S")


def _ago(text: str, now: datetime) -> datetime | None:
    try:
        return now - timedelta(seconds=parse_duration(text.removesuffix(" ago")))
    except (ValueError, OverflowError):
        return None


def _date(text: str, now: datetime, midnight: datetime) -> datetime | None:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        try:
            return datetime.fromisoformat(f"{midnight:%Y-%m-%d} {text}").replace(tzinfo=now.tzinfo)
        except ValueError:
            return None
    return found if found.tzinfo else found.replace(tzinfo=now.tzinfo)
