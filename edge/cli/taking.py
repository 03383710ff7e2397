"""`onelook gallery diff`, `import`, `merge` and `undo`: what comes of another door's people."""

from __future__ import annotations

import argparse
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from edge.cli.deciding import decided
from edge.cli.differing import NEW, NO_MORE, TAKEN, outcome, told
from edge.cli.differing import lines as lines_of
from edge.cli.meeting import Meeting, meet
from edge.cli.output import publish
from edge.cli.people import record_word
from edge.cli.settling import refuse_unsafe
from edge.cli.standing import change_document, change_lines, standing
from edge.config import load_config
from edge.contract.errors import BusyError, MissingError, OnelookError, UsageError
from edge.store.differences import NEWER_HERE, Choose, How, Party, Side, settled
from edge.store.events import EventStore
from edge.store.exchanged import (
    Exchanged,
    Undo,
    accept_from,
    commit_exchanged,
    read_exchanged,
    require_no_older,
    write_exchanged,
)
from edge.store.gallery import GalleryStore
from edge.store.lineage import digest_of
from edge.store.people import Gallery
from edge.trusted import trusted_manifest


def diff(args: argparse.Namespace) -> int:
    """`onelook gallery diff`."""
    met = meet(args)
    differ = [one for one in met.found if one.how is not How.SAME]
    lines = [told(one) for one in differ] or [f"the same people here and at {met.sender}"]
    conflicts = sum(one.how is How.BOTH for one in differ)
    return publish(args, "gallery_diff", lines, **met.document, conflicts=conflicts)


def import_(args: argparse.Namespace) -> int:
    """`onelook gallery import`."""
    met = meet(args)
    if not args.replace:
        _refuse_loss(met, args.file)
    taken = _take(args, met, lambda _: Side.THERE)
    return publish(args, "gallery_import", taken.lines, **taken.document)


def merge(args: argparse.Namespace) -> int:
    """`onelook gallery merge`."""
    met = meet(args)
    taken = _take(args, met, decided(met.found, args.keep, args.file))
    return publish(args, "gallery_merge", taken.lines, **taken.document)


def undo(args: argparse.Namespace) -> int:
    """`onelook gallery undo`."""
    config = load_config(args.config)
    state_dir, manifest = config.paths.state_dir, trusted_manifest(config).manifest
    store = GalleryStore(state_dir)
    now, before = store.load(), store.before()
    last = read_exchanged(state_dir, now).undo
    if last is None:
        raise MissingError("no import to undo.", remedy="See: onelook events")
    if digest_of(now) == last.before:
        raise OnelookError(
            "the people are those before the last import already: nothing to undo.",
            remedy="See: onelook list",
        )
    if before is None or (digest_of(before), digest_of(now)) != (last.before, last.after):
        raise OnelookError(
            "the people were changed since the last import.",
            why="Those before it are kept until the next change, no longer.",
            remedy="Change them as you want them, or: onelook restore BACKUP",
        )
    lines = _changes(now, before)
    if not args.yes:
        _confirm(lines)
    with store.change() as change:
        _require_unchanged(change.gallery, now)
        state = read_exchanged(state_dir, now)
        # The history as if the import had not been; the digests keep this from being twice.
        then = replace(state, history=last.history)
        commit_exchanged(change, state_dir, before, state, then)
    record_word(config, "gallery_undone", people=len(before.people))
    both = standing(config, manifest, now), standing(config, manifest, before)
    return publish(
        args,
        "gallery_undo",
        [*lines, f"{len(before.people)} people may come in, as before", *change_lines(*both)],
        changes=lines,
        people=len(before.people),
        gallery=change_document(*both),
    )


@dataclass(frozen=True)
class _Taken:
    lines: list[str]
    document: dict[str, Any]


