"""The parser of `onelook`: no abbreviations, common options anywhere, faults as our own errors."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NoReturn

from edge.config.durations import parse_duration
from edge.contract.errors import UsageError

Run = Callable[[argparse.Namespace], int]


class Parser(argparse.ArgumentParser):
    """Takes full option names only, and raises UsageError instead of leaving the process."""

    def __init__(self, **settings: object) -> None:
        settings.setdefault("allow_abbrev", False)
        settings.setdefault("formatter_class", argparse.RawDescriptionHelpFormatter)
        super().__init__(**settings)  # type: ignore[arg-type]
        # `enroll Ada --add ada.jpg`: options between arguments. Off for parsers with commands,
        # which argparse cannot take apart in that way.
        self.intermixed = False

    def parse_known_args(  # type: ignore[override]
        self, args: Sequence[str] | None = None, namespace: argparse.Namespace | None = None
    ) -> tuple[argparse.Namespace, list[str]]:
        if not self.intermixed:
            return super().parse_known_args(args, namespace)
        self.intermixed = False  # argparse comes back here for each half of the work
        try:
            return self.parse_known_intermixed_args(args, namespace)
        finally:
            self.intermixed = True

    def error(self, message: str) -> NoReturn:
        raise UsageError(f"{message}.", remedy=f"See: {self.prog} --help")


class Commands:
    """The commands of one level, each with a sentence, an example, and a function that runs it."""

    def __init__(self, parser: argparse.ArgumentParser, *, title: str) -> None:
        self._subparsers: argparse._SubParsersAction[Parser] = parser.add_subparsers(
            metavar="COMMAND", required=True, title=title, parser_class=Parser
        )

    def add(self, name: str, *, summary: str, example: str, run: Run | None) -> Parser:
        """A new command. `run` is None for a command that only has commands of its own."""
        parser = self._subparsers.add_parser(
            name,
            help=summary,
            description=summary[0].upper() + summary[1:] + ".",
            epilog=f"example:\n  {example}",
        )
        add_common(parser)
        if run is not None:
            parser.set_defaults(run=run)
            parser.intermixed = True
        return parser


def add_common(parser: argparse.ArgumentParser) -> None:
    """The options that every command takes, before or after its name.

    They have no default here, so that the one given before the command is not overwritten by the
    default of the one that could have come after it.
    """
    common = parser.add_argument_group("common options")
    common.add_argument(
        "--config",
        type=Path,
        metavar="FILE",
        default=argparse.SUPPRESS,
        help="the configuration (else $ONELOOK_CONFIG, /etc/onelook/onelook.toml, the defaults)",
    )
    common.add_argument(
        "--json",
        action="store_true",
        default=argparse.SUPPRESS,
        help="print exactly one JSON document, errors included",
    )
    common.add_argument(
        "--color",
        choices=("auto", "always", "never"),
        default=argparse.SUPPRESS,
        help="auto: on a terminal, unless NO_COLOR is set",
    )
    common.add_argument(
        "-v",
        "--verbose",
        action="store_true",
        default=argparse.SUPPRESS,
        help="show the traceback of a fault in the program itself",
    )


COMMON_DEFAULTS = {"config": None, "json": False, "color": "auto", "verbose": False}


def duration(text: str) -> float:
    """An argument such as "200ms" or "5s", in seconds."""
    try:
        return parse_duration(text)
    except ValueError as e:
        raise argparse.ArgumentTypeError(str(e)) from e
