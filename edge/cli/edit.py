"""`onelook edit`: a person's name, hours and last day, off and on."""

from __future__ import annotations

import argparse
from dataclasses import replace

from edge.cli.arguments import Commands
from edge.cli.output import publish
from edge.config import load_config
from edge.contract.errors import UsageError


def register(commands: Commands) -> None:
    """Add what this module holds to the parser."""
    edit = commands.add(
        "edit",
        summary="change a person: name, hours, last day, off or on",
        example='onelook edit Ada --hours "Mo-Fr 07:00-19:00" --until 2026-12-31\n'
        "  onelook edit Ada --disable",
        run=_edit,
    )
    edit.add_argument("name", metavar="NAME", help="as `onelook list` shows it")
    edit.add_argument("--rename", metavar="NAME", help="another name; their photographs stay")
    edit.add_argument(
        "--hours", metavar="HOURS", help='as "Mo-Fr 07:00-19:00; Sa 09:00-12:30", or "always"'
    )
    edit.add_argument("--until", metavar="DATE", help='the last day, as 2026-12-31, or "always"')
    switch = edit.add_mutually_exclusive_group()
    switch.add_argument("--disable", action="store_true", help="not in for now; nothing is lost")
    switch.add_argument("--enable", action="store_true", help="in again")


def _edit(args: argparse.Namespace) -> int:
    from edge.cli.enrolling import check_free, check_name, find_person
    from edge.cli.people import person_document, record, ruled
    from edge.core.admission import ALWAYS, parse_hours, parse_until
    from edge.store.gallery import GalleryStore
    from edge.trusted import trusted_manifest

    config = load_config(args.config)
    changes: dict[str, object] = {}
    try:
        if args.hours is not None:
            parse_hours(args.hours)
            changes["hours"] = "" if args.hours == ALWAYS else args.hours
        if args.until is not None:
            changes["until"] = "" if args.until == ALWAYS else args.until
            parse_until(str(changes["until"]))
    except ValueError as e:
        raise UsageError(f"{e}.", remedy="See: onelook edit --help") from e
    if args.disable or args.enable:
        changes["disabled"] = args.disable
    if args.rename is not None:
        changes["name"] = args.rename
    if not changes:
        raise UsageError("nothing to change.", remedy="See: onelook edit --help")
    with GalleryStore(config.paths.state_dir).change() as change:
        before = find_person(change.gallery, args.name)
        if args.rename is not None:
            check_name(args.rename)
            check_free(change.gallery.without(before.id), args.rename)
        person = replace(before, **changes)
        change.commit(change.gallery.with_person(person))
    record(config, "edited", person)
    model = trusted_manifest(config).manifest.model
    lines = [f"{person.name}: {', '.join(ruled(person)) or 'in at any time'}"]
    return publish(args, "edit", lines, person=person_document(person, model))
