"""What the documents of people hold: who is enrolled, and what a gallery of that size means."""

from __future__ import annotations

from edge.contract.reasons import Reason
from edge.report.levels import SOURCES
from edge.schemas.event import DISTANCE
from edge.schemas.failures import CODE
from edge.schemas.shapes import (
    COUNT,
    FLAG,
    NUMBER,
    TEXT,
    Keys,
    many,
    maybe,
    record,
    row,
    table,
    words,
)

_ENROLLED = record(
    {
        "id": TEXT,
        "name": TEXT,
        "disabled": FLAG,
        "until": maybe(TEXT),
        "hours": maybe(TEXT),
        "usable_templates": COUNT,
        "templates": many(record(dict.fromkeys(("source", "model", "added", "label"), TEXT))),
    }
)
_RATE = record({"errors": COUNT, "trials": COUNT, "value": NUMBER, "upper": NUMBER})
_STANDING: Keys = {
    "people": COUNT,
    "templates": COUNT,
    "level": TEXT,
    "configured_level": TEXT,
    "measured_for": maybe(COUNT),
    "threshold": maybe(DISTANCE),
    "far": maybe(_RATE),
    "frr": maybe(_RATE),
    "tested_people": COUNT,
}
CHANGED = record({**_STANDING, "changed": FLAG, "threshold_before": maybe(DISTANCE)})
_ENROLMENT = record(
    {
        "id": TEXT,
        "name": TEXT,
        "templates": COUNT,
        "kept": many(TEXT),
        "known": many(TEXT),
        "left_out": many(TEXT),
        "dropped": many(record(dict.fromkeys(("source", "added", "label"), TEXT))),
        "skipped": many(record({"photo": TEXT, "code": CODE, "message": TEXT})),
        "warnings": many(TEXT),
        "tried": record(
            {
                "limit": DISTANCE,
                "own": maybe(DISTANCE),
                "other": maybe(row(TEXT, DISTANCE)),
                "good": FLAG,
            }
        ),
    }
)
_COUNTS: Keys = dict.fromkeys(("errors", "unknown", "trials", "people"), COUNT)
_LEVEL = record(
    {
        "level": TEXT,
        "in_force": FLAG,
        "threshold": DISTANCE,
        "frr": maybe(record({**_COUNTS, "low": NUMBER, "high": NUMBER})),
        "far": record(dict.fromkeys(SOURCES, maybe(record({**_COUNTS, "upper": NUMBER})))),
    }
)
_LABELLED = record(
    {"id": maybe(TEXT), "name": maybe(TEXT), "presses": COUNT, "reasons": table(COUNT)}
)
_STRANGERS = record(
    {
        "used": COUNT,
        "people": COUNT,
        "opened": many(record({"photo": TEXT, "person": TEXT})),
        "left_out": many(record({"photo": TEXT, "message": TEXT})),
    }
)

ENROLL: Keys = {
    "ok": FLAG,
    "people": many(_ENROLMENT),
    "refused": many(record({"name": TEXT, "code": CODE, "message": TEXT})),
    "gallery": CHANGED,
}
LIST: Keys = {"model": TEXT, "people": many(_ENROLLED), "gallery": record(_STANDING)}
EDIT: Keys = {"person": _ENROLLED}
REMOVE: Keys = {"name": TEXT, "id": TEXT, "templates": COUNT, "new_key": FLAG, "gallery": CHANGED}
CALIBRATE: Keys = {
    "gallery": record(_STANDING),
    "labelled": many(TEXT),
    "unlabelled": many(TEXT),
    "set_aside": table(COUNT, words(Reason)),
    "stale": COUNT,
    "people": many(_LABELLED),
    "strangers": maybe(_STRANGERS),
    "levels": many(_LEVEL),
    "said": many(TEXT),
    "advice": maybe(TEXT),
}
