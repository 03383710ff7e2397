"""`python -m train fit`, `pack` and `distill`, once the command line is read."""

from __future__ import annotations

import argparse
import hashlib
import shlex
import sys
from typing import Any

import keras
import numpy as np

from edge.contract.errors import UsageError
from edge.contract.tasks import FACES
from train import together, workers
from train.choose import at_most
from train.data import (
    NOBODY,
    Faces,
    Source,
    in_memory,
    load_crops,
    open_sharded,
    split_people,
)
from train.distill import Phase, distill
from train.evaluate import Ask, evaluate, require_sample
from train.fit import fit
from train.goals import Goals
from train.grow import take_over
from train.heads import calibrate, centre, embed, fit_head
from train.models import EMBEDDING_DIMENSIONS, PRESETS, build_siamese, head_parameters
from train.pack import pack
from train.pairs import all_pairs
from train.runs import MODEL, Run, load_network, load_run
from train.shards import Shards, is_sharded
from train.shrink import cut_to_size
from train.subject import of_keras
from train.teacher import Teacher
from train.together import ALONE, Part
from train.workers import Plan

# What JAX ends a worker with whose neighbour is gone, in a sum, in a comparison or between them;
# who started it begins again.
_LOST = (RuntimeError, ValueError, AssertionError)
MOST_MEASURED = 3000  # crops of shards; `train evaluate --all-pairs` takes all


def fit_command(args: argparse.Namespace) -> int:
    """`python -m train fit`."""
    if args.recipe != "people":
        if args.workers:
            raise UsageError(f"--recipe {args.recipe}: trains on one machine alone")
        from train.oneshot.command import fit_recipe

        return fit_recipe(args)
    config = _config(
        args, "task", "preset", "loss", "input_size", "epochs", "rate", "each", "disturb"
    )
    begin_with = _begin_with(args, config)
    part, plan = together.asked(), _plan(args)
    together.join(part)
    run = Run(args.out, config, resume=args.resume, part=part)
    shape = PRESETS[args.preset].input_shape
    if args.input_size:
        shape = (args.input_size, args.input_size, shape[-1])
    sharded = any(map(is_sharded, args.data))
    faces = (open_sharded if sharded else load_crops)(args.data, task=args.task, shape=shape)
    train, held_out = _split(args, faces, quiet=part != ALONE)
    if plan and part == ALONE and not run.finished("fit"):
        code = workers.work(plan, workers.again(args.arguments), _say)
        if code:
            return code
    together.require_same(part, train.digest(), "the pictures to train on")
    if not (plan and part == ALONE):
        siamese = _siamese(args, args.preset, shape, begin_with, part=part)
        try:
            _fit(args, siamese, train, run, part)
        except _LOST as e:
            if part == ALONE:
                raise
            _say(f"worker {part.number} lost the others: {(str(e) or repr(e)).splitlines()[0]}")
            return 1
    if part != ALONE or (plan and not plan.chief):
        return 0  # who started the chief measures what it has kept
    return finish(run, load_run(run.folder)[0] if plan else siamese, _measured(held_out), args)


def _fit(
    args: argparse.Namespace, siamese: keras.Model, train: Faces | Shards, run: Run, part: Part
) -> None:
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
        each=args.each,
        how=args.disturb,
        part=part,
    )


def pack_command(args: argparse.Namespace) -> int:
    """`python -m train pack`."""
    done = pack(args.data, args.out, task=args.task, per_tar=args.per_tar)
    sys.stdout.write(
        f"{done.pictures} pictures of {len(done.people)} people in {done.tars} tars in {args.out}, "
        f"{done.left_out} left out\n"
    )
    return 0


