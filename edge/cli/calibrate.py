"""`onelook calibrate`: what the levels do at this door, measured with presses in shadow."""

from __future__ import annotations

import argparse
import getpass
import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from edge.cli.arguments import Commands
from edge.cli.output import publish
from edge.cli.when import parse_when
from edge.config import Config, load_config
from edge.contract.errors import MissingError, OnelookError, UsageError

if TYPE_CHECKING:
    from edge.cli.standing import Standing
    from edge.cli.strangers import Strangers
    from edge.contract.manifest import Manifest
    from edge.core.trials import Trial
    from edge.report.levels import Measured
    from edge.report.shadow import Press, Shadow
    from edge.store.people import Gallery

_HOW = (
    "sudo onelook mode shadow; let Ada press ten times; onelook calibrate --who Ada; "
    "then the next one; at the end: sudo onelook mode configured"
)


def register(commands: Commands) -> None:
    """Add what this module holds to the parser."""
    calibrate = commands.add(
        "calibrate",
        summary="how often this door refuses you and opens to others, level by level",
        example="sudo onelook mode shadow          the lock stays shut; Ada presses ten times\n"
        "  sudo onelook calibrate --who Ada  those presses were hers\n"
        "  sudo onelook calibrate --strangers photographs/\n"
        "  sudo onelook calibrate --choose strict",
        run=_calibrate,
    )
    whose = calibrate.add_mutually_exclusive_group()
    whose.add_argument(
        "--who", metavar="NAME", help="the presses that are nobody's yet were this person's"
    )
    whose.add_argument(
        "--visitor", action="store_true", help="... were of one person who is not enrolled"
    )
    whose.add_argument("--discard", action="store_true", help="... are not to count")
    calibrate.add_argument(
        "--last", type=_count, metavar="N", help="instead the last N presses, whosever they were"
    )
    calibrate.add_argument(
        "--since", default="30d", metavar="WHEN", help="as `onelook events`; else 30d"
    )
    calibrate.add_argument(
        "--strangers",
        type=Path,
        metavar="DIR",
        help="photographs of people who are not enrolled; a folder in it is one person",
    )
    calibrate.add_argument(
        "--choose",
        metavar="LEVEL",
        help='take a stricter level than the configured one, or "configured"',
    )


@dataclass
class _Door:
    """What there is to measure with. `standing` is that of now."""

    config: Config
    manifest: Manifest
    gallery: Gallery
    standing: Standing
    cuts: dict[str, float] = field(init=False)

    def __post_init__(self) -> None:
        from edge.door.match import Matcher
        from edge.door.people import cuts_of

        self.cuts = cuts_of(self.manifest, Matcher(self.manifest, self.gallery))
        if self.standing.step is None:
            raise OnelookError(
                f"{self.standing.fault}.", remedy="Remove people, or swap the bundle, first."
            )


def _calibrate(args: argparse.Namespace) -> int:
    if args.last is not None and not (args.who or args.visitor or args.discard):
        raise UsageError(
            "--last says which presses, and not whose they were.",
            remedy="Add --who NAME, --visitor or --discard.",
        )
    from edge.cli.calibrated import Calibrated

    config = load_config(args.config)
    since = parse_when(args.since, datetime.now().astimezone())
    if args.choose is not None:
        _choose(config, args.choose)
    door = _open(config)
    labelled = _label(args, door, since)
    shadow = _shadow(door, since)
    strangers = _strangers(args.strangers, door) if args.strangers else None
    if not shadow.presses and strangers is None and args.choose is None:
        stale = f" ({shadow.stale} of another network, gallery or level)" if shadow.stale else ""
        raise MissingError(f"no press in shadow since then{stale}.", remedy=f"For example: {_HOW}")
    found = Calibrated(
        door.standing,
        {person.id: person.name for person in door.gallery.people},
        labelled,
        shadow,
        strangers,
        _measured(door, shadow.trials, strangers),
    )
    return publish(args, "calibrate", found.lines(), **found.document())


