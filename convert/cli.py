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
from typing import TYPE_CHECKING, NoReturn

from convert.passphrase import passphrase
from edge.contract.errors import EngineError, MissingError, OnelookError, OutputError, UsageError

if TYPE_CHECKING:
    from edge.contract.signing import Trust

_ABOUT = "A trained siamese network -> a bundle of int8 networks that a door can trust."

_EXAMPLES = """\
examples:
  convert build runs/face -o models/faces        with the people that the run held out
  convert build runs/face -o models/faces --people others.tar --target-fmr 1e-5
  convert variants runs/face                     what int8 saves and costs
  convert inspect models/faces
  convert verify models/faces
  convert rates models/faces --people others.tar
  convert keygen -o owner.key && convert keygen -o signing.key
  convert keys signing.pub --owner owner.key -o keys.json
  convert sign models/faces --key signing.key

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


def _build(args: argparse.Namespace) -> int:
    from convert.write import check_target, write_bundle, write_text

    check_target(args.output, force=args.force)
    _make_folder(args.report, "--report")
    from convert import report
    from convert.build import Order, build

    order = Order(
        source=args.source,
        calibration=tuple(args.calibration),
        people=tuple(args.people),
        threshold_people=tuple(args.threshold_people),
        test_people=tuple(args.test_people),
        held_out_share=args.held_out_share,
        target_fmr=args.target_fmr,
        name=args.name,
        serial=args.serial,
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
    from convert import network, report
    from edge.contract.bundle import EMBEDDING, load_bundle
    from edge.contract.signing import UNCHECKED

    bundle = load_bundle(args.bundle, UNCHECKED)
    manifest, found = bundle.manifest, network.operators(bundle.files[EMBEDDING])
    document = report.document(manifest) | {"network": network.document(found)}
    text = "\n".join([report.description(manifest), "", *network.table(found)])
    return _publish(args, document, text)


def _verify(args: argparse.Namespace) -> int:
    from convert.verify import verify

    manifest, found = verify(args.bundle, _trust(args))
    document = {
        "schema": "onelook.verify/1",
        "ok": True,
        "name": manifest.name,
        "serial": manifest.serial,
        "model": manifest.model,
        "checks": found,
    }
    return _publish(args, document, "\n".join(f"{name:<10} {text}" for name, text in found.items()))


def _rates(args: argparse.Namespace) -> int:
    from convert.remeasure import remeasure, told

    document = remeasure(args.bundle, args.people, args.pairs)
    return _publish(args, document, told(document))


def _diff(args: argparse.Namespace) -> int:
    from convert.diff import diff, told

    document = diff(args.bundle, args.other, args.people)
    _publish(args, document, told(document))
    return 0 if document["equal"] else 1


def _bench(args: argparse.Namespace) -> int:
    from convert.bench import bench, told

    document = bench(args.bundle, args.runs)
    return _publish(args, document, told(document))


def _variants(args: argparse.Namespace) -> int:
    from convert.variants import Ask, told, variants
    from convert.write import replace_file

    _make_folder(args.output, "-o")
    ask = Ask(
        args.source, tuple(args.people), tuple(args.calibration), args.held_out_share, args.runs
    )
    document, files = variants(ask, _say)
    if args.output:
        for kind, data in files.items():
            replace_file(args.output / f"{kind}.tflite", data)
    return _publish(args, document, told(document))


def _keygen(args: argparse.Namespace) -> int:
    from convert.keys import generate
    from convert.write import replace_file
    from edge.contract.signing import key_id, owner_text, public_bytes

    phrase = passphrase(args.passphrase_file, twice=True, none=args.no_passphrase)
    public = public_bytes(generate(args.key, phrase))
    beside = args.key.with_suffix(".pub")
    replace_file(beside, owner_text(public))
    document = {
        "schema": "onelook.keygen/1",
        "ok": True,
        "id": key_id(public),
        "key": str(args.key),
        "public": str(beside),
    }
    return _publish(args, document, f"key {key_id(public)}\n{args.key}\n{beside}")


def _keys(args: argparse.Namespace) -> int:
    from convert.keys import load_private
    from convert.write import replace_file
    from edge.contract.signing import key_id, make_key_list, read_owner

    publics = [read_owner(_bytes_of(path), where=str(path)) for path in args.public]
    owner = load_private(args.owner, _phrase_for(args, args.owner))
    replace_file(args.output, make_key_list(args.serial, publics, owner))
    document = {
        "schema": "onelook.keys/1",
        "ok": True,
        "serial": args.serial,
        "keys": [key_id(public) for public in publics],
    }
    return _publish(args, document, f"{args.output}, serial {args.serial}")


def _sign(args: argparse.Namespace) -> int:
    from convert.keys import load_private
    from convert.sign import sign_bundle

    name = sign_bundle(args.bundle, load_private(args.key, _phrase_for(args, args.key)))
    document = {"schema": "onelook.sign/1", "ok": True, "key": name}
    return _publish(args, document, f"{args.bundle}: signed with the key {name}")


def _phrase_for(args: argparse.Namespace, key: Path) -> bytes:
    from convert.keys import needs_passphrase

    return passphrase(args.passphrase_file, twice=False, none=not needs_passphrase(key))


def _trust(args: argparse.Namespace) -> Trust:
    """Whose signature `verify` asks for; without --owner and --keys it asks for none."""
    from edge.contract.signing import UNCHECKED, Trust, read_key_list, read_owner

    if not args.keys:
        return UNCHECKED
    owner_file = args.owner or args.keys.with_name("owner.pub")
    owner = read_owner(_bytes_of(owner_file), where=str(owner_file))
    return Trust(read_key_list(_bytes_of(args.keys), owner, where=str(args.keys)).keys)


def _bytes_of(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as e:
        raise MissingError(f"{path}: cannot be read ({e.strerror})", remedy="check the path") from e


def _make_folder(folder: Path | None, option: str) -> None:
    """Now, so that no minutes are spent on what cannot be written."""
    if folder is None:
        return
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as e:
        raise OutputError(
            f"{folder}: cannot be written ({e.strerror})",
            remedy=f"name another folder with {option}",
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
    _add_variants(commands)
    _add_bundle(commands, "inspect", "say what a bundle holds; runs nothing", _inspect)
    verify = _add_bundle(
        commands, "verify", "load a bundle as a door does and run its golden inputs", _verify
    )
    verify.add_argument(
        "--keys", type=Path, metavar="FILE", help="a keys.json: one of its keys must have signed"
    )
    verify.add_argument(
        "--owner", type=Path, metavar="FILE", help="who signed that list; else owner.pub beside it"
    )
    diff = _add_bundle(commands, "diff", "say how another bundle differs from one", _diff)
    diff.add_argument("other", type=Path, metavar="OTHER", help="the other bundle")
    diff.add_argument(
        "--people",
        nargs="+",
        default=[],
        metavar="PATH[@LIST]",
        help="compare the verdicts of both on their pairs, too",
    )
    bench = _add_bundle(commands, "bench", "measure a bundle's speed on this machine", _bench)
    bench.add_argument("--runs", type=_positive, default=200, metavar="N", help="else 200")
    sign = _add_bundle(commands, "sign", "sign a bundle, so that a door takes it", _sign)
    sign.add_argument("--key", type=Path, required=True, metavar="FILE", help="of `keygen`")
    _add_passphrase(sign)
    _add_keys(commands)
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
    build.add_argument("--card", type=Path, metavar="FILE", help="a model card to put in")
    build.add_argument("--force", action="store_true", help="replace the bundle in BUNDLE")
    build.add_argument("--report", type=Path, metavar="DIR", help="where to write figures and plot")
    _add_common(build)
    build.set_defaults(run=_build)


def _add_variants(commands: argparse._SubParsersAction[_Parser]) -> None:
    command = commands.add_parser(
        "variants",
        help="compare float32, float16, dynamic and int8 of one network",
        allow_abbrev=False,
    )
    command.add_argument("source", type=Path, metavar="RUN", help="a run folder, or a .keras file")
    command.add_argument("-o", "--output", type=Path, metavar="DIR", help="keep the files there")
    for option, about in (
        ("--people", "to measure on; else the people whom the run held out"),
        ("--calibration", "to take the ranges of int8 from; else the run's own data"),
    ):
        command.add_argument(option, nargs="+", default=[], metavar="PATH[@LIST]", help=about)
    command.add_argument("--held-out-share", type=_share, metavar="X", help="else as the run")
    command.add_argument("--runs", type=_positive, default=100, metavar="N", help="else 100")
    _add_common(command)
    command.set_defaults(run=_variants)


def _add_keys(commands: argparse._SubParsersAction[_Parser]) -> None:
    keygen = commands.add_parser(
        "keygen", help="make a key to sign with, or an owner's", allow_abbrev=False
    )
    keygen.add_argument("-o", "--output", dest="key", type=Path, required=True, metavar="FILE")
    keygen.add_argument("--no-passphrase", action="store_true", help="the file is the secret")
    _add_passphrase(keygen)
    keygen.set_defaults(run=_keygen)
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
    keys.set_defaults(run=_keys)
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
