"""The command line of `python -m train locate`."""

from __future__ import annotations

import argparse
from pathlib import Path

from train.options import Parser, whole_number


def add_locate(commands: argparse._SubParsersAction[Parser]) -> None:
    """Its three commands, among those of `python -m train`."""
    locate = commands.add_parser("locate", help="the two networks that find faces in frames")
    parts = locate.add_subparsers(metavar="COMMAND", required=True, parser_class=Parser)
    _add_fit(parts)
    _add_evaluate(parts)
    _add_gates(parts)


def _add_fit(parts: argparse._SubParsersAction[Parser]) -> None:
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
    fit.add_argument("--epochs", type=whole_number(1), default=30, metavar="N")
    fit.add_argument("--steps", type=whole_number(1), default=200, metavar="N", help="per epoch")
    fit.add_argument("--batch", type=whole_number(1), default=16, metavar="N")
    fit.add_argument(
        "--pictures",
        type=whole_number(1),
        default=12000,
        metavar="N",
        help="pointer: pictures that are composed and searched for faces, before the first step",
    )
    fit.add_argument("--rate", type=float, default=2e-3, metavar="X")
    fit.add_argument("--seed", type=int, default=0, metavar="N")
    fit.set_defaults(run=_fit)


def _add_evaluate(parts: argparse._SubParsersAction[Parser]) -> None:
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
    measure.set_defaults(run=_evaluate)


def _add_gates(parts: argparse._SubParsersAction[Parser]) -> None:
    gates = parts.add_parser(
        "gates", help="what a bundle's quality gates refuse of good and of spoilt photographs"
    )
    gates.add_argument("--model", type=Path, required=True, metavar="BUNDLE")
    gates.add_argument(
        "--photos", type=Path, nargs="+", required=True, metavar="PATH", help="as train evaluate"
    )
    _add_results(gates)
    gates.set_defaults(run=_gates)


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


def _fit(args: argparse.Namespace) -> int:
    from train.locate.command import fit_command

    return fit_command(args)


def _evaluate(args: argparse.Namespace) -> int:
    from train.locate.command import evaluate_command

    return evaluate_command(args)


def _gates(args: argparse.Namespace) -> int:
    from train.locate.command import gates_command

    return gates_command(args)
