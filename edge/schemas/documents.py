"""What every document holds, by name: the commands that print it, and the keys of its forms.

`schema` and `ok` stand in all of them; a form says of `ok` only what is not simply true.
"""

from __future__ import annotations

from dataclasses import dataclass

from edge.contract.reasons import Happening, Reason
from edge.contract.tasks import FACES, PICTURES
from edge.core.machine import Phase
from edge.doctor import State as Health
from edge.schemas import galleries, people
from edge.schemas.event import (
    DISTANCE,
    GATE,
    LOGGED,
    LOGGED_EVENT,
    MODE,
    PERSON,
    REASON,
    TOLD,
    TOLD_EVENT,
)
from edge.schemas.failures import CODE, ERRORS
from edge.schemas.shapes import (
    COUNT,
    FLAG,
    NO,
    NUMBER,
    TEXT,
    TIME,
    VALUE,
    Keys,
    Shape,
    document,
    many,
    maybe,
    record,
    table,
    words,
)
from edge.selftest import State as Measured

_DRAFT = "https://json-schema.org/draft/2020-12/schema"


@dataclass(frozen=True)
class Document:
    """printed_by: as a person types it. forms: the keys beside `schema`; it has those of one."""

    printed_by: str
    forms: tuple[Keys, ...]


def schema_of(name: str) -> Shape:
    """The schema of the document of this name."""
    described = DOCUMENTS[name]
    return {
        "$schema": _DRAFT,
        "$id": f"onelook:{name}/1",
        "title": f"onelook.{name}/1",
        "description": f"Printed by {described.printed_by}.",
        **document(name, *described.forms),
    }


def _by(command: str, *forms: Keys) -> Document:
    return Document(f"`onelook {command} --json`", forms)


_PLAYED = record(
    {
        "press": COUNT,
        "title": TEXT,
        "pictures": many(TEXT),
        "expected": TEXT,
        "got": REASON,
        "ok": FLAG,
        "lines": many(record({"line": TEXT, "level": words((0, 1)), "ms": NUMBER})),
        "event": TOLD_EVENT,
    }
)
_TESTED = record(
    {
        "photo": TEXT,
        "reason": REASON,
        "person": maybe(PERSON),
        "distance": maybe(DISTANCE),
        "threshold": DISTANCE,
        "gates": many(GATE),
        "remedy": TEXT,
    }
)
_FACE = record(
    {
        "reason": maybe(REASON),
        "box": many(NUMBER, 4),
        "points": many(many(NUMBER, 2), 5),
        "score": NUMBER,
        "gates": many(GATE),
    }
)
_RECOGNISED = record(
    {
        "picture": TEXT,
        "recognised": FLAG,
        "nearest": TEXT,
        "distance": DISTANCE,
        "threshold": DISTANCE,
    }
)
_MEASUREMENT = record(
    {
        "group": TEXT,
        "name": TEXT,
        "state": words(Measured),
        "value": maybe(VALUE),
        "unit": TEXT,
        "min": maybe(NUMBER),
        "p95": maybe(NUMBER),
        "max": maybe(NUMBER),
        "n": maybe(COUNT),
        "said": TEXT,
        "fix": TEXT,
    }
)
_FINDING = record({"name": TEXT, "state": words(Health), "said": TEXT, "fix": TEXT})
_WIRE = record({"line": TEXT, "pin": COUNT, "what": TEXT, "by": TEXT, "to": TEXT})
_MEASURED_PRESS = record({"templates": COUNT, "far_upper": NUMBER, "frr": NUMBER})
_INSTALLED: Keys = dict.fromkeys(
    ("program", "executable", "python", "system", "numpy", "opencv", "bundle"), TEXT
)
_TAKEN: Keys = {"model": TEXT, "serial": COUNT, "signer": TEXT, "enrol_again": COUNT}
_STATE = record(
    {
        "mode": MODE,
        "door": words(("open", "shut", "unknown")),
        "reason": maybe(REASON),
        "time": maybe(TIME),
        "failures": COUNT,
        "lockout": FLAG,
        "people": maybe(COUNT),
        "bundle": TEXT,
        "model": TEXT,
    }
)
_HEALTH = record(
    {"temperature_c": maybe(NUMBER), "undervoltage": maybe(FLAG), "running": maybe(FLAG)}
)
_BY_HOUR = many(COUNT, 24)

