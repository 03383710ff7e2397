"""`onelook doctor`: what is wrong with this door unit, and one line for each on how to mend it."""

from __future__ import annotations

import argparse
import sys

from edge.cli.arguments import Commands
from edge.cli.output import Palette, publish
from edge.config import load_config


def register(commands: Commands) -> None:
    """Add what this module holds to the parser."""
    commands.add(
        "doctor",
        summary="find out what is wrong with this door unit; moves nothing",
        example="sudo onelook doctor",
        run=_doctor,
    )


def _doctor(args: argparse.Namespace) -> int:
    from edge.doctor import State, examine

    found = list(examine(load_config(args.config)))
    colours = Palette(sys.stdout, args.color)
    shown = {State.OK: colours.good, State.PROBLEM: colours.bad, State.UNKNOWN: colours.faint}
    lines = []
    for finding in found:
        state = shown[finding.state](f"{finding.state:<8}")
        lines.append(f"{state} {finding.name}: {finding.said}")
        if finding.fix:
            lines.append(f"{'':<8} {colours.strong(finding.fix)}")
    problems = sum(finding.state is State.PROBLEM for finding in found)
    lines.append(f"{problems} problems" if problems != 1 else "1 problem")
    return publish(
        args,
        "doctor",
        lines,
        ok=problems == 0,
        findings=[
            {"name": f.name, "state": f.state.value, "said": f.said, "fix": f.fix} for f in found
        ],
    )