def _open(config: Config) -> _Door:
    from edge.cli.standing import standing
    from edge.store.gallery import GalleryStore
    from edge.trusted import trusted_manifest

    manifest = trusted_manifest(config).manifest
    gallery = GalleryStore(config.paths.state_dir).load()
    return _Door(config, manifest, gallery, standing(config, manifest, gallery))


def _choose(config: Config, name: str) -> None:
    """Set the level that counts from the next press on.

    Raises:
        OnelookError: it is no stricter than the configured one, or not for so many people.
        BundleError, StorageError, PermissionsError.
    """
    from edge.clock import boottime
    from edge.contract.in_force import is_stricter
    from edge.door.match import Matcher
    from edge.door.people import step_for
    from edge.door.press import row_of
    from edge.store.chosen import CONFIGURED, choose_level
    from edge.store.events import EventStore
    from edge.store.gallery import GalleryStore
    from edge.trusted import trusted_manifest

    manifest, configured = trusted_manifest(config).manifest, config.recognition.level
    chosen = None
    if name not in {CONFIGURED, configured}:
        level = manifest.level(name)
        if not is_stricter(level, manifest.level(configured)):
            raise OnelookError(
                f"the level {name!r} is not stricter than {configured!r}, which is configured.",
                why="A command makes a door stricter, never looser.",
                remedy="For a looser door change [recognition] level in its configuration.",
            )
        step_for(level, Matcher(manifest, GalleryStore(config.paths.state_dir).load()))
        chosen = name
    said = {"who": os.environ.get("SUDO_USER") or getpass.getuser()}
    row = {**row_of("system", "level_chosen", boottime()), **said, "to": chosen or "as configured"}
    with EventStore(config.paths.state_dir) as events:
        choose_level(events, chosen, row)


def _label(args: argparse.Namespace, door: _Door, since: str) -> list[Press]:
    """Write down whose the presses were; returns them.

    Raises:
        MissingError: no such person, or no such presses.
    """
    from edge.cli.enrolling import find_person
    from edge.cli.people import record_word
    from edge.report.shadow import LABELLED, Label, Whose, label_fields

    if args.who:
        label = Label(Whose.PERSON, find_person(door.gallery, args.who).id)
    elif args.visitor or args.discard:
        label = Label(Whose.VISITOR if args.visitor else Whose.NOBODY, "")
    else:
        return []
    shadow = _shadow(door, since)
    presses = shadow.presses[-args.last :] if args.last else shadow.unlabelled
    if not presses or (args.last and len(presses) < args.last):
        raise MissingError(
            f"there are {len(presses)} presses in shadow to be labelled.",
            remedy=f"For example: {_HOW}",
        )
    record_word(door.config, LABELLED, **label_fields(label, presses))
    return list(presses)


def _shadow(door: _Door, since: str) -> Shadow:
    from edge.report.shadow import shadow_of
    from edge.store.events import read_events

    return shadow_of(
        read_events(door.config.paths.state_dir),
        model=door.manifest.model,
        cuts=door.cuts,
        people=[person.id for person in door.gallery.people],
        since=since,
    )


def _strangers(folder: Path, door: _Door) -> Strangers:
    from edge.cli.desk import open_desk
    from edge.cli.strangers import strangers_in
    from edge.core.burst import Rule

    chosen, force = door.config.recognition, door.cuts[door.standing.level.name]
    stricter = sorted((cut, level) for level, cut in door.cuts.items() if cut <= force)
    rules = {
        level: Rule(chosen.frames, chosen.agree, cut, chosen.margin)
        for cut, level in reversed(stricter)
    }
    return strangers_in(folder, open_desk(door.config), door.gallery, rules)


def _measured(door: _Door, trials: Sequence[Trial], strangers: Strangers | None) -> list[Measured]:
    from edge.core.trials import Agreement
    from edge.report.levels import measure

    chosen = door.config.recognition
    return measure(
        trials,
        strangers.trials if strangers else (),
        cuts=door.cuts,
        in_force=door.standing.level.name,
        rule=Agreement(chosen.frames, chosen.agree),
        people=door.standing.people,
    )


def _count(text: str) -> int:
    if not text.isdecimal() or int(text) == 0:
        raise argparse.ArgumentTypeError("a whole number above 0 is needed")
    return int(text)
