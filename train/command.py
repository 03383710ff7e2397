"""What the commands of `python -m train` do, once the command line is read."""

from __future__ import annotations

import argparse
import hashlib
import os
import sys
from pathlib import Path
from typing import Any

import keras

from edge.contract.errors import UsageError
from edge.contract.tasks import FACES
from train.data import NOBODY, Faces, load_crops, split_people
from train.distill import Phase, distill
from train.evaluate import evaluate, require_sample
from train.fit import fit
from train.goals import joined_goals
from train.heads import calibrate, centre, embed, fit_head
from train.models import (
    EMBEDDING_DIMENSIONS,
    PRESETS,
    build_siamese,
    embedding_of,
    head_parameters,
)
from train.pairs import all_pairs
from train.runs import Run, load_network, load_run
from train.teacher import Teacher


def fit_command(args: argparse.Namespace) -> int:
    """`python -m train fit`."""
    config = _config(args, "task", "preset", "loss", "input_size", "epochs", "rate")
    run = Run(args.out, config, resume=args.resume)
    shape = PRESETS[args.preset].input_shape
    if args.input_size:
        shape = (args.input_size, args.input_size, shape[-1])
    train, held_out = _faces(args, args.task, shape)
    siamese = _siamese(args, args.preset, shape)
    fit(
        siamese,
        train,
        run=run,
        loss=args.loss,
        epochs=args.epochs,
        rate=args.rate,
        batch=args.batch,
        steps=args.steps,
        seed=args.seed,
    )
    return _finish(run, siamese, held_out, args.seed)


def distill_command(args: argparse.Namespace) -> int:
    """`python -m train distill`."""
    config = _config(args, "local", "whole", "local_rate", "whole_rate")
    teacher = Teacher(args.teacher, threads=os.cpu_count() or 1)
    config["teacher_sha256"] = hashlib.sha256(args.teacher.read_bytes()).hexdigest()
    if args.goals:
        config["goals"] = {goal.digest(): goal.weight for goal in args.goals}
    if args.begin_with:
        begin_with = load_network(args.begin_with)
        config["begun_with_sha256"] = hashlib.sha256(args.begin_with.read_bytes()).hexdigest()
    run = Run(args.out, config | {"preset": "mobile"}, resume=args.resume)
    train, held_out = _faces(args)
    siamese = _siamese(args, "mobile", None)
    if args.begin_with and not args.resume:
        siamese.set_weights(begin_with.get_weights())
    goals = joined_goals(train.crops, args.goals, EMBEDDING_DIMENSIONS) if args.goals else None
    distill(
        siamese,
        train.crops,
        teacher,
        goals=goals,
        run=run,
        phases=(
            Phase("local", args.local, args.local_rate),
            Phase("whole", args.whole, args.whole_rate),
        ),
        batch=args.batch,
        steps=args.steps,
        seed=args.seed,
    )
    known = train.of(train.person != NOBODY)
    if len(known):
        centre(siamese, known)
        fit_head(siamese, known, seed=args.seed)
    return _finish(run, siamese, held_out, args.seed)


def evaluate_command(args: argparse.Namespace) -> dict[str, Any]:
    """`python -m train evaluate`; returns the document to print."""
    from train.protocol import protocol

    siamese, config = load_run(args.run_folder)
    shape = embedding_of(siamese).input_shape[1:]
    if args.data:
        faces = load_crops(args.data, task=config.get("task", FACES), shape=shape)
    else:
        faces = _held_out(args.run_folder, config, shape)
    if args.pairs:
        return protocol(siamese, faces, args.pairs)
    found = evaluate(siamese, faces, seed=args.seed)
    return found.document()


def _held_out(folder: Path, config: dict[str, Any], shape: tuple[int, int, int]) -> Faces:
    """The people whom a run kept from training."""
    if not config.get("data") or "held_out_share" not in config:
        raise UsageError(
            f"{folder}: does not say what it was trained on",
            remedy="name people to measure on with --data",
        )
    paths = [Path(path) for path in config["data"]]
    faces = load_crops(paths, task=config.get("task", FACES), shape=shape)
    return split_people(faces, float(config["held_out_share"]))[1]


def _siamese(
    args: argparse.Namespace, preset: str, shape: tuple[int, int, int] | None
) -> keras.Model:
    """A new network, or the resumed run's."""
    keras.utils.set_random_seed(args.seed)
    if args.resume and (args.out / "siamese.keras").is_file():
        return load_run(args.out)[0]
    return build_siamese(preset, input_shape=shape)


def _config(args: argparse.Namespace, *names: str) -> dict[str, Any]:
    """What decides the result. A run is resumed only with an equal one."""
    common = ("held_out_share", "batch", "steps", "seed")
    return {
        "command": args.run.__name__.strip("_"),
        "data": [str(path) for path in args.data],
        **{name: getattr(args, name) for name in (*common, *names)},
    }


def _faces(
    args: argparse.Namespace,
    task: str = FACES,
    shape: tuple[int, int, int] = PRESETS["mobile"].input_shape,
) -> tuple[Faces, Faces]:
    """(to train on, held out), for a network of that task and input."""
    faces = load_crops(args.data, task=task, shape=shape)
    train, held_out = split_people(faces, args.held_out_share)
    sys.stderr.write(
        f"{len(train)} crops of {len(train.people())} people to train on, "
        f"{len(held_out)} of {len(held_out.people())} held out\n"
    )
    require_sample(held_out)
    return train, held_out


def _finish(run: Run, siamese: keras.Model, held_out: Faces, seed: int) -> int:
    """Make the distance a probability, keep the network, measure it."""
    # It brings matplotlib, which a training of hours need not wait for.
    from train.report import write_report

    embeddings = embed(siamese, held_out.crops)
    calibrate(siamese, all_pairs(embeddings, held_out.person, head_parameters(siamese)))
    run.save(siamese)
    found = evaluate(siamese, held_out, seed=seed)
    report = write_report(run.folder, found)
    sys.stdout.write(f"{found.summary()}\n{report}\n")
    return 0
