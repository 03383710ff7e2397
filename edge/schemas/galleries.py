"""What the documents of `onelook gallery` hold."""

from __future__ import annotations

from edge.schemas.people import CHANGED
from edge.schemas.shapes import COUNT, FLAG, TEXT, Keys, many, maybe, record, words
from edge.store.differences import How

_DIFFERENCE = record(
    {
        "ids": many(TEXT),
        "name": TEXT,
        "name_there": maybe(TEXT),
        "name_here": maybe(TEXT),
        "state": words(how for how in How if how is not How.SAME),
        "differs": many(TEXT),
    }
)
_MET: Keys = {"sender": TEXT, "serial": COUNT, "model": TEXT, "people": many(_DIFFERENCE)}

KEY: Keys = {"address": TEXT, "id": TEXT}
TRUST: Keys = {"doors": many(record(dict.fromkeys(("name", "id", "address"), TEXT)))}
EXPORT: Keys = {
    "file": TEXT,
    "people": COUNT,
    "serial": COUNT,
    "model": TEXT,
    "to": many(record({"name": TEXT, "id": TEXT})),
}
DIFF: Keys = {**_MET, "conflicts": COUNT}
TAKEN: Keys = {
    **_MET,
    "changed": FLAG,
    "may_come_in": COUNT,
    "taken": COUNT,
    "no_more": COUNT,
    "must_enrol_again": many(TEXT),
    "gallery": CHANGED,
}
UNDO: Keys = {"changes": many(TEXT), "people": COUNT, "gallery": CHANGED}
