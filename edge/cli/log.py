"""`onelook log`: whether the log is what was recorded."""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

from edge.cli.arguments import Commands
from edge.cli.output import publish
from edge.config import load_config
from edge.contract.errors import DataError, MissingError, UsageError

_WHERE = "Keep it away from the door, and not only on this machine: nobody can make it again."


def register(commands: Commands) -> None:
    """Add what this module holds to the parser."""
    log = commands.add(
        "log",
        summary="whether the log of events is what was recorded",
        example="onelook log verify --key log.key",
        run=None,
    )
    parts = Commands(log, title="commands")
    verify = parts.add(
        "verify",
        summary="find any event that was changed, moved, added or taken out",
        example="onelook log verify --key log.key",
        run=_verify,
    )
    verify.add_argument(
        "--key", type=Path, metavar="FILE", help="of `onelook log seal`: checks the seals as well"
    )
    verify.add_argument(
        "--newest", type=int, metavar="SEQ", help="of an event that you know of; else the journal's"
    )
    seal = parts.add(
        "seal",
        summary="from now on seal every event; prints the key once, which is kept nowhere here",
        example="sudo -u onelook onelook log seal > log.key",
        run=_seal,
    )
    seal.add_argument("-y", "--yes", action="store_true", help="end the seal that there is")


def _verify(args: argparse.Namespace) -> int:
    from edge.store import chain
    from edge.store.events import read_chain

    config = load_config(args.config)
    key = None if args.key is None else _read_key(args.key)
    rows = read_chain(config.paths.state_dir)
    known = args.newest if args.newest is not None else _newest_in_journal()
    try:
        found = chain.follow(rows, key)
    except chain.BrokenError as e:
        return publish(args, "log", [f"not as it was recorded: {e}"], ok=False, why=str(e))
    lines = [f"{found.rows} events, {found.first} to {found.last}: whole"]
    if key is not None:
        lines.append(f"{found.sealed} of them sealed when they were recorded")
    elif found.rows:
        lines.append("who can write the log could have made it anew: seals are checked with --key")
    cut = known is not None and known > found.last
    if cut:
        lines.append(f"events {found.last + 1} to {known} are missing at the end")
    elif known is None:
        lines.append("whether its end was cut off is not known: no journal here, see --newest")
    else:
        lines.append(f"its end is there: the newest that is known otherwise is {known}")
    return publish(
        args,
        "log",
        lines,
        ok=not cut,
        rows=found.rows,
        first=found.first,
        last=found.last,
        sealed=found.sealed if key is not None else None,
        newest_known=known,
    )


def _seal(args: argparse.Namespace) -> int:
    from edge.clock import boottime
    from edge.door.press import row_of
    from edge.store import chain
    from edge.store.events import EventStore, read_chain

    state = load_config(args.config).paths.state_dir
    if chain.seals_of(read_chain(state)) and not args.yes:
        raise UsageError(
            "the log is sealed already.",
            why="A new key seals what comes; what was is still checked with the old one.",
            remedy="If that is what you want: onelook log seal --yes",
        )
    with EventStore(state) as events:
        key = events.start_seal(row_of("system", chain.SEALED, boottime())).hex()
    return publish(args, "log", [key], key=key, remedy=_WHERE)


def _read_key(path: Path) -> bytes:
    from edge.store import chain

    try:
        key = bytes.fromhex(path.read_text(encoding="ascii").strip())
    except FileNotFoundError as e:
        raise MissingError(f"{path}: not there.", remedy="Name the file of the key.") from e
    except (OSError, ValueError) as e:
        raise DataError(f"{path}: no key of the log.", remedy="See: onelook log seal") from e
    if len(key) != chain.KEY_BYTES:
        raise DataError(f"{path}: no key of the log.", remedy="See: onelook log seal")
    return key


def _newest_in_journal() -> int | None:
    """The highest seq that the journal was told; None if it was told none, or there is none."""
    if shutil.which("journalctl") is None:
        return None
    command = ["journalctl", "--identifier=onelook", "--reverse", "--lines=500", "--output=json"]
    done = subprocess.run(
        [*command, "--output-fields=ONELOOK_SEQ"], capture_output=True, text=True, check=False
    )
    told = [seq for line in done.stdout.splitlines() if (seq := _seq(line)) is not None]
    return max(told, default=None)


def _seq(line: str) -> int | None:
    try:
        found: dict[str, Any] = json.loads(line)
        return int(found["ONELOOK_SEQ"])
    except (ValueError, KeyError, TypeError):
        return None