def distill_command(args: argparse.Namespace) -> int:
    """`python -m train distill`."""
    config = _config(
        args, "local", "whole", "local_rate", "whole_rate", "identities", "disturb", "seen"
    )
    teacher = Teacher(args.teacher)
    config["teacher_sha256"] = hashlib.sha256(args.teacher.read_bytes()).hexdigest()
    if args.goals:
        config["goals"] = {goal.digest(): goal.weight for goal in args.goals}
    begin_with = _begin_with(args, config)
    run = Run(args.out, config | {"preset": "mobile"}, resume=args.resume)
    train, held_out = _faces(args)
    siamese = _siamese(args, "mobile", None, begin_with)
    goals = Goals(train.crops, args.goals, EMBEDDING_DIMENSIONS) if args.goals else None
    distill(
        siamese,
        train,
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
        identities=args.identities,
        how=args.disturb,
        seen=args.seen,
    )
    known = train.of(train.person != NOBODY)
    if len(known):
        centre(siamese, known)
        fit_head(siamese, known, seed=args.seed)
    return finish(run, siamese, held_out, args)


def _begin_with(args: argparse.Namespace, config: dict[str, Any]) -> keras.Model | None:
    """The network to go on from, whose hash becomes part of the run's config."""
    if args.begin_with is None:
        return None
    begin_with = load_network(args.begin_with)
    config["begun_with_sha256"] = hashlib.sha256(args.begin_with.read_bytes()).hexdigest()
    return begin_with


def _siamese(
    args: argparse.Namespace,
    preset: str,
    shape: tuple[int, int, int] | None,
    begin_with: keras.Model | None,
    *,
    part: Part = ALONE,
) -> keras.Model:
    """A new network with new weights or those of `begin_with`, or the resumed run's.

    Of several processes each makes a new one; the chief's weights come over it.
    """
    keras.utils.set_random_seed(args.seed)
    if part == ALONE and args.resume and (args.out / MODEL).is_file():
        return load_run(args.out)[0]
    siamese = build_siamese(preset, input_shape=shape)
    if begin_with is not None:
        try:
            larger = begin_with.count_params() > siamese.count_params()
            (cut_to_size if larger else take_over)(siamese, begin_with)
        except ValueError as e:
            raise UsageError(
                f"{args.begin_with}: not a network of the preset {preset} at this input size",
                why=f"Its layers do not fit: {e}.",
                remedy="name one that was trained with the same preset",
            ) from e
    return siamese


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
    return _split(args, load_crops(args.data, task=task, shape=shape))


def _split(
    args: argparse.Namespace, faces: Source, *, quiet: bool = False
) -> tuple[Source, Source]:
    train, held_out = split_people(faces, args.held_out_share)
    if not quiet:
        _say(
            f"{len(train)} crops of {len(train.people())} people to train on, "
            f"{len(held_out)} of {len(held_out.people())} held out"
        )
    require_sample(held_out)
    return train, held_out


def _measured(held_out: Faces | Shards) -> Faces:
    """What a finished run is measured on: of shards so many as memory holds beside the training."""
    if isinstance(held_out, Faces):
        return held_out
    chosen = at_most(held_out, MOST_MEASURED, np.random.default_rng(0))
    return in_memory(held_out.of(chosen))


def _plan(args: argparse.Namespace) -> Plan | None:
    if args.workers is None and args.worker is not None:
        raise UsageError("--worker: of which --workers?", remedy="name all of them with --workers")
    return workers.plan(args.workers, args.worker) if args.workers else None


def _say(line: str) -> None:
    sys.stderr.write(f"train: {line}\n")


def finish(run: Run, siamese: keras.Model, held_out: Faces, args: argparse.Namespace) -> int:
    """Make the distance a probability, keep the network, measure it."""
    # It brings matplotlib, which a training of hours need not wait for.
    from train.report import write_report

    embeddings = embed(siamese, held_out.crops)
    calibrate(siamese, all_pairs(embeddings, held_out.person, head_parameters(siamese)))
    run.save(siamese)
    subject = of_keras(
        siamese,
        name=run.folder.resolve().name,
        config={},
        sha256=hashlib.sha256((run.folder / MODEL).read_bytes()).hexdigest(),
    )
    found = evaluate(subject, held_out, Ask(seed=args.seed))
    report = write_report(
        run.folder, found, command=shlex.join(["python", "-m", "train", *args.arguments])
    )
    sys.stdout.write(f"{found.summary()}\n{report}\n")
    return 0