def _take(args: argparse.Namespace, met: Meeting, choose: Choose) -> _Taken:
    """Settle it, and put what comes of it on the disk as one generation."""
    after = settled(met.found, choose, met.model)
    before_then = (
        standing(met.config, met.manifest, met.gallery),
        standing(met.config, met.manifest, after.gallery),
    )
    refuse_unsafe(met.manifest, met.gallery, after.gallery, before_then[1])
    lines = list(lines_of(met.found, after.gallery))
    changed = after.gallery != met.gallery
    if changed and not args.yes:
        _confirm(lines)
    _commit(met, after)
    stale = [p.name for p in after.gallery.people if all(t.model != met.model for t in p.templates)]
    said = [
        *(lines or [f"the same people here and at {met.sender}: nothing to change"]),
        *(f"{name}: must be enrolled again for this network" for name in stale),
        *(["to go back: onelook gallery undo"] if changed else []),
        *change_lines(*before_then),
    ]
    document = {
        **met.document,
        "changed": changed,
        **_counts(met, after.gallery),
        "must_enrol_again": stale,
        "gallery": change_document(*before_then),
    }
    return _Taken(said, document)


def _counts(met: Meeting, after: Gallery) -> dict[str, int]:
    results = [outcome(one, after) for one in met.found]
    return {
        "may_come_in": results.count(NEW),
        "taken": results.count(TAKEN),
        "no_more": results.count(NO_MORE),
    }


def _commit(met: Meeting, after: Party) -> None:
    """The gallery with its history, then that it was taken; each whole or not there.

    Cut off in between, the same file may come again, and then changes nobody.
    """
    state_dir, sender = met.config.paths.state_dir, met.exchange.sender
    taken = (sender, met.exchange.serial, met.digest)
    with GalleryStore(state_dir).change() as change:
        now = change.gallery, read_exchanged(state_dir, change.gallery)
        _require_unchanged(now, (met.gallery, met.state))
        require_no_older(state_dir, *taken)
        if after.gallery == met.gallery:
            write_exchanged(state_dir, replace(met.state, history=after.history))
        else:
            digests = digest_of(met.gallery), digest_of(after.gallery)
            then = Exchanged(after.history, Undo(*digests, met.state.history))
            commit_exchanged(change, state_dir, after.gallery, met.state, then)
        with EventStore(state_dir) as events:
            accept_from(events, *taken, len(after.gallery.people))


def _refuse_loss(met: Meeting, file: Path) -> None:
    """Raises: OnelookError: somebody was changed here, of which the file does not know."""
    lost = [one for one in met.found if one.how in NEWER_HERE or one.how is How.BOTH]
    if lost:
        raise OnelookError(
            f"this door has changes that the file does not know, and an import would lose them: "
            f"{', '.join(one.name for one in lost)}.",
            why="\n".join(told(one) for one in lost),
            remedy=f"Keep them: onelook gallery merge {file}; or lose them: add --replace.",
        )


def _require_unchanged(now: object, before: object) -> None:
    """Raises: BusyError: another process was quicker."""
    if now != before:
        raise BusyError(
            "somebody was enrolled or changed meanwhile.",
            remedy="Nothing was changed: say it again.",
        )


def _changes(now: Gallery, after: Gallery) -> list[str]:
    mine, theirs = ({p.id: p for p in gallery.people} for gallery in (now, after))
    gone = [f"{p.name}: may come in no more" for i, p in mine.items() if i not in theirs]
    new = [f"{p.name}: may come in" for i, p in theirs.items() if i not in mine]
    other = [f"{p.name}: as before" for i, p in theirs.items() if mine.get(i, p) != p]
    return [*gone, *new, *other]


def _confirm(lines: list[str]) -> None:
    """Raises: UsageError: no terminal to ask at, or the answer was no."""
    if not sys.stdin.isatty():
        raise UsageError(
            "this changes who may come in, and there is no terminal to ask at.",
            why="\n".join(lines),
            remedy="Read who that is, then say it with --yes.",
        )
    print("\n".join(lines), file=sys.stderr)
    sys.stderr.write("Change it? [y/N] ")
    sys.stderr.flush()
    if sys.stdin.readline().strip().casefold() not in {"y", "yes"}:
        raise UsageError("nothing was changed.", remedy="Say yes to change it.")
