"""Run targets of the Makefile and say at the end how each went.

    lanes.py lint,test-door test-workstation

Targets with a comma between them run one after the other, as those must that share an environment;
what stands apart runs side by side, and each one's output appears whole when it has ended.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass


@dataclass(frozen=True)
class Outcome:
    """How a target went."""

    target: str
    passed: bool
    seconds: float


def main(groups: Sequence[str]) -> int:
    """Returns 0 if every target passed."""
    started = time.monotonic()
    with ThreadPoolExecutor(len(groups)) as pool:
        outcomes = [one for found in pool.map(_group, groups) for one in found]
    failed = sum(not one.passed for one in outcomes)
    print()
    for one in outcomes:
        print(f"  {'passed' if one.passed else 'FAILED'}  {one.target:<18} {one.seconds:6.1f} s")
    took = time.monotonic() - started
    print(f"\nlanes: {len(outcomes) - failed} passed, {failed} failed, {took:.0f} s", flush=True)
    return 1 if failed else 0


def _group(group: str) -> list[Outcome]:
    return [_run(target) for target in group.split(",")]


def _run(target: str) -> Outcome:
    print(f"== make {target} ...", flush=True)
    started = time.monotonic()
    done = subprocess.run(
        ["make", "--no-print-directory", target],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        check=False,
    )
    print(f"\n== make {target}\n{done.stdout}", flush=True)
    return Outcome(target, done.returncode == 0, time.monotonic() - started)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
