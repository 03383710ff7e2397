"""One recording held against every cut: what was told is there, and all that is there is whole."""

from __future__ import annotations

import os
import random
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePath

from tests.crashpoints.disk import Disk, Tree
from tests.crashpoints.points import Point, points
from tests.crashpoints.reading import Found, Reader
from tests.crashpoints.record import Change, Told, changes_of
from tests.crashpoints.strace import calls_of

# What is done on a disk after a cut, and how many steps had been told before it.
Use = Callable[[Path, int], None]
_KEY = PurePath("state/gallery.key")


@dataclass(frozen=True)
class Recording:
    """base: what lay there before, and lasts."""

    base: Tree
    changes: tuple[Change, ...]


@dataclass(frozen=True)
class Cut:
    """wrong: what is not as it must be after it; "" if all is."""

    point: Point
    wrong: str


def record(commands: Sequence[Sequence[str]], folder: Path, repository: Path) -> Recording:
    """Run commands one after the other, with what they change in `folder`, which is absolute.

    Of several, each is a step; of one alone each line that it prints.
    """
    base = _taken(folder)
    changes: list[Change] = []
    with tempfile.TemporaryDirectory() as scratch:
        for command in commands:
            calls = calls_of(command, repository, Path(scratch))
            there = Disk(base)
            for change in changes:
                there.play(change)
            made = changes_of(calls, folder, there.now())
            changes += _told_once(made) if len(commands) > 1 else made
    return Recording(base, tuple(changes))


def cuts(
    recording: Recording,
    read: Reader,
    use: Use | None = None,
    share: float = 1.0,
) -> Iterator[Cut]:
    """Every cut, with a share of what it may leave, and what is wrong after it."""
    chance = random.Random(20261127)
    right, keys = _after_each_step(recording, read)
    for point in points(recording.base, recording.changes, chance, share):
        given_up = set(keys[: point.told]) - {keys[point.told]}
        may_be = right[point.told : point.told + 2]
        yield Cut(point, _what_is_wrong(point, given_up, may_be, read, use))


@contextmanager
def drawn(tree: Tree) -> Iterator[Path]:
    """A tree as a folder, for a while, in memory where there is such a place."""
    memory = Path("/dev/shm")  # noqa: S108 - the folder in it has a name that nobody knows
    folder = Path(tempfile.mkdtemp(dir=memory if os.access(memory, os.W_OK) else None))
    try:
        for path, what in tree.items():
            at = folder / path
            if what is None:
                at.mkdir(mode=0o700)
            elif isinstance(what, str):
                at.symlink_to(what)
            else:
                at.write_bytes(what)
                at.chmod(0o600)
        yield folder
    finally:
        shutil.rmtree(folder)


def _taken(folder: Path) -> Tree:
    tree: Tree = {}
    for path in sorted(folder.rglob("*")):
        tree[path.relative_to(folder)] = None if path.is_dir() else path.read_bytes()
    return tree


def _told_once(changes: Iterable[Change]) -> Iterator[Change]:
    """A command has promised its work with the first that it prints."""
    told = False
    for change in changes:
        if not (isinstance(change, Told) and told):
            yield change
        told = told or isinstance(change, Told)


def _after_each_step(recording: Recording, read: Reader) -> tuple[list[Found], list[bytes]]:
    """What is found without a cut before the first step, after it, ...; the key at that time."""
    disk, found, keys = Disk(recording.base), [], []
    for change in (Told("nothing"), *recording.changes):
        disk.play(change)
        if isinstance(change, Told):
            tree = disk.now()
            key = tree.get(_KEY)
            keys.append(key if isinstance(key, bytes) else b"no key")
            with drawn(tree) as folder:
                found.append(read(folder))
    return found, keys


def _what_is_wrong(
    point: Point,
    given_up: Iterable[bytes],
    may_be: Sequence[Found],
    read: Reader,
    use: Use | None,
) -> str:
    files = [what for what in point.tree.values() if isinstance(what, bytes)]
    if any(key in data for key in given_up for data in files):
        return "a key that was given up is still there"
    with drawn(point.tree) as folder:
        try:
            wrong = _neither(read(folder), may_be)
            if not wrong and use is not None:
                use(folder, point.told)
        except Exception as e:  # noqa: BLE001 - whatever a reader does but read is a fault
            return f"{type(e).__name__}: {e}"
    return wrong


def _neither(found: Found, may_be: Sequence[Found]) -> str:
    """Each part is to be as before the step under way, or as after it."""
    parts = [part for part in found if all(found[part] != one[part] for one in may_be)]
    return f"{', '.join(parts)}: neither as before nor as after" if parts else ""
