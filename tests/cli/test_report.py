"""`onelook report` on a door's log."""

from __future__ import annotations

from edge.store.events import EventStore


def test_a_report_of_a_door_as_text_as_json_and_as_a_page(door):
    assert "0, of which 0 opened" in door("report").stdout
    with EventStore(door.state) as events:
        for second in range(30):
            events.record(
                {
                    "kind": "decision",
                    "reason": "granted" if second % 3 else "too_dark",
                    "time": "2999-01-01T10:00:00.000Z",
                    "clock": "trusted",
                    "at_ms": 1000 * second,
                    "frames": 2,
                    "band": None,
                    "ms": {"total": 300},
                }
            )
    assert "presses   30, of which 20 opened" in door("report").stdout
    document, code = door.json("report", "--since", "2998-01-01")
    assert (document["schema"], document["reasons"], code) == (
        "onelook.report/1",
        {"granted": 20, "too_dark": 10},
        0,
    )
    html = door.folder / "door.html"
    assert door("report", "--html", html).stdout == f"written: {html}\n"
    assert html.read_text().startswith("<!doctype html>")
    assert door("report", "--html", door.folder / "no/such.html").returncode == 73
    assert door("report", "--since", "then").returncode == 2
