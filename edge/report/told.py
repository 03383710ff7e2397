"""A report as text for a terminal, or as one page for a browser."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from html import escape
from typing import Any

from edge.contract.reasons import Reason

_BAR = 30
_SPARE = 16  # beside the columns, for the labels of the first and the last
_COLOURS = {"granted": "#2a7f4f", "refused": "#b5483a", "light": "#c9922b"}
_STYLE = """
:root { color-scheme: light dark; }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 52rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.6rem; } h2 { font-size: 1.1rem; margin-top: 2rem; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .2rem 1rem; }
dt { font-weight: 600; } dd { margin: 0; }
svg { width: 100%; height: auto; } text { font: 11px system-ui, sans-serif; fill: currentColor; }
li { margin: .3rem 0; }
"""


def lines(found: Mapping[str, Any]) -> Iterator[str]:
    """For a terminal, 80 columns."""
    yield from (f"{name:<10}{text}" for name, text in _summary(found))
    if found["reasons"]:
        yield ""
        most = max(found["reasons"].values())
        for word, count in found["reasons"].items():
            yield f"  {word:<16}{count:>6}  {'#' * max(1, round(_BAR * count / most))}"
    if found["suggestions"]:
        yield ""
        yield from (f"- {text}" for text in found["suggestions"])


def page(found: Mapping[str, Any]) -> str:
    """One HTML page that needs nothing else."""
    summary = "".join(f"<dt>{escape(n)}</dt><dd>{escape(t)}</dd>" for n, t in _summary(found))
    days, reasons = found["by_day"], found["reasons"]
    stacked = [(day[5:], counts) for day, counts in days.items()]
    hours = [
        (str(hour), [count - dark, 0, dark])
        for hour, (count, dark) in enumerate(
            zip(found["by_hour"], found["light_by_hour"], strict=True)
        )
    ]
    of_reasons = [
        (word, [count, 0] if word == Reason.GRANTED.value else [0, count])
        for word, count in reasons.items()
    ]
    advice = "".join(f"<li>{escape(text)}</li>" for text in found["suggestions"])
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width">'
        f"<title>Your door, your numbers</title><style>{_STYLE}</style></head><body>"
        f"<h1>Your door, your numbers</h1><dl>{summary}</dl>"
        f"<h2>Presses a day</h2>{_columns(stacked)}"
        f"<h2>How they ended</h2>{_bars(of_reasons)}"
        f"<h2>Over the day</h2><p>The yellow top of a column: too dark or too bright.</p>"
        f"{_columns(hours)}"
        f"<h2>What to do</h2><ul>{advice or '<li>Nothing.</li>'}</ul>"
        "</body></html>\n"
    )


def _summary(found: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    yield "period", f"{(found['from'] or '-')[:10]} to {(found['to'] or '-')[:10]}"
    yield "presses", f"{found['presses']}, of which {found['granted']} opened"
    yield "residents", f"{found['residents_refused']} refused presses were let in within a minute"
    if found["ms"]["p50"] is not None:
        yield "waiting", f"half within {found['ms']['p50']} ms, 95 % within {found['ms']['p95']} ms"
    yield "near", f"{found['near_misses']} refused presses came near to somebody enrolled"
    if found["happenings"]:
        told = ", ".join(f"{count} {word}" for word, count in found["happenings"].items())
        yield "the door", told
    if found["clock_unknown"]:
        yield "dates", f"{found['clock_unknown']} events at a time that no time server confirmed"


def _columns(rows: Sequence[tuple[str, Sequence[int]]]) -> str:
    """Stacked columns with a label each; of many labels some."""
    width, height, foot = 720, 140, 18
    most = max((sum(parts) for _, parts in rows), default=0) or 1
    step = (width - 2 * _SPARE) / max(len(rows), 1)
    drawn = [f'<text x="0" y="10">{most}</text>']
    for n, (label, parts) in enumerate(rows):
        left, top = _SPARE + n * step, float(height)
        for part, colour in zip(parts, _COLOURS.values(), strict=False):
            tall = (height - 14) * part / most
            top -= tall
            drawn.append(
                f'<rect x="{left + step * 0.1:.1f}" y="{top:.1f}" width="{step * 0.8:.1f}" '
                f'height="{tall:.1f}" fill="{colour}"/>'
            )
        if n % max(1, len(rows) // 12) == 0:
            middle = left + step / 2
            drawn.append(
                f'<text x="{middle:.1f}" y="{height + foot - 4}" text-anchor="middle">'
                f"{escape(label)}</text>"
            )
    return _svg(width, height + foot, drawn)


def _bars(rows: Sequence[tuple[str, Sequence[int]]]) -> str:
    width, row, name = 720, 22, 130
    most = max((sum(parts) for _, parts in rows), default=0) or 1
    drawn = []
    for n, (label, parts) in enumerate(rows):
        y = n * row
        drawn.append(f'<text x="0" y="{y + 15}">{escape(label)}</text>')
        long = (width - name - 50) * sum(parts) / most
        colour = _COLOURS["granted" if parts[0] else "refused"]
        drawn.append(
            f'<rect x="{name}" y="{y + 3}" width="{long:.1f}" height="{row - 6}" fill="{colour}"/>'
            f'<text x="{name + long + 6:.1f}" y="{y + 15}">{sum(parts)}</text>'
        )
    return _svg(width, max(1, len(rows)) * row, drawn)


def _svg(width: int, height: int, drawn: Sequence[str]) -> str:
    return f'<svg viewBox="0 0 {width} {height}" role="img">{"".join(drawn)}</svg>'
