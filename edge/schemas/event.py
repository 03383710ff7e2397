"""The forms of an event: a press as the log keeps it or as the demo tells it, and all others."""

from __future__ import annotations

from edge.contract.reasons import Happening, Reason
from edge.door.commands import MODES
from edge.messages import IDS
from edge.report.shadow import Whose
from edge.schemas.shapes import (
    COUNT,
    FLAG,
    NUMBER,
    TEXT,
    TIME,
    Keys,
    Shape,
    document,
    many,
    maybe,
    record,
    table,
    word,
    words,
)

REASON = words(Reason)
MODE = words(MODES)
DISTANCE: Shape = {
    "type": "number",
    "minimum": 0,
    "maximum": 1,
    "description": "0 = one person; taken for one below the threshold",
}
GATE = record({"gate": TEXT, "measured": NUMBER, "needed": many(NUMBER, 2), "ok": FLAG})
# An id stands for a person in the log; the name is null when nobody of that id is enrolled now.
PERSON = record({"id": TEXT, "name": maybe(TEXT)})

_BAND = words(("above", "near", "far"))
_STEPS = ("capture", "locate", "embed", "total")
_PRESSES_AND_DOOR = {one.value for one in (*Reason, *Happening)}

_EVENT: Keys = {
    "seq": COUNT,
    "event": TEXT,
    "time": TIME,
    "clock": words(("trusted", "unknown")),
    "person": maybe(PERSON),
    "remedy": TEXT,
}
_PRESS: Keys = {
    **_EVENT,
    "kind": word("decision"),
    "mode": MODE,
    "reason": REASON,
    "result": words(("grant", "refuse")),
    "ms": record(dict.fromkeys(_STEPS, COUNT)),
    "bundle": TEXT,
}
_PRESS_LOGGED: Keys = {
    **_PRESS,
    "press": TEXT,
    "at_ms": COUNT,
    "frames": many(
        record(
            {
                "n": COUNT,
                "reason": maybe(REASON),
                "band": maybe(_BAND),
                "gates": many(GATE),
                # In shadow: the levels at which it shows the person, and somebody else.
                "matched?": many(TEXT),
                "others?": many(TEXT),
            }
        )
    ),
    "band": maybe(_BAND),
    "threshold?": DISTANCE,
}
_PRESS_TOLD: Keys = {
    **_PRESS,
    "press": TEXT,
    "counts_as_failure": FLAG,
    "frames": many(
        record(
            {
                "n": COUNT,
                "reason": maybe(REASON),
                "face": many(NUMBER),
                "distance": maybe(DISTANCE),
                "threshold": DISTANCE,
                "gates": many(GATE),
            }
        )
    ),
    "lockout": record(dict.fromkeys(("failures", "free", "left_ms"), COUNT)),
}
_AT_THE_DOOR: Keys = {
    **_EVENT,
    "kind": word("door"),
    "reason": words(Happening),
    "result": word("none"),
    "at_ms": COUNT,
    "who?": TEXT,
    "because?": TEXT,
}
_OTHER: Keys = {
    **_EVENT,
    "kind": words(("people", "system")),
    "reason": words(one for one in IDS if one not in _PRESSES_AND_DOOR),
    "result": word("none"),
    "at_ms?": COUNT,
    # Of some words only.
    "templates?": COUNT,
    "people?": COUNT,
    "failures?": COUNT,
    "who?": TEXT,
    "because?": TEXT,
    "why?": TEXT,
    "to?": TEXT,
    "changed?": many(TEXT),
    "serial?": COUNT,
    "sha256?": TEXT,
    "key?": TEXT,
    "through?": COUNT,
    "hash?": TEXT,
    "seals?": table(COUNT),
    "whose?": words(Whose),
    "presses?": many(COUNT),
}

LOGGED: tuple[Keys, ...] = (_PRESS_LOGGED, _AT_THE_DOOR, _OTHER)
TOLD: tuple[Keys, ...] = (_PRESS_TOLD,)
LOGGED_EVENT = document("event", *LOGGED)
TOLD_EVENT = document("event", *TOLD)
