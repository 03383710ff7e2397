"""`python -m train`: reads the command line, runs one command, and alone prints its error."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from edge.contract.errors import OnelookError, UsageError
from train.quiet import quiet
from train.teacher import Embedder

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


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise UsageError(f"{message}.", remedy=f"See: {self.prog} --help")


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


def _locate_fit(args: argparse.Namespace) -> int:
    from train.locate.command import fit_command

    return fit_command(args)


def _locate_evaluate(args: argparse.Namespace) -> int:
    from train.locate.command import evaluate_command

    return evaluate_command(args)


def _locate_gates(args: argparse.Namespace) -> int:
    from train.locate.command import gates_command

    return gates_command(args)


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
    from train.command import evaluate_command

    return evaluate_command(args)


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="python -m train",
        description="Pictures of people, or of something else -> a Keras siamese network, "
        "and how good it is.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    commands = parser.add_subparsers(metavar="COMMAND", required=True, parser_class=_Parser)
    _add_fit(commands)
    _add_pack(commands)
    _add_distill(commands)
    _add_evaluate(commands)
    _add_locate(commands)
    return parser


def _add_fit(commands: argparse._SubParsersAction[_Parser]) -> None:
    fit = commands.add_parser("fit", help="train twin and head on labelled people")
    _add_run(fit, batch=32, steps=200)
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
        "--pairs-drawn", type=_positive, default=30000, metavar="N", help="recipe koch2015"
    )
    fit.add_argument(
        "--loss", choices=("bce", "contrastive", "triplet", "cosface", "arcface"), default="bce"
    )
    fit.add_argument(
        "--each", type=_several, default=2, metavar="N", help="crops of a person in a batch, else 2"
    )
    fit.add_argument("--input-size", type=_positive, metavar="PX", help="side of the input")
    fit.add_argument("--epochs", type=_positive, default=30, metavar="N")
    fit.add_argument("--rate", type=float, default=1e-3, metavar="X", help="learning rate")
    fit.add_argument(
        "--workers",
        metavar="N|HOST:PORT,HOST,...",
        help="share every batch among N processes here, or among machines that are told with the "
        "same command; see docs/training.md",
    )
    fit.add_argument(
        "--worker", type=_count, metavar="K", help="which of these machines this one is, from 0"
    )
    fit.set_defaults(run=_fit)


def _add_pack(commands: argparse._SubParsersAction[_Parser]) -> None:
    pack = commands.add_parser("pack", help="write pictures into tars that fit reads as it needs")
    _add_data(pack)
    pack.add_argument("--out", type=Path, required=True, metavar="DIR", help="for the tars")
    pack.add_argument("--task", choices=("faces", "pictures"), default="faces", help="as of fit")
    pack.add_argument("--per-tar", type=_positive, default=10000, metavar="N", help="pictures")
    pack.set_defaults(run=_pack)


def _add_distill(commands: argparse._SubParsersAction[_Parser]) -> None:
    distill = commands.add_parser("distill", help="train the mobile twin on a teacher's answers")
    _add_run(distill, batch=32, steps=200)
    distill.add_argument("--teacher", type=Path, required=True, metavar="ONNX")
    distill.add_argument(
        "--goals",
        type=_goal,
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
        type=_weight,
        default=0.0,
        metavar="X",
        help="how much telling the labelled people apart counts beside the teacher, else 0",
    )
    distill.add_argument("--local", type=_count, default=8, metavar="N", help="epochs by stages")
    distill.add_argument("--whole", type=_count, default=32, metavar="N", help="epochs as a whole")
    distill.add_argument("--local-rate", type=float, default=3e-3, metavar="X")
    distill.add_argument("--whole-rate", type=float, default=1.5e-3, metavar="X")
    distill.set_defaults(run=_distill)


def _add_evaluate(commands: argparse._SubParsersAction[_Parser]) -> None:
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


def _add_locate(commands: argparse._SubParsersAction[_Parser]) -> None:
    locate = commands.add_parser("locate", help="the two networks that find faces in frames")
    parts = locate.add_subparsers(metavar="COMMAND", required=True, parser_class=_Parser)
    fit = parts.add_parser("fit", help="train one of them on composed scenes")
    fit.add_argument("--part", choices=("finder", "pointer"), required=True)
    _add_scenes(fit)
    fit.add_argument(
        "--crops", type=Path, nargs="+", required=True, metavar="PATH", help="faces to paste in"
    )
    fit.add_argument(
        "--teacher", type=Path, required=True, metavar="ONNX", help="a YuNet, which labels them"
    )
    _add_seconds(fit)
    fit.add_argument("--out", type=Path, required=True, metavar="RUN", help="the run folder")
    fit.add_argument("--begin-with", type=Path, metavar="RUN", help="another run to go on from")
    fit.add_argument("--resume", action="store_true", help="go on with the run in --out")
    fit.add_argument("--epochs", type=_positive, default=30, metavar="N")
    fit.add_argument("--steps", type=_positive, default=200, metavar="N", help="per epoch")
    fit.add_argument("--batch", type=_positive, default=16, metavar="N")
    fit.add_argument(
        "--pictures",
        type=_positive,
        default=12000,
        metavar="N",
        help="pointer: pictures that are composed and searched for faces, before the first step",
    )
    fit.add_argument("--rate", type=float, default=2e-3, metavar="X")
    fit.add_argument("--seed", type=int, default=0, metavar="N")
    fit.set_defaults(run=_locate_fit)
    measure = parts.add_parser("evaluate", help="measure them on labelled frames")
    measure.add_argument(
        "--model",
        type=Path,
        required=True,
        metavar="RUN",
        help="a run, a bundle, or the .onnx of a YuNet, which labelled the frames",
    )
    _add_scenes(measure)
    _add_seconds(measure)
    measure.add_argument(
        "--like",
        type=Path,
        nargs="+",
        metavar="TAR",
        help="labelled frames that show how --points-by point beside labels, else --scenes",
    )
    measure.add_argument(
        "--yunet", type=Path, metavar="ONNX", help="compare the time with OpenCV's FaceDetectorYN"
    )
    _add_results(measure)
    measure.set_defaults(run=_locate_evaluate)
    gates = parts.add_parser(
        "gates", help="what a bundle's quality gates refuse of good and of spoilt photographs"
    )
    gates.add_argument("--model", type=Path, required=True, metavar="BUNDLE")
    gates.add_argument(
        "--photos", type=Path, nargs="+", required=True, metavar="PATH", help="as train evaluate"
    )
    _add_results(gates)
    gates.set_defaults(run=_locate_gates)


def _add_results(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--out", type=Path, metavar="DIR", help="for results.json")
    parser.add_argument("--json", action="store_true")


def _add_seconds(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--points-by",
        type=Path,
        nargs=2,
        metavar=("ONNX", "TFLITE"),
        help="landmarks-regression-retail-0009 and face_landmark: labelled points are held against "
        "these two's, and the middle one of three is taken",
    )


def _add_scenes(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--scenes",
        type=Path,
        nargs="+",
        required=True,
        metavar="TAR",
        help="frames, with a .jsonl of labels beside each tar",
    )


def _add_run(parser: argparse.ArgumentParser, *, batch: int, steps: int) -> None:
    """The options of everything that trains."""
    _add_data(parser)
    parser.add_argument("--out", type=Path, required=True, metavar="RUN", help="the run folder")
    parser.add_argument(
        "--begin-with", type=Path, metavar="KERAS", help="a siamese.keras to go on from"
    )
    parser.add_argument(
        "--disturb",
        choices=("light", "door"),
        default="light",
        help="door: half of the pictures also dark, coloured, hidden, blurred, coarse or noisy",
    )
    parser.add_argument("--resume", action="store_true", help="go on with the run in --out")
    parser.add_argument("--held-out-share", type=_share, default=0.15, metavar="X")
    parser.add_argument("--batch", type=_positive, default=batch, metavar="N", help="crops a step")
    parser.add_argument("--steps", type=_positive, default=steps, metavar="N", help="per epoch")
    parser.add_argument("--seed", type=int, default=0, metavar="N")


def _add_data(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--data",
        type=Path,
        nargs="+",
        required=True,
        metavar="PATH",
        help="tars of crops, folders with a folder per person, data/{anchor,positive,negative}; "
        "for --task pictures folders or zips with a folder per class; or one folder of tars, "
        "which fit reads as it needs them",
    )


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise ValueError(text)
    return number


def _count(text: str) -> int:
    number = int(text)
    if number < 0:
        raise ValueError(text)
    return number


def _several(text: str) -> int:
    number = int(text)
    if number < 2:
        raise ValueError(text)
    return number


def _weight(text: str) -> float:
    weight = float(text)
    if not 0.0 <= weight < float("inf"):
        raise ValueError(text)
    return weight


def _goal(text: str) -> Embedder:
    path, _, weight = text.partition("=")
    return Embedder(Path(path), float(weight or 1.0))


def _share(text: str) -> float:
    share = float(text)
    if not 0.0 < share < 1.0:
        raise ValueError(text)
    return share
