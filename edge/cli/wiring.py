"""`onelook wiring`: what this configuration needs to be wired to what, in words or as a drawing."""

from __future__ import annotations

import argparse
from pathlib import Path

from edge.cli.arguments import Commands
from edge.cli.output import publish
from edge.config import load_config
from edge.contract.errors import OutputError


def register(commands: Commands) -> None:
    """Add what this module holds to the parser."""
    wiring = commands.add(
        "wiring",
        summary="what is wired to what, for this configuration",
        example="onelook wiring --svg wiring.svg",
        run=_wiring,
    )
    wiring.add_argument("--svg", type=Path, metavar="FILE", help="a drawing, for a browser")


def _wiring(args: argparse.Namespace) -> int:
    from edge.wiring import warnings, wires

    config = load_config(args.config)
    found, said = wires(config), warnings(config)
    lines = []
    for wire in found:
        way = "" if wire.by_way_of == "nothing" else f" by way of {wire.by_way_of}"
        lines.append(f"{wire.line:<7} pin {wire.pin:>2}  {wire.what}:{way} to {wire.to}")
    lines += ["ground  pins 6, 9, 14, 20, 25, 30, 34, 39", "", *said]
    if args.svg is not None:
        from edge.wiring.drawing import draw

        try:
            args.svg.write_text(draw(found, said), encoding="utf-8")
        except OSError as e:
            raise OutputError(
                f"{args.svg}: cannot be written ({e.strerror}).", remedy="Check the path."
            ) from e
        lines.append(f"drawn: {args.svg}")
    return publish(
        args,
        "wiring",
        lines,
        wires=[
            {"line": w.line, "pin": w.pin, "what": w.what, "by": w.by_way_of, "to": w.to}
            for w in found
        ],
        warnings=said,
    )
