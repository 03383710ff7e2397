"""`onelook events` and `explain`: what happened at the door, and why."""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Iterator, Mapping
from datetime import datetime
from itertools import islice
from typing import Any

from edge.cli.arguments import Commands
from edge.cli.output import Palette, publish
from edge.cli.when import local, parse_when
from edge.config import load_config
from edge.contract.errors import MissingError, UsageError
from edge.messages import IDS
from edge.tell.document import document, names_of

_LOOK_AGAIN_S = 0.3
_GATES = {
    "eyes_px": "the eyes are {measured:.0f} px apart, at least {low:.0f} are needed",
    "face_light_255": "the light on the face is {measured:.0f}, {low:.0f} to {high:.0f} is needed",
}
_NEARNESS = {
    "above": "near enough to an enrolled person",
    "near": "like an enrolled person, and not enough so",
    "far": "like nobody who is enrolled",
}

Entry = Mapping[str, Any]


def register(commands: Commands) -> None:
    """Add what this module holds to the parser."""
    events = commands.add(
        "events",
        summary="what happened at the door, the newest last",
        example="onelook events --since yesterday --reason not_recognised\n"
        "  onelook events -n 20 -f          the last 20, and what comes",
        run=_events,
    )
    events.add_argument("--since", metavar="WHEN", help='as "today", "2h", "2026-11-27 18:00"')
    events.add_argument("--until", metavar="WHEN", help="likewise")
    events.add_argument("--reason", metavar="WORD", action="append", help="only this; repeatable")
    events.add_argument("--person", metavar="NAME", help="only who was let in under this name")
    events.add_argument("-n", dest="last", type=_count, metavar="N", help="only the last N")
    events.add_argument("-f", "--follow", action="store_true", help="wait for more")
    explain = commands.add(
        "explain",
        summary="why the door did what it did: one event, frame by frame",
        example="onelook explain last\n  onelook explain e-12",
        run=_explain,
    )
    explain.add_argument("event", metavar="EVENT", help='"last", or as `onelook events` shows it')


def _events(args: argparse.Namespace) -> int:
    config = load_config(args.config)
    wanted, names = _wanted(args), names_of(config.paths.state_dir)
    from edge.store.events import newest_events, read_events

    state_dir = config.paths.state_dir
    newest, _ = next(newest_events(state_dir), (0, {}))
    kept = ((seq, entry) for seq, entry in newest_events(state_dir) if wanted(entry, names))
    rows = list(islice(kept, args.last))[::-1]
    found = [document(seq, entry, names) for seq, entry in rows if seq <= newest]
    paint = Palette(sys.stdout, args.color)
    if not args.follow:
        lines = [_line(told, paint) for told in found] or ["nothing of that kind yet"]
        return publish(args, "events", lines, events=found)
    while True:
        for told in found:
            text = json.dumps(told, ensure_ascii=False) if args.json else _line(told, paint)
            print(text, flush=True)
        time.sleep(_LOOK_AGAIN_S)
        rows = read_events(state_dir, after=newest)
        newest = rows[-1][0] if rows else newest
        names = names_of(state_dir) if rows else names
        found = [document(seq, e, names) for seq, e in rows if wanted(e, names)]


def _explain(args: argparse.Namespace) -> int:
    config = load_config(args.config)
    from edge.store.events import newest_events

    last = args.event == "last"
    found = (
        (seq, entry)
        for seq, entry in newest_events(config.paths.state_dir)
        if (entry["kind"] == "decision" if last else f"e-{seq}" == args.event)
    )
    row = next(found, None)
    if row is None:
        raise MissingError(f"no event {args.event}.", remedy="See: onelook events")
    told = document(*row, names_of(config.paths.state_dir))
    return publish(args, "explain", _reasons(told), event=told)


def _wanted(args: argparse.Namespace) -> Any:  # noqa: ANN401 - a function of an entry and the names
    now = datetime.now().astimezone()
    since = parse_when(args.since, now) if args.since else ""
    until = parse_when(args.until, now) if args.until else "~"  # behind every digit
    words = set(args.reason or ())
    if unknown := words - IDS.keys():
        raise UsageError(f"no event is called {min(unknown)}.", remedy=f"Words: {', '.join(IDS)}")

    def wanted(entry: Entry, names: Mapping[str, str]) -> bool:
        who = entry.get("person")
        return (
            since <= entry.get("time", "") < until
            and (not words or entry["reason"] in words)
            and (args.person is None or args.person in {who, names.get(who or "")})
        )

    return wanted


def _line(told: Entry, paint: Palette) -> str:
    word = f"{told['reason']:<16}"
    mark = {"grant": paint.good, "refuse": paint.bad}.get(told["result"], paint.faint)
    doubt = "" if told.get("clock") == "trusted" else "?"
    who = told["person"]
    name = (who["name"] or who["id"]) if who else ""
    return f"{local(told['time'])}{doubt:<1}  {mark(word)}  {told['event']:<8} {name}".rstrip()


def _reasons(told: Entry) -> Iterator[str]:
    """Everything that led to it, for people."""
    who = told["person"]
    name = f", {who['name'] or who['id']}" if who else ""
    yield f"{told['event']}, {local(told['time'])}: {told['reason']}{name}"
    if told.get("clock") != "trusted":
        yield "  (the clock was not set by a time server: the date may be off)"
    if ms := told.get("ms"):
        yield (
            f"  looked at {len(told['frames'])} frames in {ms['total']} ms: "
            f"camera {ms['capture']}, finding the face {ms['locate']}, network {ms['embed']}"
        )
    for frame in told.get("frames", ()):
        said = [_gate(gate) for gate in frame["gates"]]
        if frame["band"]:
            said.append(_NEARNESS[frame["band"]])
        yield f"  frame {frame['n']}: {'; '.join([frame['reason'] or 'usable', *said])}"
    if told["kind"] == "decision" and told["mode"] != "normal":
        yield f"  the door is in mode {told['mode']}"
    yield f"  what to do: {told['remedy']}"


def _gate(gate: Entry) -> str:
    low, high = gate["needed"]
    form = _GATES.get(gate["gate"], "{gate} is {measured:.3g}, {low:.3g} to {high:.3g} is needed")
    return form.format(gate=gate["gate"], measured=gate["measured"], low=low, high=high)


def _count(text: str) -> int:
    if not text.isdecimal() or int(text) == 0:
        raise argparse.ArgumentTypeError("a whole number above 0 is needed")
    return int(text)
