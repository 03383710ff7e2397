"""The worker processes of this machine: started, watched, and started again when one is lost."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from edge.contract.errors import UsageError
from train.together import Part

_TRIES, _LASTING_S = 5, 600.0  # losses in a row, of which none came after so long
_LOOK_S, _PAUSE_S = 0.2, 5.0
# What a worker ends with that has said itself what is wrong; anything else was done to it.
_SAID = frozenset({2, *range(64, 80)})
_HERE = "127.0.0.1"


@dataclass(frozen=True)
class Plan:
    """How many workers there are, and which of them run on this machine.

    address: HOST:PORT of worker 0; "": all run here, and any free port will do.
    """

    of: int
    own: tuple[int, ...]
    address: str = ""

    @property
    def chief(self) -> bool:
        return 0 in self.own


def plan(workers: str, worker: int | None) -> Plan:
    """What `--workers` and `--worker` say: a number, or HOST:PORT of worker 0 and the others' HOST.

    Raises:
        UsageError: they contradict each other.
    """
    if workers.isdecimal():
        if worker is not None or int(workers) < 1:
            raise UsageError(
                f"--workers {workers}: that many on this machine",
                remedy="for several machines: --workers HOST:PORT,HOST,... --worker NUMBER",
            )
        return Plan(int(workers), tuple(range(int(workers))))
    hosts = workers.split(",")
    host, _, port = hosts[0].rpartition(":")
    if not host or not port.isdecimal() or not all(hosts):
        raise UsageError(
            f"--workers {workers}: the first needs a port, where all others find it",
            remedy="as --workers 10.0.0.1:7788,10.0.0.2",
        )
    if worker is None or not 0 <= worker < len(hosts):
        raise UsageError(
            f"--worker: which of these {len(hosts)} is this machine, counted from 0?",
            remedy=f"on {hosts[0]} --worker 0, on the next one --worker 1",
        )
    return Plan(len(hosts), (worker,), hosts[0])


def work(plan: Plan, command: Sequence[str], say: Callable[[str], object]) -> int:
    """Run `command` as each of this machine's workers, until all have ended well; its exit code.

    One that is lost cannot be replaced alone, because the others wait for it: all are ended, and
    begin again. The command must go on from where it has come.
    """
    lost = 0
    if plan.address:
        say(f"worker {plan.own[0]} of {plan.of}: meets the others at {plan.address}")
    while True:
        began = time.monotonic()
        code, fault = _attempt(plan, command)
        if not fault:
            return code
        lost = 1 if time.monotonic() - began > _LASTING_S else lost + 1
        if lost >= _TRIES:
            say(f"{fault}; {lost} times in a row: no further try, --resume goes on")
            return code
        say(f"{fault}; going on from the last checkpoint")
        time.sleep(_PAUSE_S)  # for the other machines to see it, too


def _attempt(plan: Plan, command: Sequence[str]) -> tuple[int, str]:
    """(exit code, which worker was lost and how, or ""): all of them, once."""
    address = plan.address or f"{_HERE}:{_free_port()}"
    started: dict[int, subprocess.Popen[bytes]] = {}
    try:
        for number in plan.own:
            started[number] = _start(Part(number, plan.of, address), command)
        while True:
            codes = {number: process.poll() for number, process in started.items()}
            for number, code in codes.items():
                if code:
                    return abs(code), "" if code in _SAID else f"worker {number} {_how(code)}"
            if set(codes.values()) == {0}:
                return 0, ""
            time.sleep(_LOOK_S)
    finally:
        for process in started.values():
            process.kill()
            process.wait()
            process.stdin.close()


def _start(part: Part, command: Sequence[str]) -> subprocess.Popen[bytes]:
    # Its standard input ends when this process does, whatever ends it: then the worker ends, too.
    # A session of its own: Ctrl-C is for this process, which ends them all.
    return subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        env=os.environ | part.environment(),
        start_new_session=True,
    )


def _how(code: int) -> str:
    if code >= 0:
        return f"ended with {code}"
    return f"was ended by {signal.Signals(-code).name}"


def _free_port() -> int:
    with socket.socket() as asked:
        asked.bind((_HERE, 0))
        return int(asked.getsockname()[1])


def again(arguments: Sequence[str]) -> list[str]:
    """The command line of a worker: this very program, going on with the run."""
    resume = [] if "--resume" in arguments else ["--resume"]
    return [sys.executable, "-m", "train", *arguments, *resume]
