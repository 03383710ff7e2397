"""The commands `python -m train locate ...`."""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from edge.contract.bundle import load_bundle
from edge.contract.errors import DataError, UsageError
from edge.contract.face import Face
from edge.contract.gates import Limits
from edge.contract.locate import FRAME
from edge.contract.reasons import Reason
from edge.contract.signing import UNCHECKED
from train.data import load_faces, photographs
from train.files import write_text
from train.locate import gates
from train.locate.agreed import Seconds, agreed_scenes, ways_of_scenes
from train.locate.compose import Composer
from train.locate.evaluate import cost, evaluate, told
from train.locate.fit import Finder, Pointer, fit
from train.locate.label import cutouts
from train.locate.lessons import FrameLessons, PatchLessons
from train.locate.network import build_finder, build_pointer
from train.locate.networks import FILE, FINDER, POINTER, float_finder, load_locator
from train.locate.scenes import Scene, read_scenes, split_scenes
from train.progress import watched
from train.runs import Run, load_network

_PARTS = {FINDER: (build_finder, Finder), POINTER: (build_pointer, Pointer)}


def fit_command(args: argparse.Namespace) -> int:
    """`python -m train locate fit`."""
    config = {
        "command": "locate fit",
        "scenes": [path.name for path in args.scenes],
        "crops": [path.name for path in args.crops],
        "teacher_sha256": hashlib.sha256(args.teacher.read_bytes()).hexdigest(),
        **{
            name: getattr(args, name)
            for name in ("batch", "epochs", "pictures", "rate", "seed", "steps")
        },
    }
    if args.begin_with:
        config["begun_with"] = args.begin_with.name
    run = Run(args.out / args.part, config, resume=args.resume, model=FILE)
    # The pointer learns from what the finder of its own run hands over.
    finder = load_network(args.out / FINDER / FILE) if args.part == POINTER else None
    scenes = _scenes(args.scenes)
    seconds = Seconds(*args.points_by) if args.points_by else None
    if seconds:
        scenes = agreed_scenes(scenes, seconds, None)
    scenes, _ = split_scenes(scenes)
    crops = cutouts(load_faces(args.crops).crops, args.teacher, seconds)
    composer = Composer(scenes, crops, FRAME)
    how = {"batch": args.batch, "steps": args.steps, "seed": args.seed}
    if finder is None:
        lessons = FrameLessons(composer, **how)
    else:
        lessons = PatchLessons(composer, float_finder(finder), pictures=args.pictures, **how)
    build, trainer = _PARTS[args.part]
    keras.utils.set_random_seed(args.seed)
    network = build()
    kept = args.out / args.part / FILE
    if args.resume and kept.is_file():
        network = load_network(kept)
    elif args.begin_with:
        begun = args.begin_with / args.part / FILE
        try:
            network.set_weights(load_network(begun).get_weights())
        except ValueError as e:
            raise UsageError(
                f"{begun}: not a {args.part} of the layout that is trained now",
                remedy="leave out --begin-with",
            ) from e
    fit(
        trainer(network),
        network,
        lessons,
        run=run,
        epochs=args.epochs,
        rate=args.rate,
    )
    sys.stdout.write(f"{kept}\n")
    return 0


def evaluate_command(args: argparse.Namespace) -> int:
    """`python -m train locate evaluate`."""
    scenes = _scenes(args.scenes)
    if args.points_by:
        seconds = Seconds(*args.points_by)
        ways = ways_of_scenes(_scenes(args.like), seconds) if args.like else None
        scenes = agreed_scenes(scenes, seconds, ways)
    elif args.like:
        raise UsageError("--like is for --points-by", remedy="add --points-by, or leave it out")
    locator = load_locator(args.model)
    document = evaluate(locator, scenes) | {"model": args.model.name}
    if args.yunet:
        document["cost"] = cost(locator, scenes, args.yunet)
    return _give(args, document, told)


def gates_command(args: argparse.Namespace) -> int:
    """`python -m train locate gates`."""
    from edge.eye.look import Eye

    limits = Limits()
    eye = Eye(load_bundle(args.model, UNCHECKED), limits)

    def look(frame: NDArray[np.uint8]) -> tuple[Reason | None, Face | None]:
        sight = eye.see(frame)
        return sight.reason, sight.face

    frames = [frame for path in args.photos for _, frame in photographs(path) if frame is not None]
    if not frames:
        raise DataError("there is no picture to measure on", remedy="name a tar or a folder")
    document = gates.measure(look, watched(frames, "looking"), limits)
    return _give(args, document | {"model": args.model.name, "limits": asdict(limits)}, gates.told)


def _scenes(tars: Sequence[Path]) -> list[Scene]:
    return [scene for tar in tars for scene in read_scenes(tar)]


def _give(
    args: argparse.Namespace,
    document: dict[str, Any],
    for_people: Callable[[dict[str, Any]], str],
) -> int:
    """results.json in --out, and on stdout the same, or what people read."""
    text = json.dumps(document, indent=1)
    if args.out:
        write_text(args.out / "results.json", text + "\n")
    sys.stdout.write((text if args.json else for_people(document)) + "\n")
    return 0
