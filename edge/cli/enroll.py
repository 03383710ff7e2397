"""`onelook enroll` and `import`: people from photographs, or before the door's own camera."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from edge.cli.arguments import Commands, duration
from edge.cli.output import message, note, publish
from edge.cli.people import FEW, record
from edge.config import Config, load_config
from edge.contract.errors import DataError, MissingError, OnelookError, UsageError
from edge.contract.levels import TEMPLATES_PER_PERSON

if TYPE_CHECKING:
    from edge.cli.enrolling import Enrolment
    from edge.cli.likeness import Tried
    from edge.cli.standing import Standing


def register(commands: Commands) -> None:
    """Add what this module holds to the parser."""
    enroll = commands.add(
        "enroll",
        summary="let a person in, from photographs or before the door's camera",
        example="onelook enroll Ada ada.jpg\n  onelook enroll Ada --add ada-with-glasses.jpg\n"
        "  onelook enroll --from people/      one sub-folder per person\n"
        "  onelook enroll Ada --from photos/  one folder of one person\n"
        "  sudo onelook enroll Ada --camera   before the door that runs",
        run=_enroll,
    )
    enroll.add_argument("name", nargs="?", metavar="NAME", help="the person; shown to you only")
    enroll.add_argument("photos", nargs="*", type=Path, metavar="PHOTO", help="picture files")
    enroll.add_argument(
        "--from", dest="folder", type=Path, metavar="DIR", help="all photographs of a folder"
    )
    enroll.add_argument(
        "--camera", action="store_true", help="the door's own eye looks, in five ways"
    )
    enroll.add_argument(
        "--pause",
        type=duration,
        default=2.0,
        metavar="TIME",
        help="with --camera, to follow each line; default 2s",
    )
    enroll.add_argument("--add", action="store_true", help="more templates for a person")
    enroll.add_argument("--label", default="", metavar="TEXT", help='what differs, as "glasses"')
    import_ = commands.add(
        "import",
        summary="the people of a tutorial project's folder, or of a folder per person",
        example="onelook import application_data/ --name Ada\n  onelook import people/",
        run=_import,
    )
    import_.add_argument(
        "folder", type=Path, metavar="DIR", help="with verification_images/, or a folder each"
    )
    import_.add_argument(
        "--name", metavar="NAME", help="whose photographs lie there without a folder"
    )


def _enroll(args: argparse.Namespace) -> int:
    if args.camera:
        return _enroll_at_the_door(args)
    wanted = _wanted(args)
    from edge.cli.desk import open_desk
    from edge.cli.enrolling import Request, enrol
    from edge.cli.standing import standing
    from edge.store.gallery import GalleryStore

    config = load_config(args.config)
    desk, store = open_desk(config), GalleryStore(config.paths.state_dir)
    keep = config.privacy.keep_crops
    before = standing(config, desk.bundle.manifest, store.load())
    done: list[Enrolment] = []
    refused: list[tuple[str, OnelookError]] = []
    for name, photos in wanted:
        try:
            done.append(enrol(desk, store, Request(name, photos, args.add, args.label, keep)))
            _note(args, config, done[-1])
        except OnelookError as e:
            if len(wanted) == 1:
                raise
            refused.append((name, e))
            note(message(e, prefix=f"enroll: {name}"))
    after = standing(config, desk.bundle.manifest, store.load())
    return _publish(args, done, refused, (before, after))


def _enroll_at_the_door(args: argparse.Namespace) -> int:
    """The door's own eye looks: how it sees people is how it will see them."""
    from edge.cli.control import asked
    from edge.cli.enrolling import Request, enrol_faces, find_for
    from edge.cli.likeness import Ruler
    from edge.cli.sitting import LOOK_S, sit
    from edge.cli.standing import standing
    from edge.store.chosen import level_for
    from edge.store.gallery import GalleryStore
    from edge.trusted import trusted_manifest

    if not args.name or args.photos or args.folder:
        raise UsageError(
            "before the camera it is one person, and no photographs.",
            remedy="For example: sudo onelook enroll Ada --camera",
        )
    config = load_config(args.config)
    store, manifest = GalleryStore(config.paths.state_dir), trusted_manifest(config).manifest
    level = level_for(config.paths.state_dir, manifest, config.recognition.level)
    find_for(store.load(), args.name, add=args.add)  # quick, before a minute of looking
    before = standing(config, manifest, store.load())
    if config.privacy.keep_crops:
        note("enroll: no picture leaves the eye: for a network to come, do this once more.")
    faces = sit(partial(asked, args, wait_s=LOOK_S), note, args.pause)
    request = Request(args.name, (), args.add, args.label or "at the door")
    done = enrol_faces(store, Ruler(manifest), level, request, faces)
    _note(args, config, done)
    after = standing(config, manifest, store.load())
    return _publish(args, [done], [], (before, after))


def _note(args: argparse.Namespace, config: Config, done: Enrolment) -> None:
    record(config, "template_added" if args.add else "enrolled", done.person)
    _explain(done)


def _publish(
    args: argparse.Namespace,
    done: Sequence[Enrolment],
    refused: Sequence[tuple[str, OnelookError]],
    standings: tuple[Standing, Standing],
) -> int:
    from edge.cli.standing import change_document, change_lines

    told = [line for enrolment in done for line in _told(enrolment)]
    publish(
        args,
        "enroll",
        [*told, *(f"  {line}" for line in change_lines(*standings) if done)],
        ok=not refused,
        people=[_enrolment_document(enrolment) for enrolment in done],
        refused=[{"name": n, "code": e.code, "message": e.what} for n, e in refused],
        gallery=change_document(*standings),
    )
    return refused[0][1].exit_code if refused else 0


