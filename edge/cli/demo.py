"""`onelook demo`: the whole door, played on this machine."""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from edge.cli.arguments import Commands
from edge.cli.output import Palette, note, publish
from edge.contract.errors import UsageError

if TYPE_CHECKING:
    from edge.cli.desk import Desk
    from edge.demo.play import Played
    from edge.demo.script import Script
    from edge.demo.stage import Stage

_LAYOUTS = """\
your own pictures, --images DIR, in one of two layouts:
  DIR/ada/1.jpg, 2.jpg, ...      a folder per person: the first picture by name is enrolled,
                                 the others must open the door; pictures in DIR/strangers/ or
                                 directly in DIR are of nobody enrolled and must not
  DIR/verification_images/       enrolled: flat files are one person, sub-folders one each
  DIR/input_images/              shown to the camera, one press each; you judge the outcome

the window, --webcam N (0 is the first camera): v verify, e enrol from the picture, q quit

example:
  onelook demo
  onelook demo --images photos/ --show drawings/"""


def register(commands: Commands) -> None:
    """Add what this module holds to the parser."""
    demo = commands.add(
        "demo", summary="play the whole door on this machine", example="", run=_demo
    )
    demo.epilog = _LAYOUTS
    what = demo.add_mutually_exclusive_group()
    what.add_argument("--images", type=Path, metavar="DIR", help="play with your own pictures")
    what.add_argument("--webcam", type=int, metavar="N", help="try your own face, in a window")
    demo.add_argument(
        "--show",
        type=Path,
        nargs="?",
        const=Path("onelook-demo"),
        metavar="DIR",
        help="write every frame with what was found in it as PNG to DIR (onelook-demo)",
    )


def _demo(args: argparse.Namespace) -> int:
    if args.webcam is not None and (args.json or args.show):
        raise UsageError(
            "--webcam shows a window and goes with neither --json nor --show.",
            remedy="For these two: onelook demo --images DIR",
        )
    from edge.demo.stage import end_on_signals

    end_on_signals()
    return _play_webcam(args) if args.webcam is not None else _play_script(args)


def _play_script(args: argparse.Namespace) -> int:
    from edge.demo.play import opened_only_for_grants, play
    from edge.demo.timeline import heading, introduction, story, table

    script = _script(args)
    paint = Palette(sys.stdout, args.color)
    tell = _silence if args.json else _tell
    started = time.monotonic()
    played: list[Played] = []
    with _stage(args, script) as stage:
        desk, threshold = _enrol_all(stage, script)
        manifest = desk.bundle.manifest
        people = [(e.name, e.photos) for e in script.enrolments]
        name = f"{manifest.name}, serial {manifest.serial}, model {manifest.model}"
        tell(introduction(bundle=name, level=desk.level.name, threshold=threshold, people=people))
        for number, press in enumerate(script.presses, 1):
            tell(heading(number, press, paint))
            played.append(play(stage, press))
            tell(story(played[-1], paint))
    tell(table(played, paint))
    drawings = _drawings(args.show, played)
    followed = opened_only_for_grants(played)
    ok = followed and all(one.ok for one in played)
    return publish(
        args,
        "demo",
        _summary(played, drawings, followed=followed, seconds=time.monotonic() - started),
        ok=ok,
        network={"name": manifest.name, "serial": manifest.serial, "model": manifest.model},
        level=desk.level.name,
        threshold=threshold,
        enrolled=[{"name": n, "photos": [str(p) for p in photos]} for n, photos in people],
        presses=[one.document(number) for number, one in enumerate(played, 1)],
        opened_only_for_grants=followed,
        drawings=[str(path) for path in drawings],
    )


