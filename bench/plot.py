"""Cost beside accuracy, drawn as SVG: to the left is cheap, up is right."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from bench.results import Dot

_WIDTH, _HEIGHT, _LEFT, _TOP, _BOTTOM, _GAP = 860, 380, 60, 40, 60, 70
_PANEL = (_WIDTH - 2 * _LEFT - _GAP) / 2
_OURS = "onelook"
_STYLE = (
    "text{font:12px sans-serif;fill:#222}.title{font-weight:bold}.axis{stroke:#999;fill:none}"
    ".grid{stroke:#ddd}.other{fill:#777}.ours{fill:#0a6}"
)


def plot(dots: Sequence[Dot]) -> str:
    """Two panels over one cost: View 2, and TAR at FAR 1e-4, where fast and wrong shows."""
    panels = (
        ("LFW View 2, %", lambda dot: dot.accuracy.view_2),
        ("TAR at FAR 1e-4, %", lambda dot: dot.accuracy.tar),
    )
    drawn = [
        _panel(_LEFT + i * (_PANEL + _GAP), title, dots, value)
        for i, (title, value) in enumerate(panels)
    ]
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" '
        f'aria-label="Cost of one look beside accuracy">\n<style>{_STYLE}</style>\n'
        f'<rect width="{_WIDTH}" height="{_HEIGHT}" fill="#fff"/>\n'
        + "\n".join(drawn)
        + "\n</svg>\n"
    )


def ticks(low: float, high: float) -> list[float]:
    """1, 2, 5, 10, ... of a logarithmic axis, from the last below `low` to the first above."""
    all_of = [m * 10.0**e for e in range(-2, 6) for m in (1, 2, 5)]
    first = max(t for t in all_of if t <= low)
    last = min(t for t in all_of if t >= high)
    return [t for t in all_of if first <= t <= last]


def _panel(
    left: float, title: str, dots: Sequence[Dot], value: Callable[[Dot], float | None]
) -> str:
    known = [(dot, found) for dot in dots if (found := value(dot)) is not None]
    if not known:
        return ""
    costs = ticks(min(dot.ms for dot, _ in known), max(dot.ms for dot, _ in known))
    lowest = 5.0 * math.floor((min(v for _, v in known) - 1.0) / 5.0)
    height = _HEIGHT - _TOP - _BOTTOM

    def x(ms: float) -> float:
        return left + _PANEL * math.log(ms / costs[0]) / math.log(costs[-1] / costs[0])

    def y(percent: float) -> float:
        return _TOP + height * (100.0 - percent) / (100.0 - lowest)

    parts = [f'<text class="title" x="{left:.0f}" y="{_TOP - 14}">{title}</text>']
    for ms in costs:
        parts.append(f'<path class="grid" d="M{x(ms):.1f} {_TOP}v{height}"/>')
        parts.append(
            f'<text x="{x(ms):.1f}" y="{_TOP + height + 18}" text-anchor="middle">{ms:g}</text>'
        )
    step = 5.0 if 100.0 - lowest > 10.0 else 1.0
    for i in range(int((100.0 - lowest) / step) + 1):
        percent = lowest + i * step
        at = y(percent)
        parts.append(f'<path class="grid" d="M{left:.1f} {at:.1f}h{_PANEL:.1f}"/>')
        parts.append(
            f'<text x="{left - 6:.1f}" y="{at + 4:.1f}" text-anchor="end">{percent:g}</text>'
        )
    parts.append(f'<path class="axis" d="M{left:.1f} {_TOP}v{height}h{_PANEL:.1f}"/>')
    below = _TOP + height + 40
    parts.append(
        f'<text x="{left + _PANEL / 2:.1f}" y="{below}" text-anchor="middle">'
        "ms of processor time for one look, one thread</text>"
    )
    parts += [_dot(dot, x(dot.ms), y(found), left) for dot, found in known]
    return "\n".join(parts)


def _dot(dot: Dot, x: float, y: float, left: float) -> str:
    kind = "ours" if dot.name == _OURS else "other"
    right = x > left + _PANEL * 0.6
    anchor, shift, lower = ("end", -9, -9) if right else ("start", 9, 16)
    return (
        f'<circle class="{kind}" cx="{x:.1f}" cy="{y:.1f}" r="5"/>'
        f'<text x="{x + shift:.1f}" y="{y + lower:.1f}" text-anchor="{anchor}">{dot.name}</text>'
    )
