"""`onelook list` and `remove`: who may come in, and what their number means."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from edge.cli.arguments import Commands
from edge.cli.output import publish
from edge.config import Config, load_config
from edge.contract.errors import OnelookError, UsageError

if TYPE_CHECKING:
    from edge.store.gallery import Person

_ERASED = (
    "  the key they were kept under is gone too; what the card keeps beneath its files cannot be "
    "read without it. Backups still have them. To be certain, destroy the card."
)
_KEY_STAYS = (
    "  the key comes from systemd and stays: older copies of the gallery can be read with it "
    "until you change it. Backups still have them."
)
FEW = "1 template: expect more refusals; add another with --add"


def register(commands: Commands) -> None:
    """Add what this module holds to the parser."""
    commands.add("list", summary="show who is enrolled", example="onelook list --json", run=_list)
    remove = commands.add(
        "remove",
        summary="take a person and all their templates away",
        example="onelook remove Ada --yes",
        run=_remove,
    )
    remove.add_argument("name", metavar="NAME", help="as `onelook list` shows it")
    remove.add_argument("-y", "--yes", action="store_true", help="do not ask")


def record(config: Config, word: str, person: Person) -> None:
    """That a person changed; by id alone, since names are for the owner's eyes, not for the log."""
    record_word(config, word, person=person.id, templates=len(person.templates))


def record_word(config: Config, word: str, **fields: object) -> None:
    """An event of the kind "people"."""
    from edge.clock import boottime
    from edge.door.press import row_of
    from edge.store.events import EventStore

    with EventStore(config.paths.state_dir) as events:
        events.record({**row_of("people", word, boottime()), **fields})


def _list(args: argparse.Namespace) -> int:
    from edge.cli.standing import standing
    from edge.store.gallery import GalleryStore
    from edge.trusted import trusted_manifest

    config = load_config(args.config)
    gallery = GalleryStore(config.paths.state_dir).load()
    people, manifest = gallery.people, trusted_manifest(config).manifest
    model, now = manifest.model, standing(config, manifest, gallery)
    listed = [line for person in people for line in _listed(person, model)]
    return publish(
        args,
        "list",
        [*listed, *now.lines()]
        if listed
        else ["Nobody is enrolled. Let a person in: onelook enroll NAME PHOTO"],
        model=model,
        people=[person_document(person, model) for person in people],
        gallery=now.document(),
    )


def _remove(args: argparse.Namespace) -> int:
    from edge.cli.enrolling import find_person
    from edge.cli.standing import change_document, change_lines, standing
    from edge.store.gallery import GalleryStore
    from edge.trusted import trusted_manifest

    config = load_config(args.config)
    store, manifest = GalleryStore(config.paths.state_dir), trusted_manifest(config).manifest
    person = find_person(store.load(), args.name)
    if not args.yes and not _confirmed(person):
        raise OnelookError(f"{person.name} stays enrolled.", remedy="Say yes to remove them.")
    with store.change() as change:
        person = find_person(change.gallery, args.name)
        before = standing(config, manifest, change.gallery)
        after = standing(config, manifest, change.gallery.without(person.id))
        fresh = change.erase(change.gallery.without(person.id))
    record(config, "removed", person)
    templates = len(person.templates)
    return publish(
        args,
        "remove",
        [
            f"removed {person.name} and {_counted(templates, 'template')}",
            _ERASED if fresh else _KEY_STAYS,
            *(f"  {line}" for line in change_lines(before, after)),
        ],
        name=person.name,
        id=person.id,
        templates=templates,
        new_key=fresh,
        gallery=change_document(before, after),
    )


def _listed(person: Person, model: str) -> Iterator[str]:
    current = [t for t in person.templates if t.model == model]
    since = min((t.added[:10] for t in person.templates), default="")
    yield f"{person.name}\t{_counted(len(current), 'template')}\tsince {since}\t{person.id}"
    if rules := ruled(person):
        yield f"  {', '.join(rules)}"
    if len(current) == 1:
        yield f"  {FEW}"
    if stale := len(person.templates) - len(current):
        yield (
            f"  {_counted(stale, 'template')} of another network, of no use with this one: "
            f"onelook enroll {person.name!r} --add PHOTO"
        )


def ruled(person: Person) -> list[str]:
    """What keeps somebody out at times, in words."""
    said = ["switched off"] if person.disabled else []
    said += [f"until {person.until}"] if person.until else []
    return [*said, person.hours] if person.hours else said


def person_document(person: Person, model: str) -> dict[str, Any]:
    """Of `onelook list` and `edit`. model: the network whose templates count."""
    return {
        "id": person.id,
        "name": person.name,
        "disabled": person.disabled,
        "until": person.until or None,
        "hours": person.hours or None,
        "usable_templates": sum(t.model == model for t in person.templates),
        "templates": [
            {"source": t.source, "model": t.model, "added": t.added, "label": t.label}
            for t in person.templates
        ],
    }


def _confirmed(person: Person) -> bool:
    """Ask at the terminal.

    Raises:
        UsageError: there is no terminal to ask at.
    """
    if not sys.stdin.isatty():
        raise UsageError(
            f"removing {person.name} needs a yes, and there is no terminal to ask at.",
            remedy=f"Say it: onelook remove {person.name!r} --yes",
        )
    sys.stderr.write(
        f"Remove {person.name} and {_counted(len(person.templates), 'template')}? [y/N] "
    )
    sys.stderr.flush()
    return sys.stdin.readline().strip().casefold() in {"y", "yes"}


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
