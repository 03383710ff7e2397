"""`onelook backup` and `restore`: the people of a door in a file that a passphrase opens."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from edge.cli.arguments import Commands
from edge.cli.output import publish
from edge.config import load_config
from edge.contract.errors import DataError, MissingError, OutputError, UsageError

if TYPE_CHECKING:
    from edge.store.people import Gallery


def register(commands: Commands) -> None:
    """Add what this module holds to the parser."""
    backup = commands.add(
        "backup",
        summary="everybody who is enrolled in one file, under a passphrase of yours",
        example="sudo -u onelook onelook backup /media/usb/door.backup",
        run=_backup,
    )
    backup.add_argument("file", type=Path, metavar="OUT", help="the file to make")
    backup.add_argument("--force", action="store_true", help="replace a file that is there")
    restore = commands.add(
        "restore",
        summary="the people of a backup in place of those who are enrolled",
        example="sudo -u onelook onelook restore /media/usb/door.backup --dry-run",
        run=_restore,
    )
    restore.add_argument("file", type=Path, metavar="FILE", help="of `onelook backup`")
    restore.add_argument("--dry-run", action="store_true", help="say what would change, no more")
    restore.add_argument("-y", "--yes", action="store_true", help="do not ask")
    for parser in (backup, restore):
        parser.add_argument(
            "--passphrase-file", type=Path, metavar="FILE", help="else it is asked for"
        )


def _backup(args: argparse.Namespace) -> int:
    from edge.passphrase import passphrase
    from edge.store.backup import make_backup
    from edge.store.files import write_whole
    from edge.store.gallery import GalleryStore

    gallery = GalleryStore(load_config(args.config).paths.state_dir).load()
    if args.file.exists() and not args.force:
        raise OutputError(f"{args.file}: exists.", remedy="Take another name, or add --force.")
    if not args.file.absolute().parent.is_dir():
        raise OutputError(f"{args.file}: no such folder.", remedy="Make it first.")
    phrase = passphrase(args.passphrase_file, twice=True, none=False)
    write_whole(args.file, make_backup(gallery, phrase))
    people = len(gallery.people)
    lines = [
        f"{people} people in {args.file}",
        "who has the file and the passphrase has measurements of their faces: keep them apart",
    ]
    return publish(args, "backup", lines, file=str(args.file), people=people)


def _restore(args: argparse.Namespace) -> int:
    from edge.cli.people import record_word
    from edge.passphrase import passphrase
    from edge.store.backup import read_backup
    from edge.store.gallery import GalleryStore
    from edge.trusted import trusted_manifest

    config = load_config(args.config)
    model = trusted_manifest(config).manifest.model
    try:
        data = args.file.read_bytes()
    except OSError as e:
        raise MissingError(
            f"{args.file}: cannot be read ({e.strerror}).", remedy="Check the path."
        ) from e
    wanted = read_backup(data, passphrase(args.passphrase_file, twice=False, none=False))
    usable = [p for p in wanted.people if any(t.model == model for t in p.templates)]
    if wanted.people and not usable:
        raise DataError(
            f"{args.file}: of another network; nobody in it could come in.",
            remedy="Go back to its bundle with `onelook model swap`, or enrol everybody anew.",
        )
    store = GalleryStore(config.paths.state_dir)
    changes = _changes(store.load(), wanted)
    stale = [p.name for p in wanted.people if p not in usable]
    lines = [*changes, *(f"{name}: must be enrolled again for this network" for name in stale)]
    said = {"changes": changes, "must_enrol_again": stale, "people": len(wanted.people)}
    if args.dry_run:
        return publish(args, "restore", lines or ["nothing would change"], dry_run=True, **said)
    if changes and not args.yes:
        _confirm(lines)
    with store.change() as change:
        change.commit(wanted)
    record_word(config, "restored", people=len(wanted.people))
    lines.append(f"{len(wanted.people)} people may come in as the backup has them")
    return publish(args, "restore", lines, dry_run=False, **said)


def _changes(now: Gallery, wanted: Gallery) -> list[str]:
    before, after = ({p.id: p for p in gallery.people} for gallery in (now, wanted))
    gone = [f"{p.name}: may come in no more" for i, p in before.items() if i not in after]
    new = [f"{p.name}: may come in" for i, p in after.items() if i not in before]
    other = [f"{p.name}: as the backup has it" for i, p in after.items() if before.get(i, p) != p]
    return [*gone, *new, *other]


def _confirm(lines: list[str]) -> None:
    if not sys.stdin.isatty():
        raise UsageError(
            "this replaces everybody who is enrolled.",
            remedy="Look with --dry-run, then add --yes.",
        )
    print("\n".join(lines), file=sys.stderr)
    if input("Restore? [y/N] ").strip().lower() not in {"y", "yes"}:
        raise UsageError("nothing was changed.", remedy="Say yes to restore.")
