"""`python -m train evaluate`, once the command line is read."""

from __future__ import annotations

import argparse
import json
import shlex
import sys

import numpy as np

from edge.contract.errors import DataError, UsageError
from train.data import Faces
from train.evaluate import Ask, Evaluation, evaluate, require_sample
from train.people import read_sources, untrained
from train.subject import Subject, load_subject


def evaluate_command(args: argparse.Namespace) -> int:
    """`python -m train evaluate`."""
    if args.one_shot:
        from train.oneshot.command import evaluate_one_shot

        return evaluate_one_shot(args)
    from train.report import write_report
    from train.results import results

    subject = load_subject(args.model)
    faces = _photos(args, subject)
    config = load_subject(args.held_out_of).config if args.held_out_of else subject.config
    if config:
        faces = untrained(faces, config)
    ask = Ask(tuple(args.pairs), args.all_pairs, args.press, args.seed)
    found = evaluate(subject, faces, ask)
    how = {
        "command": shlex.join(["python", "-m", "train", *args.arguments]),
        "sources": _each(subject, faces, args.seed) if len(args.photos) > 1 else None,
        "faces": args.show_faces,
    }
    report = write_report(args.out, found, **how) if args.out else None
    if args.json:
        text = json.dumps(results(found, **how), indent=1)
    else:
        text = "\n".join([found.summary(), *([str(report)] if report else [])])
    sys.stdout.write(f"{text}\n")
    return 0


def _photos(args: argparse.Namespace, subject: Subject) -> Faces:
    """Those that were named, else those of the run's own sources."""
    sources = args.photos or list(map(str, subject.config.get("data", ())))
    if not sources or (not args.photos and subject.levels):
        raise UsageError(
            f"{subject.name}: does not say where its pictures are",
            remedy="name people to measure on with --photos",
        )
    return read_sources(
        sources,
        task=subject.task,
        shape=subject.shape,
        aligned=args.aligned,
        find=subject.find,
        leave=True,
    )


def _each(subject: Subject, faces: Faces, seed: int) -> dict[str, Evaluation]:
    """The same for each source that has people enough."""
    origin = np.array([file.partition(":")[0] for file in faces.files], object)
    found = {}
    for name in dict.fromkeys(origin):
        part = faces.of(origin == name)
        try:
            require_sample(part)
        except DataError as e:
            sys.stderr.write(f"train: {name}: {e.what}; not measured by itself\n")
            continue
        found[str(name)] = evaluate(subject, part, Ask(seed=seed))
    return found