def _play_webcam(args: argparse.Namespace) -> int:
    from edge.cli.desk import open_desk
    from edge.config import load_config
    from edge.demo.stage import Stage
    from edge.demo.webcam import Webcam, Window, check_display, write_latest
    from edge.store.gallery import GalleryStore

    check_display()
    webcam = Webcam(args.webcam)
    try:
        settings = _settings(args, pulse="2s")
        with Stage(bundle=_own(args).bundle, settings=settings) as stage:
            write_latest(stage.camera, webcam.read())
            config = load_config(stage.config)
            store = GalleryStore(config.paths.state_dir)
            Window(stage, webcam, open_desk(config), store).run()
    finally:
        webcam.close()
    return 0


def _script(args: argparse.Namespace) -> Script:
    from edge.demo.script import read_folder, read_script
    from edge.shipped import shipped

    if args.images is not None:
        return read_folder(args.images)
    return read_script(shipped("application_data", "demo.toml"))


def _stage(args: argparse.Namespace, script: Script) -> Stage:
    from edge.demo.stage import Stage

    # Strangers come one after the other here; a lock-out is for those who do so at a real door.
    settings = _settings(args, pulse="500ms", free=len(script.presses))
    return Stage(bundle=_own(args).bundle, settings=settings)


def _settings(args: argparse.Namespace, *, pulse: str, free: int = 5) -> dict[str, dict[str, Any]]:
    return {
        "door": {"pulse": pulse},
        "button": {"gap": "200ms"},
        "lockout": {"free": min(max(free, 5), 100)},
        # A slow or busy machine is no wrong outcome.
        "recognition": {"decide_within": "10s", "allow_unsigned": _own(args).allow_unsigned},
        "trust": {"owner": _own(args).owner, "keys": _own(args).keys},
    }


@dataclass(frozen=True)
class _Own:
    """The bundle that a configuration names, if one is given, and whose signature counts there."""

    bundle: Path | None = None
    allow_unsigned: bool = False
    owner: str = ""
    keys: str = ""


def _own(args: argparse.Namespace) -> _Own:
    if args.config is None and "ONELOOK_CONFIG" not in os.environ:
        return _Own()  # the shipped one; not /etc's either: it may be closed to whoever plays
    from edge.config import load_config
    from edge.trusted import bundle_path, key_list_path

    config = load_config(args.config)
    return _Own(
        bundle_path(config).resolve(),
        config.recognition.allow_unsigned,
        config.trust.owner,
        str(key_list_path(config).resolve()),
    )


def _enrol_all(stage: Stage, script: Script) -> tuple[Desk, float]:
    """Enrol the script's people at the running door, as `onelook enroll` does.

    Returns:
        the desk, and the threshold of the gallery that came of it.
    """
    from edge.cli.desk import open_desk
    from edge.cli.enrolling import Request, enrol
    from edge.config import load_config
    from edge.door.match import Matcher
    from edge.door.people import step_for
    from edge.store.gallery import GalleryStore

    config = load_config(stage.config)
    desk, store = open_desk(config), GalleryStore(config.paths.state_dir)
    for enrolment in script.enrolments:
        request = Request(enrolment.name, enrolment.photos)
        for skipped in enrol(desk, store, request).skipped:
            note(f"enroll: not used: {skipped.error.what}")
    return desk, step_for(desk.level, Matcher(desk.bundle.manifest, store.load())).distance


def _drawings(folder: Path | None, played: list[Played]) -> list[Path]:
    if folder is None:
        return []
    from edge.demo.drawing import draw_all

    return draw_all(played, folder)


def _summary(
    played: list[Played], drawings: list[Path], *, followed: bool, seconds: float
) -> Iterable[str]:
    right = sum(one.ok for one in played)
    yield ""
    if followed:
        yield "The lock line was on after grants only, and off again after each."
    else:
        yield "WRONG: the lock line did not follow the grants."
    yield f"{right} of {len(played)} presses came out right, in {seconds:.1f} s."
    if drawings:
        yield f"Drawn: {drawings[0]} ... {drawings[-1].name} ({len(drawings)} pictures)"


def _tell(lines: Iterable[str]) -> None:
    for line in lines:
        print(line, flush=True)


def _silence(_lines: Iterable[str]) -> None:
    """With --json the one document is all that is printed."""
