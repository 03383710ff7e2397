"""Where a process plays its histories, one after the other: a folder, a socket, a ground."""

from __future__ import annotations

import gc
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from edge.config import Config, load_config
from tests.faults.eye import Eye
from tests.faults.faces import write_bundle
from tests.faults.ground import Ground
from tests.faults.play import Play, Played
from tests.faults.seams import BOOT_ID, SYNCHRONISED, seams
from tests.faults.steps import History

_TOGETHER = 20  # histories whose leavings are collected at once


class Stage:
    """Where a process plays its histories, one after the other."""

    def __init__(self, folder: Path, ground: Ground) -> None:
        self.folder, self.ground = folder, ground
        self.state = folder / "state"
        self.eye = Eye(folder / "eye.sock")
        self._histories = 0

    def play(self, history: History) -> Played:
        """What that history comes to."""
        self._histories += 1
        if self._histories % _TOGETHER == 0:
            gc.collect()
        return Play(self, history).played()

    def config(self, settings: tuple[tuple[str, str, str], ...]) -> Config:
        """What the door reads that is set up so."""
        return _config(self.folder, settings)

    def name_boot(self, boot: int) -> None:
        """What the door takes for this start of the machine."""
        (self.folder / BOOT_ID).write_text(f"boot-{boot}\n")

    def know_the_date(self, *, known: bool) -> None:
        """Whether a time server has confirmed it."""
        file = self.folder / SYNCHRONISED
        file.touch() if known else file.unlink(missing_ok=True)


@contextmanager
def stage(folder: Path) -> Iterator[Stage]:
    """Set up in a folder of this process's own; `in_memory` has some."""
    write_bundle(folder)
    with seams(folder) as ground, _collected_by_hand():
        made = Stage(folder, ground)
        try:
            yield made
        finally:
            made.eye.die()


@contextmanager
def _collected_by_hand() -> Iterator[None]:
    """What a process left behind goes between two histories, not in the middle of one.

    gpiozero closes a device that nobody closed as it is collected; where that comes while it holds
    its own lock, it waits for itself.
    """
    gc.collect()
    gc.freeze()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
        gc.unfreeze()


@contextmanager
def in_memory() -> Iterator[Path]:
    """A folder in memory, if there is room for one: an fsync there is a call, not a wait."""
    memory = Path("/dev/shm")  # noqa: S108 - the folder made in it is nobody else's
    where = memory if os.access(memory, os.W_OK) else None
    with tempfile.TemporaryDirectory(prefix="onelook-faults-", dir=where) as name:
        yield Path(name)


@cache
def _config(folder: Path, settings: tuple[tuple[str, str, str], ...]) -> Config:
    ours = (
        ("paths", "state_dir", f'"{folder / "state"}"'),
        ("paths", "models_dir", f'"{folder / "models"}"'),
        ("paths", "socket", f'"{folder / "eye.sock"}"'),
        ("recognition", "bundle", f'"{folder / "bundle"}"'),
        ("trust", "owner", f'"{folder / "owner.pub"}"'),
        ("trust", "keys", f'"{folder / "keys.json"}"'),
    )
    parts: dict[str, list[str]] = {}
    for section, key, value in (*ours, *settings):
        parts.setdefault(section, []).append(f"{key} = {value}")
    file = folder / "onelook.toml"
    text = "\n".join(f"[{section}]\n" + "\n".join(keys) for section, keys in parts.items())
    file.write_text(text + "\n")
    return load_config(file)
