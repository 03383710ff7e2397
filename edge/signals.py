"""Being asked to end, as something that a loop waits for beside everything else."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def stop_signals() -> Iterator[int]:
    """A descriptor that can be read once SIGTERM or SIGINT came: no work is torn apart by them."""
    reading, writing = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
    wanted = (signal.SIGTERM, signal.SIGINT)
    before = [signal.signal(number, lambda _number, _frame: None) for number in wanted]
    fd_before = signal.set_wakeup_fd(writing)
    try:
        yield reading
    finally:
        signal.set_wakeup_fd(fd_before)
        for number, handler in zip(wanted, before, strict=True):
            signal.signal(number, handler)
        os.close(reading)
        os.close(writing)
