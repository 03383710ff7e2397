"""The other end of `bench.workers`: one JSON line in, what was asked for, its times out.

A worker runs in an environment of its own, which may have no onelook in it: only the standard
library, and what it measures.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any


def answer(make: Callable[[Path], Mapping[str, Callable[[int], object]]]) -> int:
    """Until nobody asks any more.

    Args:
        make: the folder of frames -> by name what can be asked for, given a frame's number. All
            that it needs is loaded before it returns.
    """
    channel = _channel()
    started = time.perf_counter()
    works = make(Path(sys.argv[1]))
    _say(channel, ready_ms=(time.perf_counter() - started) * 1000.0, works=list(works))
    for line in sys.stdin:
        asked = json.loads(line)
        wall, cpu = time.perf_counter(), time.process_time()
        found = works[asked["work"]](asked["frame"])
        cpu_s, wall_s = time.process_time() - cpu, time.perf_counter() - wall
        _say(channel, wall=wall_s * 1000.0, cpu=cpu_s * 1000.0, found=str(found))
    return 0


def _channel() -> Any:  # noqa: ANN401 - a text file
    """Standard output, away from libraries that write to it."""
    own = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)
    return own


def _say(channel: Any, **what: object) -> None:  # noqa: ANN401 - as above
    channel.write(json.dumps(what) + "\n")
    channel.flush()
