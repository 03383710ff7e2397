"""`onelook`: reads the command line, runs one command, and alone prints its error."""

from __future__ import annotations

import argparse
import os
import sys
import traceback
from collections.abc import Sequence

from edge import __version__
from edge.cli import (
    backup,
    calibrate,
    config,
    control,
    demo,
    doctor,
    edit,
    enroll,
    events,
    gallery,
    locate,
    log,
    model,
    mqtt,
    people,
    recognise,
    reports,
    selftest,
    service,
    test,
    version,
    wiring,
)
from edge.cli.arguments import COMMON_DEFAULTS, Commands, Parser, add_common
from edge.cli.output import report
from edge.contract.errors import OnelookError

_ABOUT = """\
A face lock: one press, one look, the door opens for the people who may come in.

A printed photograph may open a lock with one camera: do not let it guard more than
a lock that a picture may open should guard.
"""

_EXAMPLES = """\
examples:
  onelook demo                        the whole door, played on this machine
  onelook enroll Ada ada.jpg          let Ada in; one photograph is enough
  onelook test visitor.jpg            would the door open? moves nothing
  onelook config check                every fault of the configuration at once

exit codes:
  0 done, or granted   1 a clear "no"   2 usage     65 unreadable input   66 not found
  69 no answer         73 cannot write  74 storage  75 busy               76 versions
  77 permissions       78 configuration 80 no usable face                 81 bundle
  82 camera            83 pins          84 engine   70 a fault of onelook itself
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit code."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    # One thread for the few thousand multiplications of a match: BLAS's own would wait for each
    # other on a busy machine, 19 ms instead of 0.1. Read by numpy at its import, hence here.
    for variable in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ.setdefault(variable, "1")
    args = argparse.Namespace(**COMMON_DEFAULTS)
    as_json = "--json" in given  # known even when the rest cannot be parsed
    try:
        parser_of().parse_args(given, args)
        code: int = args.run(args)
    except OnelookError as e:
        return report(e, as_json=as_json)
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        # The reader has gone (`onelook list | head`): no fault, but nothing may be flushed at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except Exception as e:  # noqa: BLE001 - nobody foresaw it: one message, not a page of code
        return report(_fault(e, verbose=args.verbose), as_json=as_json)
    return code


class _FaultError(OnelookError):
    """A fault of the program, not of what it was given."""

    exit_code = 70
    code = "software"


def _fault(error: Exception, *, verbose: bool) -> _FaultError:
    if verbose:
        traceback.print_exception(error)
    frame = traceback.extract_tb(error.__traceback__)[-1]
    return _FaultError(
        f"a fault in the program itself: {type(error).__name__}: {error}",
        why=f"At {frame.filename}:{frame.lineno}, in {frame.name}.",
        remedy="Please report it together with the output of the same command with --verbose.",
    )


def parser_of() -> Parser:
    """The parser of `onelook`, with every command."""
    parser = Parser(prog="onelook", description=_ABOUT, epilog=_EXAMPLES)
    parser.add_argument("--version", action="version", version=f"onelook {__version__}")
    add_common(parser)
    commands = Commands(parser, title="commands")
    demo.register(commands)
    enroll.register(commands)
    people.register(commands)
    edit.register(commands)
    backup.register(commands)
    gallery.register(commands)
    control.register(commands)
    events.register(commands)
    log.register(commands)
    reports.register(commands)
    calibrate.register(commands)
    test.register(commands)
    locate.register(commands)
    recognise.register(commands)
    model.register(commands)
    config.register(commands)
    wiring.register(commands)
    doctor.register(commands)
    selftest.register(commands)
    version.register(commands)
    service.register(commands)
    mqtt.register(commands)
    return parser
