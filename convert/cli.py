"""`convert`: reads the command line, runs one command, and alone prints its error."""

from __future__ import annotations

import argparse
import json
import re
import shutil
import sys
import traceback
from collections.abc import Callable, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import NoReturn

from edge.contract.errors import EngineError, OnelookError, OutputError, UsageError

_ABOUT = "A trained siamese network -> a bundle of int8 networks that a door can trust."

_EXAMPLES = """\
examples:
  convert build runs/face -o models/face-1        with the people that the run held out
  convert build runs/face -o models/face-1 --people others.tar --target-fmr 1e-5
  convert inspect models/face-1
  convert verify models/face-1
  convert rates models/face-1 --people others.tar

exit codes:
  0 done    1 a gate said no   2 usage     65 unreadable input   66 not found
  70 a fault of onelook itself 73 cannot write   81 bundle   84 no TensorFlow

ImageMagick has a `convert` too: `onelook-convert` and `python -m convert` are this one.
"""

_DOCUMENT = "convert.json"
_WORKSTATION = frozenset({"ai_edge_litert", "keras", "matplotlib", "scipy", "tensorflow"})


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise UsageError(f"{message}.", remedy=f"See: {self.prog} --help")


class _FaultError(OnelookError):
    """A fault of the program, not of what it was given."""

    exit_code = 70
    code = "software"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit code."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    try:
        args = _parser().parse_args(given)
        code: int = args.run(args)
    except OnelookError as e:
        return _report(e, as_json="--json" in given)
    except KeyboardInterrupt:
        sys.stderr.write("convert: interrupted; nothing was written\n")
        return 130
    except ModuleNotFoundError as e:
        return _report(_missing(e), as_json="--json" in given)
    except Exception as e:  # noqa: BLE001 - nobody foresaw it: one message, not a page of code
        if "--verbose" in given:
            traceback.print_exception(e)
        return _report(_fault(e), as_json="--json" in given)
    return code


def _build(args: argparse.Namespace) -> int:
    from convert.write import check_target, write_bundle, write_text

    check_target(args.output, force=args.force)
    _make_folder(args.report)
    from convert import report
    from convert.build import Order, build

    order = Order(
        source=args.source,
        calibration=tuple(args.calibration or args.people),
        people=tuple(args.people),
        held_out_share=args.held_out_share,
        target_fmr=args.target_fmr,
        name=args.name,
        version=args.bundle_version,
        card=args.card,
    )
    built = build(order, _say)
    document = report.document(built.manifest)
    if args.report:
        write_text(args.report / _DOCUMENT, json.dumps(document, indent=1) + "\n")
        report.write_plot(args.report, built)
    write_bundle(args.output, built.manifest, built.files, force=args.force)
    return _publish(args, document, f"{report.table(built)}\n\n{args.output}")


def _inspect(args: argparse.Namespace) -> int:
    from convert import report
    from edge.contract.bundle import load_bundle

    manifest = load_bundle(args.bundle).manifest
    return _publish(args, report.document(manifest), report.description(manifest))


def _verify(args: argparse.Namespace) -> int:
    from convert.verify import verify

    manifest, found = verify(args.bundle)
    document = {
        "schema": "onelook.verify/1",
        "ok": True,
        "name": manifest.name,
        "version": manifest.version,
        "model": manifest.model,
        "checks": found,
    }
    return _publish(args, document, "\n".join(f"{name:<10} {text}" for name, text in found.items()))


def _rates(args: argparse.Namespace) -> int:
    from convert.remeasure import remeasure, told

    document = remeasure(args.bundle, args.people, args.pairs)
    return _publish(args, document, told(document))


def _make_folder(folder: Path | None) -> None:
    """Now, so that no minutes are spent on what cannot be written."""
    if folder is None:
        return
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as e:
        raise OutputError(
            f"{folder}: cannot be written ({e.strerror})",
            remedy="name another folder with --report",
        ) from e


def _publish(args: argparse.Namespace, document: dict[str, object], text: str) -> int:
    print(json.dumps(document, indent=1) if args.json else text)
    return 0


def _say(line: str) -> None:
    print(f"convert: {line}", file=sys.stderr, flush=True)


def _report(error: OnelookError, *, as_json: bool) -> int:
    if as_json:
        document = {
            "schema": "onelook.error/1",
            "ok": False,
            "code": error.code,
            "exit": error.exit_code,
            "message": error.what,
            "why": error.why,
            "remedy": error.remedy,
        }
        print(json.dumps(document, indent=1))
    else:
        for line in (f"convert: {error.what}", error.why, error.remedy):
            if line:
                print(line, file=sys.stderr)
    return error.exit_code


