"""A history in lines that a person can read."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import MISSING, Field, fields, is_dataclass
from enum import Enum

from tests.faults.facts import Compared, Fact, Judged, Kept, Said, Tried
from tests.faults.play import Played
from tests.faults.steps import History


def steps_of(history: History) -> Iterator[str]:
    """The scene, and what happened in it."""
    yield f"seed {history.seed}"
    yield "the door: " + ", ".join(f"{key} {value}" for _, key, value in history.scene.settings)
    yield "the rest: " + ", ".join(_parts(history.scene, leave_out={"settings"}))
    at = 0.0
    for step in history.steps:
        at += step.after
        yield f"{at:12.3f}  {_text(step.deed)}"


def facts_of(played: Played) -> Iterator[str]:
    """What was seen of the door then."""
    for fact in played.facts:
        if not isinstance(fact.what, (Compared, Judged, Said)):
            asleep = "waits" if fact.asleep else ""
            yield f"{fact.at:12.3f}  {fact.life:2d}/{fact.turn:<4d}{asleep:6s}{_what(fact)}"


def _what(fact: Fact) -> str:
    match fact.what:
        case Tried(row):
            return f"began to write {_row(row)}"
        case Kept(rows, failures, _, counted_at):
            kept = ", ".join(_row(row) for row in rows)
            return f"on the disk: {kept or 'no row'}; {failures} failures at {counted_at:.3f}"
    return _text(fact.what)


def _row(row) -> str:
    wanted = ("kind", "press", "reason", "person")
    return " ".join(str(row[name]) for name in wanted if row.get(name) is not None)


def _text(value: object) -> str:
    match value:
        case Enum():
            return str(value.value)
        case tuple():
            return "[" + "; ".join(_text(one) for one in value) + "]"
        case float():
            return f"{value:.10g}"
        case _ if is_dataclass(value):
            return " ".join((type(value).__name__, *_parts(value)))
    return repr(value)


def _parts(value: object, *, leave_out: set[str] = frozenset()) -> Iterator[str]:
    for field in fields(value):
        found = getattr(value, field.name)
        if field.name not in leave_out and not (_is_default(field, found)):
            yield f"{field.name}={_text(found)}"


def _is_default(field: Field, value: object) -> bool:
    return field.default is not MISSING and value == field.default
