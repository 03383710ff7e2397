"""One training by several processes, by Keras' own distribution on JAX.

Every process holds all weights and embeds its part of each batch. JAX treats the parts as one
batch: pairs, batch norm and loss are those of one process with the whole, and only the order of
sums differs. A process alone needs none of this, and every function here then does nothing.
"""

from __future__ import annotations

import os
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import keras

from edge.contract.errors import UsageError
from train.quiet import quiet

_VARIABLE = "ONELOOK_WORKER"
_COPY = "copy.weights.h5"


@dataclass(frozen=True)
class Part:
    """Which of how many processes this one is; 0 is the chief, who alone writes.

    address: HOST:PORT where the chief brings them together.
    """

    number: int = 0
    of: int = 1
    address: str = ""

    @property
    def chief(self) -> bool:
        return self.number == 0

    def environment(self) -> dict[str, str]:
        """What tells a new process that it is this one."""
        # TensorFlow, which is loaded for its logs, says much about processors it did not find.
        quiet = {"TF_CPP_MIN_LOG_LEVEL": "2", "KERAS_BACKEND": "jax"}
        return quiet | {_VARIABLE: f"{self.number}/{self.of}@{self.address}"}


ALONE = Part()


def asked() -> Part:
    """Which part this process was started for, by `Part.environment`."""
    said = os.environ.get(_VARIABLE)
    if not said:
        return ALONE
    numbers, _, address = said.partition("@")
    number, _, of = numbers.partition("/")
    return Part(int(number), int(of), address)


def join(part: Part) -> None:
    """Meet the others; returns when all are there. Before any network is built."""
    if part == ALONE:
        return
    threading.Thread(target=_end_with_parent, daemon=True).start()
    with quiet():  # libraries that greet each other
        if find_spec("tensorflow"):  # which Keras looks into later, whatever backend trains
            import tensorflow as tf  # noqa: F401
        import jax
        from jax.experimental import multihost_utils

        jax.config.update("jax_cpu_collectives_implementation", "gloo")
        keras.utils.set_random_seed(0)  # else Keras agrees on one in a way that is slow on CPUs
        keras.distribution.initialize(part.address, part.of, part.number)
        devices = keras.distribution.list_devices()
        keras.distribution.set_distribution(
            keras.distribution.DataParallel(devices=devices, auto_shard_dataset=False)
        )
        multihost_utils.sync_global_devices("met")


@contextmanager
def apart() -> Iterator[None]:
    """Inside, what is made belongs to this process alone; what is shared stays so.

    For reading and writing files: Keras makes variables on the way, in the chief others than
    elsewhere, and a shared one waits for all processes.
    """
    shared = keras.distribution.distribution()
    keras.distribution.set_distribution(None)
    try:
        yield
    finally:
        keras.distribution.set_distribution(shared)


def _end_with_parent() -> None:
    os.read(0, 1)  # nothing is ever said there; it ends when the starting process does
    os._exit(1)


def require_same(part: Part, digest: str, what: str) -> None:
    """Raises: UsageError: the processes do not hold the same; digest: SHA-256 in hex."""
    if part == ALONE:
        return
    import numpy as np
    from jax.experimental import multihost_utils

    # As 32 bits, which is what JAX has by default.
    own = np.frombuffer(bytes.fromhex(digest), np.uint32)
    differ = np.flatnonzero((multihost_utils.process_allgather(own) != own).any(axis=1))
    if len(differ):
        raise UsageError(
            f"worker {part.number}: {what} differ from those of worker {differ[0]}",
            why="Every worker draws the same batches, so all of them must have the same.",
            remedy="copy --data from one machine to the others, and give the same options",
        )


def from_chief(part: Part, file: Path | None, load: Callable[[Path], None]) -> None:
    """Call `load` with the chief's file, or a copy that is gone afterwards; with None nowhere.

    file: the chief's; the others need not see its disk, and what they name has only an ending.
    """
    if part != ALONE:
        with tempfile.TemporaryDirectory() as folder:
            data = _bytes_of_chief(part, file.read_bytes() if part.chief and file else b"")
            copy = Path(folder) / (file.name if file else _COPY)
            copy.write_bytes(data)
            if data:
                load(copy)
    elif file is not None:
        load(file)


def _bytes_of_chief(part: Part, own: bytes) -> bytes:
    import numpy as np
    from jax.experimental import multihost_utils

    size = int(multihost_utils.broadcast_one_to_all(np.int32(len(own))))
    held = np.frombuffer(own, np.uint8) if part.chief else np.zeros(size, np.uint8)
    return np.asarray(multihost_utils.broadcast_one_to_all(held), np.uint8).tobytes()


def agreed(part: Part, numbers: tuple[int, ...]) -> tuple[int, ...]:
    """The chief's numbers, in every process."""
    if part == ALONE:
        return numbers
    import numpy as np
    from jax.experimental import multihost_utils

    said = multihost_utils.broadcast_one_to_all(np.array(numbers, np.int32))
    return tuple(int(number) for number in np.asarray(said))