def _missing(error: ModuleNotFoundError) -> OnelookError:
    if (error.name or "").partition(".")[0] not in _WORKSTATION:
        return _fault(error)
    return EngineError(
        f"{error.name} is not installed here",
        why="Conversion needs the libraries of the workstation, which a door does not have.",
        remedy="Install onelook[train], or in a checkout: make workstation",
    )


def _fault(error: Exception) -> OnelookError:
    frame = traceback.extract_tb(error.__traceback__)[-1]
    return _FaultError(
        f"a fault in the program itself: {type(error).__name__}: {error}",
        why=f"At {frame.filename}:{frame.lineno}, in {frame.name}.",
        remedy="Please report it together with the output of the same command with --verbose.",
    )


def _parser() -> _Parser:
    parser = _Parser(
        prog="convert",
        description=_ABOUT,
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=_version())
    commands = parser.add_subparsers(metavar="COMMAND", required=True, parser_class=_Parser)
    _add_build(commands)
    _add_bundle(commands, "inspect", "say what a bundle holds; runs nothing", _inspect)
    _add_bundle(commands, "verify", "load a bundle as a door does and run its self-test", _verify)
    rates = _add_bundle(commands, "rates", "measure a bundle's thresholds on other people", _rates)
    rates.add_argument(
        "--people",
        type=Path,
        nargs="+",
        required=True,
        metavar="PATH",
        help="faces of people who were not trained on: tars of crops or folders of people",
    )
    rates.add_argument("--pairs", type=Path, metavar="FILE", help="a list as LFW's pairs.txt")
    return parser


def _add_build(commands: argparse._SubParsersAction[_Parser]) -> None:
    build = commands.add_parser(
        "build", help="make a bundle, or say why a door must not have it", allow_abbrev=False
    )
    build.add_argument("source", type=Path, metavar="RUN", help="a run folder, or a .keras file")
    build.add_argument("-o", "--output", type=Path, required=True, metavar="BUNDLE")
    build.add_argument(
        "--people",
        type=Path,
        nargs="+",
        default=[],
        metavar="PATH",
        help="faces to measure on: tars of crops or folders of people; else the run's own data",
    )
    build.add_argument(
        "--calibration",
        type=Path,
        nargs="+",
        metavar="PATH",
        help="faces to take the ranges of int8 from; else the --people who are not measured on",
    )
    build.add_argument(
        "--held-out-share",
        type=_share,
        metavar="X",
        help="of the people, to measure on; else as the run",
    )
    build.add_argument("--target-fmr", type=_share, default=1e-4, metavar="X", help="else 1e-4")
    build.add_argument("--name", type=_name, default="face-1", metavar="NAME", help="else face-1")
    build.add_argument("--bundle-version", type=_positive, default=1, metavar="N", help="else 1")
    build.add_argument("--card", type=Path, metavar="FILE", help="a model card to put in")
    build.add_argument("--force", action="store_true", help="replace the bundle in BUNDLE")
    build.add_argument("--report", type=Path, metavar="DIR", help="where to write figures and plot")
    _add_common(build)
    build.set_defaults(run=_build)


def _add_bundle(
    commands: argparse._SubParsersAction[_Parser],
    name: str,
    summary: str,
    run: Callable[[argparse.Namespace], int],
) -> _Parser:
    command = commands.add_parser(name, help=summary, allow_abbrev=False)
    command.add_argument("bundle", type=Path, metavar="BUNDLE", help="the folder of a bundle")
    _add_common(command)
    command.set_defaults(run=run)
    return command


def _add_common(parser: _Parser) -> None:
    parser.add_argument("--json", action="store_true", help="print exactly one JSON document")
    parser.add_argument("--verbose", action="store_true", help="show the traceback of a fault")


def _version() -> str:
    """With the program that answers: another `convert` may stand first on the PATH."""
    try:
        number = version("onelook")
    except PackageNotFoundError:
        number = "(not installed)"
    started = Path(shutil.which(sys.argv[0]) or sys.argv[0]).resolve()
    return f"onelook convert {number}\n{started}"


def _share(text: str) -> float:
    try:
        share = float(text)
    except ValueError:
        share = 0.0
    if not 0.0 < share < 1.0:
        raise argparse.ArgumentTypeError(f"{text!r} is not a share between 0 and 1")
    return share


def _positive(text: str) -> int:
    if not re.fullmatch(r"[1-9][0-9]{0,8}", text):
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number above 0")
    return int(text)


def _name(text: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}", text):
        raise argparse.ArgumentTypeError(f"{text!r} is not a name of letters, digits and . _ -")
    return text
