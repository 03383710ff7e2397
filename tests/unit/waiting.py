"""For what a thread does a little later."""

from __future__ import annotations

import time


def wait_until(true, within_s=3.0):
    deadline = time.monotonic() + within_s
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.002)
