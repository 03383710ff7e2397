"""`onelook gallery`: the people of a door, sealed for other doors; what comes of them here."""

from __future__ import annotations

import argparse
import hashlib
from collections.abc import Iterable
from pathlib import Path

from edge.cli.arguments import Commands, Parser
from edge.cli.output import note, publish
from edge.config import load_config
from edge.contract.errors import OnelookError, OutputError, UsageError

_MOST_NAME = 64


def register(commands: Commands) -> None:
    """Add what this module holds to the parser."""
    gallery = commands.add(
        "gallery",
        summary="carry people from door to door in a file that only these doors can open",
        example="onelook gallery export back.people --to back",
        run=None,
    )
    parts = Commands(gallery, title="commands")
    parts.add(
        "key",
        summary="print this door's address, for the other doors",
        example="sudo -u onelook onelook gallery key",
        run=_key,
    )
    trust = parts.add(
        "trust",
        summary="take people from another door, or list the doors that are trusted",
        example="onelook gallery trust door1-... front\n  onelook gallery trust --remove front",
        run=_trust,
    )
    trust.add_argument(
        "address", nargs="?", metavar="ADDRESS", help="as `onelook gallery key` prints it there"
    )
    trust.add_argument("name", nargs="?", metavar="NAME", help="what you call that door")
    trust.add_argument("--remove", metavar="NAME", help="take no people from that door any more")
    _register_export(parts)
    _register_incoming(parts)
    undo = parts.add(
        "undo",
        summary="go back to the people before the last import or merge",
        example="onelook gallery undo",
        run=_undo,
    )
    undo.add_argument("-y", "--yes", action="store_true", help="do not ask")


def _register_export(parts: Commands) -> None:
    export = parts.add(
        "export",
        summary="everybody who is enrolled in one file, sealed for other doors and signed",
        example="sudo -u onelook onelook gallery export /media/usb/people --to back --to garage",
        run=_export,
    )
    export.add_argument("file", type=Path, metavar="OUT", help="the file to make")
    export.add_argument(
        "--to",
        action="append",
        required=True,
        metavar="DOOR",
        help="who can open it: a name of `gallery trust`, or an address; again for more",
    )
    export.add_argument("--force", action="store_true", help="replace a file that is there")


def _register_incoming(parts: Commands) -> None:
    diff = parts.add(
        "diff",
        summary="show who differs between this door and a file, and change nothing",
        example="onelook gallery diff /media/usb/people",
        run=_diff,
    )
    import_ = parts.add(
        "import",
        summary="the people of a file in place of those who are enrolled",
        example="sudo -u onelook onelook gallery import /media/usb/people",
        run=_import,
    )
    import_.add_argument(
        "--replace", action="store_true", help="lose what was changed here and is not in the file"
    )
    merge = parts.add(
        "merge",
        summary="what is newer there, beside what is newer here; conflicts are yours to decide",
        example="onelook gallery merge /media/usb/people --keep here Ada --keep there Bea",
        run=_merge,
    )
    merge.add_argument(
        "--keep",
        action="append",
        nargs=2,
        default=[],
        metavar=("SIDE", "NAME"),
        help="whose version of somebody who was changed on both: here or there; else it is asked",
    )
    for parser in (diff, import_, merge):
        _add_file(parser)
    for parser in (import_, merge):
        parser.add_argument("-y", "--yes", action="store_true", help="do not ask before the change")


def _add_file(parser: Parser) -> None:
    parser.add_argument("file", type=Path, metavar="FILE", help="of `onelook gallery export`")
    parser.add_argument(
        "--from",
        dest="sender",
        metavar="DOOR",
        help="only if this door made it: a name of `gallery trust`, or an address",
    )


def _key(args: argparse.Namespace) -> int:
    from edge.store.addresses import find_or_make_door_key

    address = find_or_make_door_key(load_config(args.config).paths.state_dir).address
    note(f"the address of the door {address.id}; it is no secret")
    return publish(args, "gallery_key", [address.text], address=address.text, id=address.id)


