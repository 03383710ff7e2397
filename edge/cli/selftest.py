"""`onelook pi-selftest`: what this board really does, as a table that can be shared."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from edge.cli.arguments import Commands
from edge.cli.output import Palette, note, publish
from edge.config import Config, load_config
from edge.contract.errors import OutputError, UsageError

if TYPE_CHECKING:
    from edge.selftest import Measurement

_GRACE_S = 5.0  # to step back from the door, or to think again
_EVERY_S = 0.1
_WIPE = "\r\033[K"
# Option -> the least, the usual number, and of what.
_COUNTS = {
    "frames": (2, 100, "frames of the camera in a row"),
    "runs": (1, 200, "looks, and embeddings"),
    "pulses": (1, 20, "pulses of the lock, with --line"),
}


def register(commands: Commands) -> None:
    """Add what this module holds to the parser."""
    selftest = commands.add(
        "pi-selftest",
        summary="measure what this board really does; the lock stays shut without --line",
        example="sudo onelook pi-selftest --csv pi4.csv",
        run=_selftest,
    )
    for name, (least, usual, of) in _COUNTS.items():
        selftest.add_argument(
            f"--{name}",
            type=int,
            default=usual,
            metavar="N",
            help=f"{of} (from {least} on; {usual})",
        )
    selftest.add_argument(
        "--line", action="store_true", help="OPENS THE LOCK: measure its line through a wire"
    )
    selftest.add_argument(
        "--loop-back", metavar="GPIO", help="the free pin that the lock's is joined to, as GPIO24"
    )
    selftest.add_argument(
        "--after-boot",
        action="store_true",
        help="only what the lock's line is now, see docs/selftest.md",
    )
    selftest.add_argument("--csv", type=Path, metavar="FILE", help="write the rows to a new file")


def _selftest(args: argparse.Namespace) -> int:
    config = load_config(args.config)
    _require_sense(args)
    from edge.selftest import State
    from edge.selftest.busy import require_idle
    from edge.selftest.parts import require_free
    from edge.selftest.table import document, lines, write_csv

    if args.line:
        require_free(config, args.loop_back)
    require_idle(config)
    with _new_file(args.csv) as file:
        progress = _Progress(sys.stderr)
        rows = list(_taken(config, args, progress))
        progress.end()
        if file is not None:
            write_csv(rows, file)
    colours = Palette(sys.stdout, args.color)
    paint: dict[State, Callable[[str], str]] = {
        State.MEASURED: lambda text: text,
        State.PROBLEM: colours.bad,
        State.UNKNOWN: colours.faint,
        State.NOT_MEASURED: colours.faint,
    }
    told = lines(rows, paint)
    count = {state: sum(row.state is state for row in rows) for state in State}
    told += ["", ", ".join(f"{n} {state.value}" for state, n in count.items())]
    if args.csv is not None:
        told.append(f"written: {args.csv}")
    return publish(
        args,
        "pi-selftest",
        told,
        ok=count[State.PROBLEM] == 0,
        measurements=[document(row) for row in rows],
    )


def _taken(config: Config, args: argparse.Namespace, progress: _Progress) -> Iterator[Measurement]:
    from edge.selftest.parts import Asked, after_start, everything

    if args.after_boot:
        return after_start(config)
    if args.line:
        _warn(config, args.pulses)
    asked = Asked(args.frames, args.runs, args.pulses, args.loop_back or "")
    return everything(config, asked, progress)


def _warn(config: Config, pulses: int) -> None:
    """Once more before the lock opens; from now on a signal ends this with the lock off."""
    from edge.demo.stage import end_on_signals

    end_on_signals()
    note(
        f"WARNING: the lock on {config.door.lock_pin} OPENS {pulses + 1} times, beginning in "
        f"{_GRACE_S:.0f} s. Stay at the door until it is done; Control-C stops it."
    )
    time.sleep(_GRACE_S)


def _require_sense(args: argparse.Namespace) -> None:
    """Raises: UsageError: too few of something, or half of what the lock's line needs."""
    for name, (least, usual, _) in _COUNTS.items():
        if vars(args)[name] < least:
            raise UsageError(f"--{name} is at least {least}.", remedy=f"{usual} is usual.")
    if args.line != (args.loop_back is not None):
        raise UsageError(
            "--line and --loop-back go together: the lock opens, and a wire tells of it.",
            remedy="onelook pi-selftest --line --loop-back GPIO24, or neither.",
        )
    if args.line and args.after_boot:
        raise UsageError(
            "--after-boot only reads, --line opens the lock.", remedy="Give one of them."
        )


@contextmanager
def _new_file(path: Path | None) -> Iterator[TextIO | None]:
    """Made before the work, which takes minutes, and removed again if that ends early.

    Raises:
        OutputError: it exists, or cannot be made.
    """
    if path is None:
        yield None
        return
    try:
        file = path.open("x", encoding="utf-8", newline="")
    except OSError as e:
        raise OutputError(
            f"{path}: cannot be written ({e.strerror}).", remedy="Name a new file."
        ) from e
    try:
        with file:
            yield file
    except BaseException:
        path.unlink(missing_ok=True)
        raise


class _Progress:
    """What is being measured: a line for each, which on a terminal counts up and goes away."""

    def __init__(self, stream: TextIO) -> None:
        self._stream, self._terminal = stream, stream.isatty()
        self._what, self._told = "", 0.0

    def __call__(self, what: str, done: int, of: int) -> None:
        now = time.monotonic()
        if what == self._what and not (self._terminal and now - self._told > _EVERY_S):
            return
        self._what, self._told = what, now
        said = f"{what}: {done} of {of}"
        self._stream.write(f"{_WIPE}{said}" if self._terminal else f"{what}: {of}\n")
        self._stream.flush()

    def end(self) -> None:
        """Nothing more comes."""
        if self._terminal:
            self._stream.write(_WIPE)
            self._stream.flush()
