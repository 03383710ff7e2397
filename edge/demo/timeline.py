"""The demo as text: a timeline that can be looked at, and a closing table. Plain ASCII."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from edge.cli.output import Palette
from edge.contract.reasons import Reason
from edge.demo.play import Played
from edge.demo.script import Press

_BAR = 24
_WIDTH = 80


def heading(number: int, press: Press, paint: Palette) -> Iterator[str]:
    """The lines before a press."""
    names = ", ".join(picture.name for picture in press.pictures)
    yield ""
    yield paint.strong(f"press {number}  {press.title}") + paint.faint(f"   [{names}]")


def story(played: Played, paint: Palette) -> Iterator[str]:
    """The lines after a press: its frames, how it ended, what the lock did and when."""
    for frame in played.event["frames"]:
        yield "  " + _frame(frame, paint)
    reason = played.reason
    took = f"decided in {played.event['ms']['total']:.0f} ms"
    if reason is Reason.GRANTED:
        person = played.event["person"]
        who = person["name"] if person else "?"
        yield f"  {paint.good('GRANTED')}  {who}, {took}"
    else:
        yield f"  {paint.bad('REFUSED')}  {reason.value}, {took}"
        remedy = textwrap.wrap(reason.remedy, _WIDTH - 11)
        yield from (paint.faint(f"           {line}") for line in remedy)
    yield f"  lock     {_lock(played.strike_ms)}"
    if not played.ok:
        yield paint.bad(f"  WRONG    expected: {played.press.expected}; the lock must follow it")


def table(presses: Sequence[Played], paint: Palette) -> Iterator[str]:
    """The closing table."""
    yield ""
    yield f"{'press':5}  {'what the camera saw':36}  {'expected':14}  {'got':14}  lock      ms  ok"
    for number, played in enumerate(presses, 1):
        lock = "opened" if played.strike_ms else "shut"
        row = (
            f"{number:5}  {_cut(played.press.title, 36):36}  {played.press.expected:14}  "
            f"{played.reason.value:14}  {lock:6}  {played.event['ms']['total']:4.0f}  "
        )
        yield row + (paint.good("yes") if played.ok else paint.bad("NO"))


def bar(distance: float, threshold: float) -> str:
    """Distance 0 to 1 from left to right; the threshold is the `|`.

    `[==o  |                 ]` is a match, `[     |=========o       ]` is none.
    """
    mark = max(round(threshold * (_BAR - 1)), 1)  # a match needs room on its left
    at = min(max(round(distance * (_BAR - 1)), 0), _BAR - 1)
    if at == mark:  # rounding must not put the distance on the wrong side
        at += -1 if distance < threshold else 1
    cells = []
    for i in range(_BAR):
        inside = i < at if distance < threshold else mark < i < at
        cells.append("|" if i == mark else "o" if i == at else "=" if inside else " ")
    return f"[{''.join(cells)}]"


def _frame(frame: Mapping[str, Any], paint: Palette) -> str:
    text = f"frame {frame['n']}  "
    if not frame["face"]:
        return text + paint.bad(f"no face: {frame['reason']}")
    x, y, width, height = (round(v) for v in frame["face"][:4])
    text += f"face {width}x{height} at {x},{y}  "
    if frame["distance"] is None:
        failed = [g for g in frame["gates"] if not g["ok"]]
        numbers = "".join(f", {g['gate']} {g['measured']:.3g}" for g in failed[:1])
        return text + paint.bad(f"{frame['reason']}{numbers}")
    distance, threshold = frame["distance"], frame["threshold"]
    near = distance < threshold
    sign = paint.good("<") if near else paint.bad(">")
    drawn = (paint.good if near else paint.bad)(bar(distance, threshold))
    return f"{text}{drawn} {distance:.4f} {sign} {threshold:.4f}"


def _lock(moves: Sequence[tuple[int, float]]) -> str:
    if not moves:
        return "stayed shut"
    return ", ".join(f"{'on' if level else 'off'} at +{ms:.0f} ms" for level, ms in moves)


def _cut(text: str, width: int) -> str:
    return text if len(text) <= width else text[: width - 1] + "~"


def introduction(
    *, bundle: str, threshold: float, level: str, people: Sequence[tuple[str, Sequence[Path]]]
) -> Iterator[str]:
    """What is real here and what is not, and who is enrolled."""
    yield "A door is played on this machine. Real: both processes of the door, the network, the"
    yield "gallery, the log. Simulated: the camera (a folder of pictures) and the pins."
    yield ""
    yield f"network   {bundle}"
    yield f"level     {level}: one person if the distance is below {threshold:.4f}"
    for name, photos in people:
        names = ", ".join(photo.name for photo in photos)
        yield f"enrolled  {name}, from {len(photos)} photograph(s): {names}"
