"""The wiring as a picture: the header as it lies, each used pin with a wire to what hangs on it."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from edge.wiring import GROUND, SUPPLY, Wire

_TOP, _STEP, _LEFT = 70, 26, 440  # of the header's first row; its distance between rows; its column
_BOX, _GAP = 330, 60
_COLOURS = ("#c0392b", "#2471a3", "#1e8449", "#b7950b", "#7d3c98", "#d35400", "#148f77", "#5d6d7e")
_STYLE = (
    "text{font:13px sans-serif;fill:#222}.small{font-size:11px;fill:#555}"
    ".pin{fill:#fff;stroke:#888}.board{fill:#eef4ee;stroke:#7a9a7a}.box{fill:#fff;stroke-width:2}"
    "path{fill:none;stroke-width:2}"
)


def draw(wires: Sequence[Wire], warnings: Sequence[str]) -> str:
    """An SVG document."""
    used = {wire.pin: wire for wire in wires}
    height = _TOP + 20 * _STEP + 40 + 20 * len(warnings)
    width = 2 * _LEFT + 60
    parts = [
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
            f'viewBox="0 0 {width} {height}" role="img">'
        ),
        "<title>onelook: what is wired to what</title>",
        f"<style>{_STYLE}</style>",
        f'<rect width="{width}" height="{height}" fill="#fff"/>',
        '<text x="20" y="30" style="font-size:18px">onelook: the 40-pin header from above</text>',
        (
            f'<rect class="board" x="{_LEFT - 40}" y="{_TOP - 24}" width="140" '
            f'height="{20 * _STEP + 24}" rx="6"/>'
        ),
    ]
    for side in (1, 0):  # odd pins on the left; wires first, so that no number is crossed out
        mine = sorted((w for w in wires if w.pin % 2 == side), key=lambda w: w.pin)
        parts += _side(mine, wires, left=side == 1)
    for pin in range(1, 41):
        x, y = _place(pin)
        known = "GND" if pin in GROUND else SUPPLY.get(pin, "")
        fill = _colour(used[pin], wires) if pin in used else "#fff"
        parts.append(f'<circle class="pin" cx="{x}" cy="{y}" r="9" style="fill:{fill}"/>')
        parts.append(
            f'<text class="small" x="{x}" y="{y + 4}" text-anchor="middle"'
            f' style="fill:{"#fff" if pin in used else "#555"}">{pin}</text>'
        )
        if known and pin not in used:
            aside = x - 16 if pin % 2 else x + 16
            anchor = "end" if pin % 2 else "start"
            parts.append(
                f'<text class="small" x="{aside}" y="{y + 4}" text-anchor="{anchor}">{known}</text>'
            )
    for number, warning in enumerate(warnings):
        y = _TOP + 20 * _STEP + 20 + 20 * number
        parts.append(f'<text x="20" y="{y}">{escape(warning)}</text>')
    return "\n".join([*parts, "</svg>"]) + "\n"


def _side(mine: Sequence[Wire], wires: Sequence[Wire], *, left: bool) -> list[str]:
    """Boxes of one side, from the top, each with its wire."""
    parts = []
    low = _TOP - 20
    for number, wire in enumerate(mine):
        x, y = _place(wire.pin)
        top = max(low, y - 24)
        low = top + _GAP
        colour = _colour(wire, wires)
        box = 10 if left else 2 * _LEFT + 50 - _BOX
        edge = box + _BOX if left else box
        # Each turns in a column of its own.
        middle = edge + (12 + 7 * (number % 6)) * (1 if left else -1)
        parts += [
            f'<path d="M{x} {y} H{middle} L{middle} {top + 24} H{edge}" style="stroke:{colour}"/>',
            (
                f'<rect class="box" x="{box}" y="{top}" width="{_BOX}" height="{_GAP - 8}" rx="5" '
                f'style="stroke:{colour}"/>'
            ),
            f'<text x="{box + 8}" y="{top + 18}">{escape(wire.what)}: {wire.line}</text>',
        ]
        said = [line for line in (_short(wire), wire.to) if line]
        parts += [
            f'<text class="small" x="{box + 8}" y="{top + 33 + 13 * row}">{escape(line)}</text>'
            for row, line in enumerate(said)
        ]
    return parts


def _short(wire: Wire) -> str:
    return "" if wire.by_way_of == "nothing" else f"by {wire.by_way_of}"


def _place(pin: int) -> tuple[int, int]:
    return _LEFT + (0 if pin % 2 else 60), _TOP + (pin - 1) // 2 * _STEP


def _colour(wire: Wire, wires: Sequence[Wire]) -> str:
    return _COLOURS[list(wires).index(wire) % len(_COLOURS)]
