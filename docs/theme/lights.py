"""The drawings of the card of lights, from the patterns that the door shows.

`python docs/theme/lights.py` writes docs/lights/*.svg; a test compares them. Each shows the lamps
as they blink (on a screen) and four seconds of them from left to right (on paper as well).
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

FOLDER = Path(__file__).resolve().parents[1] / "lights"
sys.path.insert(0, str(FOLDER.parents[1]))  # a script's own folder stands there instead

from edge.core.lights import Lamp, Pattern, Show  # noqa: E402 - after the path

SHOWN_S = 4.0
_COLOURS = {
    Lamp.WHITE: "#fffbe8",
    Lamp.GREEN: "#35d07f",
    Lamp.RED: "#ff5a4d",
    Lamp.BUZZER: "#9db4c0",
}
_WIDTH, _ROW, _TOP, _LEFT, _RIGHT = 280, 14, 5, 34, 272
_STYLE = (
    "rect.box{fill:#1d272d}.off{fill:#39464e}.tick{stroke:#4a5963;stroke-width:.7}"
    "text{font:8px sans-serif;fill:#8fa1ab}"
    "@media(prefers-reduced-motion:reduce){circle{animation:none!important}}"
    "@media print{circle{animation:none!important}}"
)


def drawn(show: Show) -> str:
    """An SVG document."""
    pattern = show.value
    lamps = list(Lamp)
    height = _TOP * 2 + _ROW * len(lamps) + 8
    parts = [
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" '
            f'width="{_WIDTH}" height="{height}" role="img">'
        ),
        f"<title>{_words(show)}</title>",
        f"<style>{_STYLE}{''.join(_blinking(lamp, pattern) for lamp in pattern.steps)}</style>",
        f'<rect class="box" width="{_WIDTH}" height="{height}" rx="8"/>',
    ]
    foot = _TOP + _ROW * len(lamps)
    for second in range(round(SHOWN_S) + 1):
        x = _x(second)
        parts.append(f'<path class="tick" d="M{x} {_TOP}V{foot}"/>')
        parts.append(f'<text x="{x}" y="{foot + 9}" text-anchor="middle">{second}</text>')
    for row, lamp in enumerate(lamps):
        parts += _row(lamp, pattern, _TOP + _ROW * row + _ROW / 2)
    return "\n".join([*parts, "</svg>"]) + "\n"


def spans(lamp: Lamp, pattern: Pattern) -> Iterator[tuple[float, float]]:
    """When the lamp is lit within the seconds that are shown: from, to."""
    at, steps = 0.0, pattern.steps.get(lamp, ())
    while steps and at < SHOWN_S:
        for lit, seconds in steps:
            if lit and at < SHOWN_S:
                yield at, min(at + seconds, SHOWN_S)
            at += seconds
        if not pattern.repeat:
            return


def _row(lamp: Lamp, pattern: Pattern, y: float) -> Iterator[str]:
    used = lamp in pattern.steps
    name = f' id="{lamp.value}"' if used else ""
    if lamp is Lamp.BUZZER:  # heard, not seen: a note
        fill = _COLOURS[lamp] if used else "#39464e"
        yield f'<path fill="{fill}" d="M11 {y - 2}h3l4-3.5v11l-4-3.5h-3z"/>'
    else:
        yield f'<circle class="off" cx="15" cy="{y}" r="5.2"/>'
        if used:
            yield f'<circle{name} cx="15" cy="{y}" r="5.2" fill="{_COLOURS[lamp]}"/>'
    yield (
        f'<rect class="off" x="{_LEFT}" y="{y - 1}" width="{_RIGHT - _LEFT}" height="2" rx="1"/>'
    )
    for start, end in spans(lamp, pattern):
        width = max(_x(end) - _x(start), 1.5)
        yield (
            f'<rect x="{_x(start)}" y="{y - 4.5}" width="{width:.1f}" height="9" rx="2" '
            f'fill="{_COLOURS[lamp]}"/>'
        )


def _blinking(lamp: Lamp, pattern: Pattern) -> str:
    """The lamp's own light as an animation of the same four seconds."""
    if lamp is Lamp.BUZZER:
        return ""
    changes = [(0.0, 0)]
    for start, end in spans(lamp, pattern):
        changes += [(start, 1), (end, 0)]
    frames = "".join(
        f"{100 * at / SHOWN_S:.4g}%{{opacity:{lit}}}" for at, lit in changes if at < SHOWN_S
    )
    return (
        f"@keyframes {lamp.value}{{{frames}}}"
        f"#{lamp.value}{{animation:{lamp.value} {SHOWN_S:g}s steps(1) infinite}}"
    )


def _x(second: float) -> float:
    return round(_LEFT + (_RIGHT - _LEFT) * second / SHOWN_S, 1)


def _words(show: Show) -> str:
    return f"what the lamps do: {show.name.lower().replace('_', ' ')}"


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for one in Show:
        (FOLDER / f"{one.name.lower()}.svg").write_text(drawn(one), encoding="utf-8")
