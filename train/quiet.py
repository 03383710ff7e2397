"""Native code that talks to the terminal, told to be quiet."""

from __future__ import annotations

import os
import sys
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout


@contextmanager
def quiet() -> Iterator[None]:
    """Nothing that happens inside reaches the terminal.

    TensorFlow prints some hundred lines per conversion, partly from C++, where no logging level
    reaches them: so both Python's streams and the process's are turned away. What failed is told by
    its exception, which passes.
    """
    sys.stdout.flush()
    sys.stderr.flush()
    kept = os.dup(1), os.dup(2)
    try:
        with (
            tempfile.TemporaryFile("w+") as sink,
            warnings.catch_warnings(),
            redirect_stdout(sink),
            redirect_stderr(sink),
        ):
            warnings.simplefilter("ignore")
            os.dup2(sink.fileno(), 1)
            os.dup2(sink.fileno(), 2)
            yield
    finally:
        for number, copy in zip((1, 2), kept, strict=True):
            os.dup2(copy, number)
            os.close(copy)