def _import(args: argparse.Namespace) -> int:
    """`enroll --from`, for folders as the tutorials have them."""
    inside = args.folder / "verification_images"
    args.folder = inside if inside.is_dir() else args.folder
    pickles = sorted(p for p in args.folder.rglob("*") if p.suffix in {".pkl", ".pickle", ".dat"})
    if pickles:
        raise DataError(
            f"{pickles[0]}: not read: opening a pickle runs whatever is in it.",
            why="Embeddings of another network would be of no use here, either.",
            remedy="Move it away, and enrol from the photographs.",
        )
    args.photos, args.camera, args.add, args.label = [], False, False, ""
    return _enroll(args)


def _wanted(args: argparse.Namespace) -> list[tuple[str, Sequence[Path]]]:
    """The people to enrol, each with their photographs.

    Raises:
        UsageError: the arguments do not say who, or which photographs.
        MissingError: no such folder, or no pictures in it.
    """
    if args.folder is None:
        if not args.name or not args.photos:
            raise UsageError(
                "a name and a photograph are needed." if not args.name else "no photograph given.",
                remedy="For example: onelook enroll Ada ada.jpg",
            )
        return [(args.name, args.photos)]
    if args.photos:
        raise UsageError(
            "photographs and --from were both given.",
            remedy="Enrol them one after the other, the second time with --add.",
        )
    return _wanted_from(args.folder, args.name)


def _wanted_from(folder: Path, name: str | None) -> list[tuple[str, Sequence[Path]]]:
    from edge.demo.script import folders_in, pictures_in

    if not folder.is_dir():
        raise MissingError(f"{folder}: no such folder.", remedy="Name a folder of photographs.")
    flat = pictures_in(folder)
    people = [(f.name, pictures_in(f)) for f in folders_in(folder) if pictures_in(f)]
    if not flat and not people:
        raise MissingError(
            f"{folder}: no photographs in it.", remedy="Put .jpg, .png or .webp files there."
        )
    if flat and people:
        raise UsageError(
            f"{folder} holds photographs and folders of photographs.",
            remedy="Move the photographs into the folder of their person.",
        )
    if flat and not name:
        raise UsageError(
            f"{folder} holds photographs of one person, whose name is missing.",
            remedy=f"For example: onelook enroll Ada --from {folder}",
        )
    if people and name:
        raise UsageError(
            f"{folder} holds a folder per person, which names them; {name!r} is one name too many.",
            remedy=f"Leave it out: onelook enroll --from {folder}",
        )
    return [(name, flat)] if name else list(people)


def _explain(enrolment: Enrolment) -> None:
    """The notes on photographs that were not used, or that look odd."""
    for skipped in enrolment.skipped:
        note(f"enroll: not used: {skipped.error.what}")
        for line in (skipped.error.why, skipped.error.remedy):
            if line:
                note(f"  {line}")
    for face in enrolment.known:
        note(f"enroll: {face} is enrolled already and was not stored twice.")
    for face in enrolment.left_out:
        note(f"enroll: left out: {face} shows nothing that those kept do not show better.")
    for template in enrolment.dropped:
        label = f" ({template.label})" if template.label else ""
        note(f"enroll: the photograph of {template.added[:10]}{label} made room.")
    for warning in enrolment.warnings:
        note(f"enroll: {warning}")


def _told(enrolment: Enrolment) -> Iterator[str]:
    person = enrolment.person
    yield f"enrolled {person.name}: kept {len(enrolment.kept)} of {enrolment.given}"
    if enrolment.left_out or enrolment.dropped:
        yield (
            f"  {person.name} has {TEMPLATES_PER_PERSON} templates, the most for one person: those "
            "that are farthest from each other, to be known in as many looks as possible"
        )
    yield f"  {_said(enrolment.tried)}"
    if len(person.templates) == 1:
        yield f"  {FEW}"


def _said(tried: Tried) -> str:
    own = "one photograph, so not tried against itself"
    if tried.own is not None:
        own = f"the photographs match each other at {tried.own:.4f}"
    other = "nobody else is enrolled"
    if tried.other is not None:
        other = f"the nearest other person is {tried.other[0]} at {tried.other[1]:.4f}"
    verdict = "good" if tried.good else "not far enough apart: think of more or better photographs"
    return f"{own}; {other}; the limit is {tried.limit:.4f}: {verdict}"


def _enrolment_document(enrolment: Enrolment) -> dict[str, Any]:
    return {
        "id": enrolment.person.id,
        "name": enrolment.person.name,
        "templates": len(enrolment.person.templates),
        "kept": list(enrolment.kept),
        "known": list(enrolment.known),
        "left_out": list(enrolment.left_out),
        "dropped": [
            {"source": t.source, "added": t.added, "label": t.label} for t in enrolment.dropped
        ],
        "skipped": [
            {"photo": s.told, "code": s.error.code, "message": s.error.what}
            for s in enrolment.skipped
        ],
        "warnings": list(enrolment.warnings),
        "tried": {
            "limit": enrolment.tried.limit,
            "own": enrolment.tried.own,
            "other": enrolment.tried.other,
            "good": enrolment.tried.good,
        },
    }
