"""How many threads the matrix products of numpy take."""

from __future__ import annotations

import ctypes
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

# numpy's wheels bring OpenBLAS under these names, with 64-bit integers or without.
_NAMES = ("scipy_openblas_{}64_", "scipy_openblas_{}", "openblas_{}64_", "openblas_{}")


@contextmanager
def one_thread() -> Iterator[None]:
    """Products stay in the thread that asks for them.

    Several threads that ask at once would else wait in turn for one another's helpers, which spin
    meanwhile: two threads on two cores then take twice the time. Where numpy has another library
    than OpenBLAS nothing is changed.
    """
    found = _openblas()
    if found is None:
        yield
        return
    before = found["get_num_threads"]()
    found["set_num_threads"](1)
    try:
        yield
    finally:
        found["set_num_threads"](before)


def _openblas() -> dict[str, ctypes._NamedFuncPointer] | None:
    beside = Path(np.__file__).parent
    for folder in (beside.with_name("numpy.libs"), beside / ".dylibs"):
        for file in sorted(folder.glob("*openblas*")):
            library = ctypes.CDLL(str(file))  # loaded already: this only finds it
            for name in _NAMES:
                wanted = [name.format(what) for what in ("get_num_threads", "set_num_threads")]
                if all(hasattr(library, function) for function in wanted):
                    get, put = (getattr(library, function) for function in wanted)
                    return {"get_num_threads": get, "set_num_threads": put}
    return None
