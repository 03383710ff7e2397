"""`convert`: reads the command line, runs one command, and alone prints its error."""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import sys
import traceback
from collections.abc import Callable, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import NoReturn

from convert import command
from edge.contract.errors import EngineError, OnelookError, UsageError
from edge.contract.geometry import CROP_SIZE

_ABOUT = "A trained siamese network -> a bundle of int8 networks that a door can trust."

_EXAMPLES = """\
examples:
  convert build runs/face -o models/faces        with the people that the run held out
  convert build runs/face -o models/faces --people others.tar --target-fmr 1e-5
  convert variants runs/face                     what int8 saves and costs
  convert inspect models/faces
  convert verify models/faces
  convert keygen -o owner.key && convert keygen -o signing.key
  convert keys signing.pub --owner owner.key -o keys.json
  convert sign models/faces --key signing.key

exit codes:
  0 done    1 a gate said no   2 usage     65 unreadable input   66 not found
  70 a fault of onelook itself 73 cannot write   81 bundle   84 no TensorFlow

ImageMagick has a `convert` too: `onelook-convert` and `python -m convert` are this one.
"""

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
        sys.stdout.flush()  # a reader that is gone shows here, not on the way out
    except OnelookError as e:
        return _report(e, as_json="--json" in given)
    except BrokenPipeError:
        # The reader has gone (`convert inspect | head`): nothing may be flushed at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
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
    _add_import(commands)
    _add_locator(commands)
    _add_variants(commands)
    _add_bundle(
        commands, "inspect", "say what a bundle holds; runs nothing", command.inspect_command
    )
    verify = _add_bundle(
        commands,
        "verify",
        "load a bundle as a door does and run its golden inputs",
        command.verify_command,
    )
    verify.add_argument(
        "--keys", type=Path, metavar="FILE", help="a keys.json: one of its keys must have signed"
    )
    verify.add_argument(
        "--owner", type=Path, metavar="FILE", help="who signed that list; else owner.pub beside it"
    )
    diff = _add_bundle(
        commands, "diff", "say how another bundle differs from one", command.diff_command
    )
    diff.add_argument("other", type=Path, metavar="OTHER", help="the other bundle")
    diff.add_argument(
        "--people",
        nargs="+",
        default=[],
        metavar="PATH[@LIST]",
        help="compare the verdicts of both on their pairs, too",
    )
    bench = _add_bundle(
        commands, "bench", "measure a bundle's speed on this machine", command.bench_command
    )
    bench.add_argument("--runs", type=_positive, default=200, metavar="N", help="else 200")
    bench.add_argument(
        "--mobilenetv2", action="store_true", help="beside a network that many know; takes minutes"
    )
    sign = _add_bundle(
        commands, "sign", "sign a bundle, so that a door takes it", command.sign_command
    )
    sign.add_argument("--key", type=Path, required=True, metavar="FILE", help="of `keygen`")
    _add_passphrase(sign)
    _add_keys(commands)
    return parser


def _add_import(commands: argparse._SubParsersAction[_Parser]) -> None:
    imported = commands.add_parser(
        "import", help="make a run of somebody else's network, to build from", allow_abbrev=False
    )
    imported.add_argument("network", type=Path, metavar="NET", help="an .onnx or .keras file")
    imported.add_argument("-o", "--output", type=Path, required=True, metavar="RUN")
    imported.add_argument(
        "--preprocessing",
        required=True,
        choices=("imagenet", "127.5", "128", "255", "none"),
        help="what it wants of pixels x: imagenet: its mean and deviation; 127.5, 128: "
        "(x - 127.5) / that; 255: x / 255; none: x",
    )
    imported.add_argument("--bgr", action="store_true", help="it wants blue, green, red")
    imported.add_argument(
        "--view",
        type=_view,
        default=(0, 0, 112),
        metavar="LEFT,TOP,SIDE",
        help="the square of our 112x112 crop that it shall see, else all of it",
    )
    imported.add_argument(
        "--people",
        nargs="+",
        required=True,
        metavar="PATH[@LIST]",
        help="faces to calibrate its distance on; of nobody whom it was trained on",
    )
    imported.add_argument(
        "--licence", default="", metavar="TEXT", help="of its weights; kept in the bundle"
    )
    imported.add_argument("--json", action="store_true", help="one JSON document on stdout")
    imported.set_defaults(run=command.import_command)


def _add_locator(commands: argparse._SubParsersAction[_Parser]) -> None:
    locator = commands.add_parser(
        "locator", help="the locator's networks in int8", allow_abbrev=False
    )
    locator.add_argument("source", type=Path, metavar="RUN", help="of `python -m train locate fit`")
    locator.add_argument("-o", "--output", type=Path, required=True, metavar="DIR")
    locator.add_argument(
        "--scenes", type=Path, nargs="+", required=True, metavar="TAR", help="to calibrate with"
    )
    locator.add_argument("--json", action="store_true", help="one JSON document on stdout")
    locator.set_defaults(run=command.locator_command)


