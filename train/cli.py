"""`python -m train`: reads the command line, runs one command, and alone prints its error."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from edge.contract.errors import OnelookError
from train.locate.cli import add_locate
from train.options import Parser, add_data, add_run, goal, weight, whole_number
from train.quiet import quiet

_EXAMPLES = """\
examples:
  python -m train fit --data people/ --out runs/ours
  python -m train fit --data data/ --preset koch2015 --out runs/seed     the seed's folders
  python -m train fit --data omniglot.zip --task pictures --preset glyph --out runs/characters
  python -m train fit --data omniglot.zip --recipe characters --preset oneshot --out runs/oneshot
  python -m train distill --data faces.tar --teacher teacher.onnx --out runs/face
  python -m train evaluate --model runs/face --out report/       on the people it held out
  python -m train evaluate --model models/faces --photos people/ --out report/
  python -m train evaluate --model models/omniglot --one-shot all_runs.zip --out report/
A run that was stopped, by Ctrl-C or otherwise, goes on with the same command and --resume.
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit code."""
    try:
        args = _parser().parse_args(arguments)
        args.arguments = list(sys.argv[1:] if arguments is None else arguments)
        with quiet():  # TensorFlow greets, whatever logging level it is given
            import keras  # noqa: F401
        code: int = args.run(args)
        sys.stdout.flush()  # a reader that is gone shows here, not on the way out
    except OnelookError as e:
        for line in (f"train: {e.what}", e.why, e.remedy):
            if line:
                sys.stderr.write(f"{line}\n")
        return e.exit_code
    except BrokenPipeError:
        # The reader has gone (`... evaluate | head`): nothing may be flushed at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except KeyboardInterrupt:
        sys.stderr.write("train: interrupted; the same command with --resume goes on\n")
        return 130
    return code


def _fit(args: argparse.Namespace) -> int:
    from train.command import fit_command

    return fit_command(args)


def _distill(args: argparse.Namespace) -> int:
    from train.command import distill_command

    return distill_command(args)


def _pack(args: argparse.Namespace) -> int:
    from train.command import pack_command

    return pack_command(args)


def _evaluate(args: argparse.Namespace) -> int:
    from train.measure import evaluate_command

    return evaluate_command(args)


def _parser() -> argparse.ArgumentParser:
    parser = Parser(
        prog="python -m train",
        description="Pictures of people, or of something else -> a Keras siamese network, "
        "and how good it is.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    commands = parser.add_subparsers(metavar="COMMAND", required=True, parser_class=Parser)
    _add_fit(commands)
    _add_pack(commands)
    _add_distill(commands)
    _add_evaluate(commands)
    add_locate(commands)
    return parser


def _add_fit(commands: argparse._SubParsersAction[Parser]) -> None:
    fit = commands.add_parser("fit", help="train twin and head on labelled people")
    add_run(fit, batch=32, steps=200)
    fit.add_argument(
        "--task",
        choices=("faces", "pictures"),
        default="faces",
        help="pictures: of anything else, each taken whole; no face is looked for",
    )
    fit.add_argument(
        "--preset", choices=("mobile", "koch2015", "glyph", "oneshot"), default="mobile"
    )
    fit.add_argument(
        "--recipe",
        choices=("people", "characters", "koch2015", "koch2015-adam"),
        default="people",
        help="how it is trained; characters: to name those of whole alphabets, which lie as "
        "Omniglot's do; koch2015: as the paper does; see docs/one-shot.md",
    )
    fit.add_argument(
        "--pairs-drawn", type=whole_number(1), default=30000, metavar="N", help="recipe koch2015"
    )
    fit.add_argument(
        "--loss", choices=("bce", "contrastive", "triplet", "cosface", "arcface"), default="bce"
    )
    fit.add_argument(
        "--each",
        type=whole_number(2),
        default=2,
        metavar="N",
        help="crops of a person in a batch, else 2",
    )
    fit.add_argument("--input-size", type=whole_number(1), metavar="PX", help="side of the input")
    fit.add_argument("--epochs", type=whole_number(1), default=30, metavar="N")
    fit.add_argument("--rate", type=float, default=1e-3, metavar="X", help="learning rate")
    fit.add_argument(
        "--workers",
        metavar="N|HOST:PORT,HOST,...",
        help="share every batch among N processes here, or among machines that are told with the "
        "same command; see docs/training.md",
    )
    fit.add_argument(
        "--worker",
        type=whole_number(0),
        metavar="K",
        help="which of these machines this one is, from 0",
    )
    fit.set_defaults(run=_fit)


def _add_pack(commands: argparse._SubParsersAction[Parser]) -> None:
    pack = commands.add_parser("pack", help="write pictures into tars that fit reads as it needs")
    add_data(pack)
    pack.add_argument("--out", type=Path, required=True, metavar="DIR", help="for the tars")
    pack.add_argument("--task", choices=("faces", "pictures"), default="faces", help="as of fit")
    pack.add_argument(
        "--per-tar", type=whole_number(1), default=10000, metavar="N", help="pictures"
    )
    pack.set_defaults(run=_pack)


def _add_distill(commands: argparse._SubParsersAction[Parser]) -> None:
    distill = commands.add_parser("distill", help="train the mobile twin on a teacher's answers")
    add_run(distill, batch=32, steps=200)
    distill.add_argument("--teacher", type=Path, required=True, metavar="ONNX")
    distill.add_argument(
        "--goals",
        type=goal,
        nargs="+",
        metavar="ONNX[=WEIGHT]",
        help="networks whose joined embeddings are the goal, else the teacher's own",
    )
    distill.add_argument(
        "--seen",
        action="store_true",
        help="the goal is of the picture as the student sees it, disturbed or blended, not as it "
        "was; slower",
    )
    distill.add_argument(
        "--identities",
        type=weight,
        default=0.0,
        metavar="X",
        help="how much telling the labelled people apart counts beside the teacher, else 0",
    )
    distill.add_argument(
        "--local", type=whole_number(0), default=8, metavar="N", help="epochs by stages"
    )
    distill.add_argument(
        "--whole", type=whole_number(0), default=32, metavar="N", help="epochs as a whole"
    )
    distill.add_argument("--local-rate", type=float, default=3e-3, metavar="X")
    distill.add_argument("--whole-rate", type=float, default=1.5e-3, metavar="X")
    distill.set_defaults(run=_distill)


def _add_evaluate(commands: argparse._SubParsersAction[Parser]) -> None:
    evaluate = commands.add_parser(
        "evaluate", help="measure a network on people it never saw", allow_abbrev=False
    )
    evaluate.add_argument(
        "--model",
        type=Path,
        required=True,
        metavar="PATH",
        help="a bundle, a run folder, a siamese.keras, or a teacher's .onnx",
    )
    evaluate.add_argument(
        "--photos",
        nargs="+",
        default=[],
        metavar="PATH[@LIST]",
        help="folders or tars with a folder per person; @LIST: of these only the people named in "
        "that text file; else the people whom the run held out",
    )
    evaluate.add_argument(
        "--held-out-of",
        type=Path,
        metavar="PATH",
        help="only people whom this other network was not trained on either",
    )
    evaluate.add_argument(
        "--aligned", action="store_true", help="the photographs are 112x112 crops, ready-made"
    )
    evaluate.add_argument(
        "--pairs",
        type=Path,
        nargs="+",
        default=[],
        metavar="FILE",
        help="lists as LFW's pairs.txt, judged fold by fold; of several lists each is a fold",
    )
    evaluate.add_argument(
        "--all-pairs",
        action="store_true",
        help="every pair of every crop, however many; else of more than 20,000 crops some are "
        "drawn; with --pairs: the rates from every pair even so",
    )
    evaluate.add_argument(
        "--press", action="store_true", help="play presses at galleries of these people; slow"
    )
    evaluate.add_argument(
        "--one-shot",
        type=Path,
        metavar="ZIP",
        help="Omniglot's all_runs.zip instead of pairs; with --photos, its evaluation set, also "
        "10,000 trials of each kind drawn from that",
    )
    evaluate.add_argument(
        "--views",
        type=int,
        choices=(1, 2, 4, 8),
        default=1,
        metavar="N",
        help="with --one-shot: look at each picture N times, mirrored and turned",
    )
    evaluate.add_argument(
        "--show-faces", action="store_true", help="show the worst pairs, with their files' names"
    )
    evaluate.add_argument(
        "--out", type=Path, metavar="DIR", help="for results.json and report.html"
    )
    evaluate.add_argument("--json", action="store_true", help="print results.json")
    evaluate.add_argument("--seed", type=int, default=0, metavar="N")
    evaluate.set_defaults(run=_evaluate)
