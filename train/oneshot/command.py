"""What `python -m train` does for one-shot recognition, once the command line is read."""

from __future__ import annotations

import argparse
import hashlib
import json
import shlex
import sys
from pathlib import Path

import keras
import numpy as np

from edge.contract.errors import UsageError
from edge.contract.matching import Difference
from edge.contract.tasks import PICTURES
from edge.contract.whole import whole
from train.data import Faces
from train.grow import take_over
from train.models import PRESETS, build_siamese, embedding_of
from train.oneshot.cost import multiply_accumulates
from train.oneshot.drawings import SIDE, Drawings, load_drawings, split_alphabets
from train.oneshot.evaluate import official, resampled
from train.oneshot.fit import fit_characters
from train.oneshot.koch import begin_he, fit_koch
from train.oneshot.official import read_runs
from train.oneshot.report import Measured, write
from train.quiet import quiet
from train.runs import MODEL, Run, load_network, load_run
from train.subject import Subject, load_subject

_KOCH, _ADAM = "koch2015", "koch2015-adam"
_OPTIONS = (
    *("preset", "recipe", "input_size", "epochs", "rate", "batch", "steps", "seed"),
    *("held_out_share", "pairs_drawn"),
)


def fit_recipe(args: argparse.Namespace) -> int:
    """`python -m train fit --recipe ...`: whole alphabets are held out, not single characters."""
    from train.command import finish

    shape = PRESETS[args.preset].input_shape
    if shape[-1] != 1 or (args.recipe in {_KOCH, _ADAM}) != (args.preset == _KOCH):
        raise UsageError(
            f"--recipe {args.recipe} does not train --preset {args.preset}",
            remedy="characters: oneshot or glyph; koch2015 and koch2015-adam: koch2015",
        )
    if args.begin_with and args.preset == _KOCH:
        raise UsageError("the paper's network begins with nothing", remedy="leave out --begin-with")
    side = args.input_size or shape[0]
    drawings = load_drawings(args.data, SIDE if args.preset != _KOCH else side)
    train, held_out = split_alphabets(drawings, args.held_out_share)
    config = {
        "command": "fit",
        "task": PICTURES,
        "data": [str(path) for path in args.data],
        "held_out": held_out.used_alphabets(),  # what conversion measures on
        **{name: getattr(args, name) for name in _OPTIONS},
    }
    if args.begin_with:
        config["begun_with_sha256"] = hashlib.sha256(args.begin_with.read_bytes()).hexdigest()
    run = Run(args.out, config, resume=args.resume)
    sys.stderr.write(
        f"{len(train)} drawings of {len(train.names())} characters to train on, "
        f"{len(held_out)} of {len(held_out.names())} held out, with their alphabets\n"
    )
    siamese = _siamese(args, (side, side, 1))
    common = {
        "run": run,
        "epochs": args.epochs,
        "batch": args.batch,
        "steps": args.steps,
        "seed": args.seed,
    }
    if args.preset == _KOCH:
        adam = args.recipe == _ADAM
        fit_koch(siamese, train, held_out, adam=adam, pairs=args.pairs_drawn, **common)
    else:
        begun = args.begin_with is not None
        fit_characters(siamese, train, rate=args.rate, begun=begun, **common)
    return finish(run, siamese, as_faces(held_out, (side, side, 1)), args)


def as_faces(drawings: Drawings, shape: tuple[int, int, int]) -> Faces:
    """The drawings at a network's size, as everything else of `train` and `convert` takes them."""
    crops = drawings.pictures
    if crops.shape[1:] != shape:
        crops = np.stack([whole(np.repeat(crop, 3, axis=-1), shape) for crop in crops])
    return Faces(crops, drawings.character, drawings.characters, drawings.files, PICTURES)


def _siamese(args: argparse.Namespace, shape: tuple[int, int, int]) -> keras.Model:
    """A new network, or the resumed run's."""
    keras.utils.set_random_seed(args.seed)
    if args.resume and (args.out / MODEL).is_file():
        return load_run(args.out)[0]
    siamese = build_siamese(args.preset, input_shape=shape)
    if args.begin_with:
        try:
            take_over(siamese, load_network(args.begin_with))
        except ValueError as e:
            raise UsageError(
                f"{args.begin_with}: not a network of the preset {args.preset} at this input size",
                why=f"Its layers do not fit: {e}.",
                remedy="name one that was trained with the same preset",
            ) from e
    if args.recipe == _ADAM:
        begin_he(siamese)
    return siamese


def evaluate_one_shot(args: argparse.Namespace) -> int:
    """`python -m train evaluate --one-shot RUNS.zip`."""
    subject = load_subject(args.model)
    if subject.task != PICTURES:
        raise UsageError(
            f"{subject.name}: its task is {subject.task}, not {PICTURES}",
            remedy="name a network that was trained with --task pictures, or with a recipe",
        )
    if args.views > 1 and subject.head.difference is not Difference.SQUARED:
        raise UsageError(
            "--views is for networks that compare directions", remedy="leave it out for this one"
        )
    figure, worst = official(subject, read_runs(args.one_shot), looks=args.views, seed=args.seed)
    figures = [figure]
    if args.photos:
        drawings = load_drawings(map(Path, args.photos))
        figures += resampled(subject, drawings, looks=args.views, seed=args.seed)
    found = Measured(
        subject, _macs(args.model, subject), args.views, args.seed, tuple(figures), tuple(worst)
    )
    command = shlex.join(["python", "-m", "train", *args.arguments])
    if args.out:
        write(args.out, found, command)
    text = json.dumps(found.document(command), indent=1) if args.json else found.summary()
    sys.stdout.write(f"{text}\n")
    return 0


def _macs(model: Path, subject: Subject) -> int | None:
    """Of one picture: the Keras network's own, or those of the preset that a bundle was made of."""
    with quiet():  # TensorFlow looks for graphics cards, aloud
        if not subject.levels:
            siamese = load_network(model / MODEL if model.is_dir() else model)
        elif subject.config.get("preset") in PRESETS:
            siamese = build_siamese(subject.config["preset"], input_shape=subject.shape)
        else:
            return None
        return multiply_accumulates(embedding_of(siamese))
