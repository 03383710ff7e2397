"""`onelook report`: your door, your numbers."""

from __future__ import annotations

import argparse
from datetime import datetime
from pathlib import Path

from edge.cli.arguments import Commands
from edge.cli.output import publish
from edge.cli.when import parse_when
from edge.config import load_config
from edge.contract.errors import OutputError


def register(commands: Commands) -> None:
    """Add what this module holds to the parser."""
    report = commands.add(
        "report",
        summary="how the door did: outcomes, waiting, near misses, and what would help",
        example="onelook report --since 30d\n  onelook report --html door.html",
        run=_report,
    )
    report.add_argument(
        "--since", default="30d", metavar="WHEN", help="as `onelook events`; else 30d"
    )
    report.add_argument("--html", type=Path, metavar="FILE", help="a page for a browser")


def _report(args: argparse.Namespace) -> int:
    from edge.report.figures import figures
    from edge.report.told import lines, page
    from edge.store.events import read_events

    since = parse_when(args.since, datetime.now().astimezone())
    rows = read_events(load_config(args.config).paths.state_dir)
    found = figures(entry for _, entry in rows if entry.get("time", "") >= since)
    if args.html is not None:
        try:
            args.html.write_text(page(found), encoding="utf-8")
        except OSError as e:
            raise OutputError(
                f"{args.html}: cannot be written ({e.strerror}).", remedy="Take another path."
            ) from e
        return publish(args, "report", [f"written: {args.html}"], **found, html=str(args.html))
    return publish(args, "report", lines(found), **found)