def _add_build(commands: argparse._SubParsersAction[_Parser]) -> None:
    build = commands.add_parser(
        "build", help="make a bundle, or say why a door must not have it", allow_abbrev=False
    )
    build.add_argument("source", type=Path, metavar="RUN", help="a run folder, or a .keras file")
    build.add_argument("-o", "--output", type=Path, required=True, metavar="BUNDLE")
    groups = {
        "--people": "to measure on: one half chooses the thresholds, the other tests them; else "
        "the people whom the run held out",
        "--threshold-people": "instead of --people: who choose the thresholds",
        "--test-people": "with --threshold-people: others, whom these are tested on",
        "--calibration": "to take the ranges of int8 from; else the run's own data",
    }
    for option, about in groups.items():
        build.add_argument(option, nargs="+", default=[], metavar="PATH[@LIST]", help=about)
    build.add_argument(
        "--held-out-share",
        type=_share,
        metavar="X",
        help="of the people, to measure on; else as the run",
    )
    build.add_argument(
        "--target-fmr",
        type=_share,
        metavar="X",
        help="of the level normal for one person; else 1e-4, or the lowest that the people show",
    )
    build.add_argument("--name", type=_name, default="face-1", metavar="NAME", help="else face-1")
    build.add_argument(
        "--serial", type=_positive, default=1, metavar="N", help="rises with every release; else 1"
    )
    build.add_argument(
        "--locator",
        type=Path,
        metavar="DIR",
        help="for faces: made by `convert locator`, or a bundle; else the one that is shipped",
    )
    build.add_argument("--card", type=Path, metavar="FILE", help="a model card to put in")
    build.add_argument("--force", action="store_true", help="replace the bundle in BUNDLE")
    build.add_argument("--report", type=Path, metavar="DIR", help="where to write figures and plot")
    _add_common(build)
    build.set_defaults(run=command.build_command)


def _add_variants(commands: argparse._SubParsersAction[_Parser]) -> None:
    variants = commands.add_parser(
        "variants",
        help="compare float32, float16, dynamic and int8 of one network",
        allow_abbrev=False,
    )
    variants.add_argument("source", type=Path, metavar="RUN", help="a run folder, or a .keras file")
    variants.add_argument("-o", "--output", type=Path, metavar="DIR", help="keep the files there")
    for option, about in (
        ("--people", "to measure on; else the people whom the run held out"),
        ("--calibration", "to take the ranges of int8 from; else the run's own data"),
    ):
        variants.add_argument(option, nargs="+", default=[], metavar="PATH[@LIST]", help=about)
    variants.add_argument("--held-out-share", type=_share, metavar="X", help="else as the run")
    variants.add_argument("--runs", type=_positive, default=100, metavar="N", help="else 100")
    _add_common(variants)
    variants.set_defaults(run=command.variants_command)


def _add_keys(commands: argparse._SubParsersAction[_Parser]) -> None:
    keygen = commands.add_parser(
        "keygen", help="make a key to sign with, or an owner's", allow_abbrev=False
    )
    keygen.add_argument("-o", "--output", dest="key", type=Path, required=True, metavar="FILE")
    keygen.add_argument("--no-passphrase", action="store_true", help="the file is the secret")
    _add_passphrase(keygen)
    keygen.set_defaults(run=command.keygen_command)
    _add_common(keygen)
    keys = commands.add_parser(
        "keys", help="make the list of keys that doors shall trust", allow_abbrev=False
    )
    keys.add_argument(
        "public", type=Path, nargs="+", metavar="PUBLIC", help="one or two .pub files"
    )
    keys.add_argument("--owner", type=Path, required=True, metavar="FILE", help="the owner's key")
    keys.add_argument("-o", "--output", type=Path, required=True, metavar="KEYS")
    keys.add_argument(
        "--serial", type=_positive, default=1, metavar="N", help="rises with every list; else 1"
    )
    _add_passphrase(keys)
    keys.set_defaults(run=command.keys_command)
    _add_common(keys)


def _add_passphrase(parser: _Parser) -> None:
    parser.add_argument(
        "--passphrase-file", type=Path, metavar="FILE", help="else it is asked for at the terminal"
    )


def _add_bundle(
    commands: argparse._SubParsersAction[_Parser],
    name: str,
    summary: str,
    run: Callable[[argparse.Namespace], int],
) -> _Parser:
    parser = commands.add_parser(name, help=summary, allow_abbrev=False)
    parser.add_argument("bundle", type=Path, metavar="BUNDLE", help="the folder of a bundle")
    _add_common(parser)
    parser.set_defaults(run=run)
    return parser


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


def _view(text: str) -> tuple[int, int, int]:
    left, top, side = (int(number) for number in text.split(","))
    if min(left, top) < 0 or side < 1 or max(left, top) + side > CROP_SIZE:
        raise ValueError(text)
    return left, top, side
