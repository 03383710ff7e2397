"""`onelook run`, `eye` and `release`: the processes of the door, as systemd starts them."""

from __future__ import annotations

import argparse
import ctypes
import os
import signal
import sys
from functools import partial

from edge.cli.arguments import Commands
from edge.cli.output import publish
from edge.config import load_config
from edge.contract.errors import UnavailableError

_PR_SET_PDEATHSIG = 1  # prctl(2)


def register(commands: Commands) -> None:
    """Add what this module holds to the parser."""
    run = commands.add(
        "run",
        summary="the door: button, decision, lock (onelook.service starts it)",
        example="onelook run --config /etc/onelook/onelook.toml",
        run=_run,
    )
    run.add_argument(
        "--check",
        action="store_true",
        help="start everything that the door needs, meet its eye, say so and end; "
        "the service must not run meanwhile",
    )
    # For the demo and the tests: the far ends of the simulated pins' wires, see edge/door/wires.py.
    run.add_argument("--wires", type=int, metavar="FD", help=argparse.SUPPRESS)
    eye = commands.add(
        "eye",
        summary="the eye: camera and network (onelook-eye.service starts it)",
        example="onelook eye --config /etc/onelook/onelook.toml",
        run=_eye,
    )
    commands.add(
        "release",
        summary="drive the lock's line off (onelook.service does after every stop)",
        example="onelook release",
        run=_release,
    )
    hooks = commands.add(
        "hooks",
        summary="the owner's commands for what happens (onelook-hooks.service starts it)",
        example="onelook hooks --config /etc/onelook/onelook.toml",
        run=_hooks,
    )
    # For the tests: lines of the journal on stdin.
    hooks.add_argument("--stdin", action="store_true", help=argparse.SUPPRESS)
    for parser in (run, eye):
        parser.add_argument("--with-parent", type=int, metavar="PID", help=argparse.SUPPRESS)
        # A service's reader is its journal: whoever mends an unforeseen fault needs the traceback.
        parser.set_defaults(verbose=True)


def _run(args: argparse.Namespace) -> int:
    end_with(args.with_parent)
    from edge.door.service import check, run

    read = partial(load_config, args.config)
    config = read()
    if not args.check:
        return run(config, wires_fd=args.wires, read=read)
    check(config)
    return publish(args, "run", ["the door would start: bundle, gallery, pins and eye are right"])


def _release(args: argparse.Namespace) -> int:
    from edge.door.release import release

    return release(load_config(args.config))


def _hooks(args: argparse.Namespace) -> int:
    from edge.hooks import HOOKS, Hooks, journal_lines, run_hooks

    chosen = load_config(args.config).hooks
    hooks = Hooks({name: getattr(chosen, name) for name in HOOKS}, chosen.timeout_s)
    if args.stdin:
        run_hooks(sys.stdin, hooks)
        return 0
    with journal_lines() as lines:
        run_hooks(lines, hooks)
    raise UnavailableError("the journal ended.", remedy="It is read again after a restart.")


def _eye(args: argparse.Namespace) -> int:
    end_with(args.with_parent)
    from edge.eye.loop import serve

    return serve(load_config(args.config))


def end_with(parent: int | None) -> None:
    """Let the kernel kill this process when `parent` ends, however that ends; None: live on.

    Raises:
        UnavailableError: the parent has ended already.
    """
    if parent is None:
        return
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL) != 0:
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_PDEATHSIG)")
    if os.getppid() != parent:  # it ended before the request reached the kernel
        raise UnavailableError(
            f"process {parent}, which started this one, has ended.",
            remedy="Start it again.",
        )
