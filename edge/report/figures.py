"""Events -> the figures of a report. Pure; an event without a time that is known counts as well."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from edge.contract.reasons import Happening, Reason

# Somebody who was refused and let in so soon after lives here, most likely.
_AGAIN_MS = 60_000
_FEW = 20  # presses, below which shares say little
_LIGHT = (Reason.TOO_DARK.value, Reason.TOO_BRIGHT.value)
_OWN_FAULTS = {
    r.value
    for r in (Reason.CAMERA_ERROR, Reason.ENGINE_ERROR, Reason.STORAGE_ERROR, Reason.PULSE_FAILED)
}

Entry = Mapping[str, Any]


def figures(entries: Iterable[Entry]) -> dict[str, Any]:
    """The document of a report, from the log's entries, oldest first."""
    rows = list(entries)
    presses = [row for row in rows if row["kind"] == "decision"]
    reasons = Counter(row["reason"] for row in presses)
    grants = reasons[Reason.GRANTED.value]
    refused_residents = _refused_and_let_in(presses)
    totals = sorted(row["ms"]["total"] for row in presses if row.get("frames"))
    found = {
        "from": rows[0]["time"] if rows else None,
        "to": rows[-1]["time"] if rows else None,
        "presses": len(presses),
        "granted": grants,
        "reasons": dict(reasons.most_common()),
        "by_day": _by_day(presses),
        "by_hour": _by_hour(presses),
        "light_by_hour": _by_hour([p for p in presses if p["reason"] in _LIGHT]),
        "residents_refused": refused_residents,
        "near_misses": sum(
            row.get("band") == "near" and row["reason"] == Reason.NOT_RECOGNISED.value
            for row in presses
        ),
        "ms": {"p50": _quantile(totals, 0.5), "p95": _quantile(totals, 0.95)},
        "happenings": dict(
            Counter(row["reason"] for row in rows if row["kind"] == "door").most_common()
        ),
        "clock_unknown": sum(row.get("clock") != "trusted" for row in rows),
    }
    return found | {"suggestions": list(_suggestions(found))}


def _refused_and_let_in(presses: Sequence[Entry]) -> int:
    """Refused presses that a grant followed on within a minute of the same start."""
    count, waiting = 0, 0
    last = -_AGAIN_MS
    for press in presses:
        if not 0 <= press["at_ms"] - last <= _AGAIN_MS:
            waiting = 0
        last = press["at_ms"]
        if press["reason"] == Reason.GRANTED.value:
            count, waiting = count + waiting, 0
        elif press["reason"] not in _OWN_FAULTS:
            waiting += 1
    return count


def _by_day(presses: Sequence[Entry]) -> dict[str, list[int]]:
    """Local day -> [granted, refused]."""
    days: dict[str, list[int]] = {}
    for press in presses:
        day = datetime.fromisoformat(press["time"]).astimezone().strftime("%Y-%m-%d")
        days.setdefault(day, [0, 0])[press["reason"] != Reason.GRANTED.value] += 1
    return days


def _by_hour(presses: Sequence[Entry]) -> list[int]:
    """Of the door's local day, 24 numbers."""
    hours = [0] * 24
    for press in presses:
        hours[datetime.fromisoformat(press["time"]).astimezone().hour] += 1
    return hours


def _quantile(ordered: Sequence[int], share: float) -> int | None:
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else None


def _suggestions(found: Mapping[str, Any]) -> Iterable[str]:
    presses, reasons = found["presses"], found["reasons"]
    if presses < _FEW:
        yield f"{presses} presses are few: look again when there are more."
        return
    for word, text in _ADVICE.items():
        if reasons.get(word, 0) >= max(3, 0.05 * presses):
            hours = found["light_by_hour"]
            when = f" Mostly at {hours.index(max(hours))}:00." if word in _LIGHT else ""
            yield f"{reasons[word]} times {word}: {text}{when}"
    residents = found["residents_refused"]
    if residents >= max(3, 0.1 * found["granted"]):
        yield (
            f"{residents} refused presses were let in within a minute: people who live here are "
            "refused at first. More photographs of them help: onelook enroll NAME --add PHOTO"
        )
    if found["near_misses"] >= 3:
        yield (
            f"{found['near_misses']} strangers, or people badly seen, came near to somebody who is "
            'enrolled: if none of you was refused then, think of [recognition] level = "strict".'
        )
    alarms = [h.value for h in Happening if h.alarms and found["happenings"].get(h.value)]
    for word in alarms:
        yield f"{found['happenings'][word]} times {word}: {Happening(word).remedy}"


_ADVICE = {
    "too_dark": "a lamp over the door helps most.",
    "too_bright": "shade the camera, or turn it from the sky.",
    "no_face": "is the camera at 1.5 m, and does it look at whoever presses?",
    "blurred": "clean the lens; more light makes shorter exposures.",
    "off_angle": "mount the camera where people look when they press.",
    "two_faces": "a poster or a mirror in its view counts as a face.",
    "too_small": "people stand too far away: mount the button nearer to the camera.",
    "timeout": "the machine is slow: onelook pi-selftest shows where.",
    "camera_error": "the camera's cable or supply: journalctl -u onelook-eye",
    "storage_error": "the card may be dying: onelook backup, then replace it.",
}
