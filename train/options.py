"""Options that several commands share, and the numbers they take."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

from edge.contract.errors import UsageError
from train.teacher import Embedder


class Parser(argparse.ArgumentParser):
    """Raises UsageError where argparse would print and exit."""

    def error(self, message: str) -> NoReturn:
        raise UsageError(f"{message}.", remedy=f"See: {self.prog} --help")


def add_run(parser: argparse.ArgumentParser, *, batch: int, steps: int) -> None:
    """The options of everything that trains."""
    add_data(parser)
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
    parser.add_argument("--held-out-share", type=share, default=0.15, metavar="X")
    parser.add_argument(
        "--batch", type=whole_number(1), default=batch, metavar="N", help="crops a step"
    )
    parser.add_argument(
        "--steps", type=whole_number(1), default=steps, metavar="N", help="per epoch"
    )
    parser.add_argument("--seed", type=int, default=0, metavar="N")


def add_data(parser: argparse.ArgumentParser) -> None:
    """The option `--data` of everything that reads pictures to train on."""
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


def whole_number(least: int) -> Callable[[str], int]:
    """What reads a whole number from `least`."""

    def read(text: str) -> int:
        if not text.isdecimal() or int(text) < least:
            raise argparse.ArgumentTypeError(f"{text!r} is no whole number from {least}")
        return int(text)

    return read


def weight(text: str) -> float:
    """A finite number from 0."""
    number = float(text)
    if not 0.0 <= number < float("inf"):
        raise ValueError(text)
    return number


def goal(text: str) -> Embedder:
    """ONNX, or ONNX=WEIGHT."""
    path, _, factor = text.partition("=")
    return Embedder(Path(path), float(factor or 1.0))


def share(text: str) -> float:
    """A number between 0 and 1, without both."""
    number = float(text)
    if not 0.0 < number < 1.0:
        raise ValueError(text)
    return number