DOCUMENTS = {
    "error": Document(
        "every command that fails, instead of its own document",
        (
            {
                "ok": NO,
                "code": CODE,
                "exit": words(sorted(set(ERRORS.values()))),
                "message": TEXT,
                "why": TEXT,
                "remedy": TEXT,
            },
        ),
    ),
    "demo": _by(
        "demo",
        {
            "ok": FLAG,
            "network": record({"name": TEXT, "serial": COUNT, "model": TEXT}),
            "level": TEXT,
            "threshold": DISTANCE,
            "enrolled": many(record({"name": TEXT, "photos": many(TEXT)})),
            "presses": many(_PLAYED),
            "opened_only_for_grants": FLAG,
            "drawings": many(TEXT),
        },
    ),
    "enroll": _by("enroll|import", people.ENROLL),
    "list": _by("list", people.LIST),
    "edit": _by("edit", people.EDIT),
    "remove": _by("remove", people.REMOVE),
    "backup": _by("backup", {"file": TEXT, "people": COUNT}),
    "restore": _by(
        "restore",
        {"dry_run": FLAG, "changes": many(TEXT), "must_enrol_again": many(TEXT), "people": COUNT},
    ),
    "gallery_key": _by("gallery key", galleries.KEY),
    "gallery_trust": _by("gallery trust", galleries.TRUST),
    "gallery_export": _by("gallery export", galleries.EXPORT),
    "gallery_diff": _by("gallery diff", galleries.DIFF),
    "gallery_import": _by("gallery import", galleries.TAKEN),
    "gallery_merge": _by("gallery merge", galleries.TAKEN),
    "gallery_undo": _by("gallery undo", galleries.UNDO),
    "status": _by(
        "status",
        {
            "ok": FLAG,
            "mode": MODE,
            "configured_mode": MODE,
            "armed": FLAG,
            "phase": words(Phase),
            "strike": words(("on", "off")),
            "door": TEXT,
            "lockout": record({"failures": COUNT, "left_ms": COUNT}),
            "level": TEXT,
            "people": COUNT,
            "bundle": TEXT,
            "faults": many(TEXT),
        },
    ),
    "reload": _by("reload", {"changed": many(TEXT), "restart": many(TEXT)}),
    "unlock": _by("unlock", {"seconds": NUMBER}),
    "lock": _by("lock", {}),
    "mode": _by("mode", {"mode": MODE}),
    "clear-lockout": _by("clear-lockout", {"failures": COUNT}),
    "event": _by("events --follow", *LOGGED, *TOLD),
    "events": _by("events", {"events": many(LOGGED_EVENT)}),
    "explain": _by("explain", {"event": LOGGED_EVENT}),
    "log": _by(
        "log verify|seal",
        {
            "ok": FLAG,
            "rows": COUNT,
            "first": COUNT,
            "last": COUNT,
            "sealed": maybe(COUNT),
            "newest_known": maybe(COUNT),
        },
        {"ok": NO, "why": TEXT},
        {"key": TEXT, "remedy": TEXT},
    ),
    "report": _by(
        "report",
        {
            "from": maybe(TIME),
            "to": maybe(TIME),
            "presses": COUNT,
            "granted": COUNT,
            "reasons": table(COUNT, words(Reason)),
            "by_day": table(many(COUNT, 2)),
            "by_hour": _BY_HOUR,
            "light_by_hour": _BY_HOUR,
            "residents_refused": COUNT,
            "near_misses": COUNT,
            "ms": record({"p50": maybe(COUNT), "p95": maybe(COUNT)}),
            "happenings": table(COUNT, words(Happening)),
            "clock_unknown": COUNT,
            "suggestions": many(TEXT),
            "html?": TEXT,
        },
    ),
    "calibrate": _by("calibrate", people.CALIBRATE),
    "test": _by(
        "test",
        {
            "ok": FLAG,
            "level": TEXT,
            "gallery": record({"people": COUNT, "measured_for": COUNT}),
            "presses": many(_TESTED),
        },
    ),
    "locate": _by(
        "locate",
        {"ok": FLAG, "pictures": many(record({"picture": TEXT, "faces": many(_FACE)}))},
    ),
    "recognise": _by(
        "recognise",
        {
            "ok": FLAG,
            "task": words((FACES, PICTURES)),
            "model": TEXT,
            "level": TEXT,
            "pictures": many(_RECOGNISED),
        },
    ),
    "model": _by(
        "model show",
        {
            "name": TEXT,
            "serial": COUNT,
            "model": TEXT,
            "signer": TEXT,
            "level": TEXT,
            "most_people": COUNT,
            "too_many_people": FLAG,
            "threshold": DISTANCE,
            "fmr_upper": NUMBER,
            "presses": many(_MEASURED_PRESS),
            "before": maybe(TEXT),
        },
    ),
    "model_swap": _by(
        "model swap",
        {**_TAKEN, "embedded_anew": COUNT, "confused": many(TEXT), "changed": FLAG},
    ),
    "model_rollback": _by("model rollback", _TAKEN),
    "model_trust": _by("model trust", {"serial": COUNT, "keys": many(TEXT)}),
    "config": _by(
        "config show|check",
        {"settings": table(table(record({"value": VALUE, "origin": TEXT})))},
        {
            "bundle": TEXT,
            "signer": TEXT,
            "level": TEXT,
            "most_people": COUNT,
            "people": COUNT,
            "threshold": DISTANCE,
        },
    ),
    "wiring": _by("wiring", {"wires": many(_WIRE), "warnings": many(TEXT)}),
    "doctor": _by("doctor", {"ok": FLAG, "findings": many(_FINDING)}),
    "pi-selftest": _by("pi-selftest", {"ok": FLAG, "measurements": many(_MEASUREMENT)}),
    "version": _by(
        "version",
        {**_INSTALLED, "model": TEXT, "engine": TEXT},
        {**_INSTALLED, "fault": TEXT},
    ),
    "run": _by("run --check", {}),
    "mqtt": _by("mqtt --check", {"broker": TEXT}),
    "metrics": _by("metrics", {"seq": COUNT, "state": _STATE, "health": _HEALTH}),
}