def _trust(args: argparse.Namespace) -> int:
    from edge.store.addresses import find_or_make_door_key
    from edge.store.exchanged import find_door, read_doors, write_doors

    state = load_config(args.config).paths.state_dir
    doors = read_doors(state)
    if args.remove is not None:
        if args.address:
            raise UsageError("one at a time: trust a door, or remove one.", remedy="Say it twice.")
        gone = find_door(doors, args.remove)
        doors = {name: address for name, address in doors.items() if address != gone}
        write_doors(state, doors)
    elif args.address is not None:
        name = _checked(args.name, doors)
        from edge.store.addresses import read_address

        address = read_address(args.address)
        if address == find_or_make_door_key(state).address:
            raise UsageError(
                "that is this door's own address.", remedy="Give the one of the other door."
            )
        doors = {n: a for n, a in doors.items() if a != address} | {name: address}
        write_doors(state, doors)
    lines = [f"{name}\t{address.id}" for name, address in doors.items()]
    listed = [{"name": n, "id": a.id, "address": a.text} for n, a in doors.items()]
    none = ["No other door may say who comes in here."]
    return publish(args, "gallery_trust", lines or none, doors=listed)


def _checked(name: str | None, doors: Iterable[str]) -> str:
    """Raises: UsageError: no name for a door. OnelookError: another one has it."""
    if not name or not name.strip() or not name.isprintable() or len(name) > _MOST_NAME:
        raise UsageError(
            "the door needs a name.", remedy="For example: onelook gallery trust ADDRESS front"
        )
    known = [one for one in doors if one.casefold() == name.casefold()]
    if known:
        raise OnelookError(
            f"a door called {known[0]} is known already.",
            remedy=f"Take another name, or: onelook gallery trust --remove {known[0]!r}",
        )
    return name


def _export(args: argparse.Namespace) -> int:
    from edge.store.addresses import find_or_make_door_key
    from edge.store.differences import Party
    from edge.store.events import EventStore
    from edge.store.exchange import make_exchange
    from edge.store.exchanged import (
        accept_out,
        find_door,
        kept_history,
        next_serial,
        read_doors,
    )
    from edge.store.files import write_whole
    from edge.store.gallery import GalleryStore
    from edge.trusted import trusted_manifest

    config = load_config(args.config)
    state, model = config.paths.state_dir, trusted_manifest(config).manifest.model
    known = read_doors(state)
    doors = [find_door(known, name) for name in args.to]
    if args.file.exists() and not args.force:
        raise OutputError(f"{args.file}: exists.", remedy="Take another name, or add --force.")
    if not args.file.absolute().parent.is_dir():
        raise OutputError(f"{args.file}: no such folder.", remedy="Make it first.")
    key = find_or_make_door_key(state)
    with GalleryStore(state).change() as change:
        people = Party(change.gallery, kept_history(state, change.gallery, model))
        count = len(people.gallery.people)
        with EventStore(state) as events:
            serial = next_serial(events)
            data = make_exchange(people, serial, model, key, doors)
            accept_out(events, serial, hashlib.sha256(data).hexdigest(), count)
    write_whole(args.file, data)
    lines = [
        f"{count} people in {args.file}, serial {serial}, for {', '.join(args.to)}",
        "only these doors can open it; there: onelook gallery diff, then import or merge",
    ]
    return publish(
        args,
        "gallery_export",
        lines,
        file=str(args.file),
        people=count,
        serial=serial,
        model=model,
        to=[{"name": name, "id": door.id} for name, door in zip(args.to, doors, strict=True)],
    )


# What needs the network's head and the gallery is loaded by the command that needs it.
def _diff(args: argparse.Namespace) -> int:
    from edge.cli.taking import diff

    return diff(args)


def _import(args: argparse.Namespace) -> int:
    from edge.cli.taking import import_

    return import_(args)


def _merge(args: argparse.Namespace) -> int:
    from edge.cli.taking import merge

    return merge(args)


def _undo(args: argparse.Namespace) -> int:
    from edge.cli.taking import undo

    return undo(args)
