"""Button and contacts, by what the log says of them: the door that runs holds their lines."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import Any

from edge.config import Config
from edge.contract.reasons import Happening, Reason
from edge.doctor import Finding, State
from edge.store.events import newest_events, read_events

_ENOUGH = 3  # grants after which the contact said the wrong word first
_THROUGH_MS = 15_000  # within which somebody who was let in opens the door

Entry = Mapping[str, Any]


def button(config: Config) -> Finding:
    """Whether it hangs."""
    for _, entry in newest_events(config.paths.state_dir):
        if entry["kind"] == "decision":
            return Finding("button", State.OK, f"pressed last at {entry['time']}")
        if entry["reason"] == Happening.BUTTON_STUCK.value:
            said = f"was down for too long at {entry['time']}, and nobody pressed it since"
            return Finding("button", State.PROBLEM, said, Happening.BUTTON_STUCK.remedy)
    return Finding("button", State.UNKNOWN, "nobody has pressed it yet", "Press it.")


def contact(config: Config) -> Finding:
    """Whether it says that the door is shut when it is."""
    if config.door.contact_pin == "off":
        return Finding("contact", State.OK, "none is wired")
    entries = [entry for _, entry in read_events(config.paths.state_dir)]
    first = list(_first_after_grants(entries))
    wrong = first.count(Happening.DOOR_CLOSED.value)
    if wrong >= _ENOUGH and wrong > len(first) - wrong:
        other = {"closed": "open", "open": "closed"}[config.door.contact_shut]
        said = f"said {wrong} times of {len(first)} that the door shuts when somebody goes in"
        fix = f'Set [door] contact_shut = "{other}" and restart onelook.'
        return Finding("contact", State.PROBLEM, said, fix)
    if not first:
        fix = "Go through the door once by a press."
        return Finding("contact", State.UNKNOWN, "has not moved after a grant yet", fix)
    return Finding("contact", State.OK, f"moved as it should after {len(first) - wrong} grants")


def _first_after_grants(entries: list[dict[str, Any]]) -> Iterator[str]:
    """What the contact said first, each time that somebody was let in and went through."""
    moves = {Happening.DOOR_OPENED.value, Happening.DOOR_CLOSED.value}
    told = [e for e in entries if e["reason"] in {*moves, Reason.GRANTED.value}]
    for before, after in pairwise(told):
        let_in = before["reason"] == Reason.GRANTED.value and after["reason"] in moves
        if let_in and 0 <= after["at_ms"] - before["at_ms"] <= _THROUGH_MS:
            yield after["reason"]


CHECKS = (button, contact)
