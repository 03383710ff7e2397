"""An event as everybody outside the door sees it: `onelook events --json`, and a broker."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from edge.contract.errors import OnelookError
from edge.messages import remedy_of

Entry = Mapping[str, Any]

# Who commanded, and what they wrote: a login and free text, as near to a name as a name.
_OF_PEOPLE = ("who", "because")


def names_of(state_dir: Path) -> dict[str, str]:
    """Name by id, of people who are enrolled now. The log has no names."""
    from edge.store.gallery import GalleryStore

    try:
        people = GalleryStore(state_dir).load().people
    except OnelookError:  # events can be read without the key to the gallery
        return {}
    return {person.id: person.name for person in people}


def document(seq: int, entry: Entry, names: Mapping[str, str]) -> dict[str, Any]:
    """A row of the log as the document `onelook.event/1`."""
    who = entry.get("person")
    decided = entry["kind"] == "decision"
    granted = "grant" if entry["reason"] == "granted" else "refuse"
    kept = {k: v for k, v in entry.items() if k not in {"schema", "frames", "looked", "press"}}
    told = {
        "schema": "onelook.event/1",
        "ok": True,
        "seq": seq,
        "event": f"e-{seq}",
        **kept,
        "result": granted if decided else "none",
        "person": {"id": who, "name": names.get(who)} if who else None,
        "remedy": remedy_of(entry["reason"]),
    }
    if decided:
        told["press"] = f"b-{entry['press']}"
        told["frames"] = [{"n": n, **f} for n, f in enumerate(entry.get("looked", ()), 1)]
    return told


def nameless(told: Entry) -> dict[str, Any]:
    """The same without anybody's name; an id stands for a person, and means nothing elsewhere."""
    kept = {key: value for key, value in told.items() if key not in _OF_PEOPLE}
    if who := kept.get("person"):
        kept["person"] = {**who, "name": None}
    return kept
