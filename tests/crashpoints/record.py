"""The changes that a process made to one folder, and the words that it told meanwhile."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePath

from tests.crashpoints.strace import Call

_STDOUT = 1
# SQLite's index of its log lies in shared memory and is made anew by whoever opens the database
# first: after a cut it is never read.
_NEVER_READ = "-shm"
# Which arguments name what a call changes.
_FILES = {
    "open": (0,), "creat": (0,), "openat": (1,), "openat2": (1,),
    "write": (0,), "writev": (0,), "pwrite64": (0,), "pwritev": (0,), "pwritev2": (0,),
    "truncate": (0,), "ftruncate": (0,), "fallocate": (0,), "lseek": (0,),
    "rename": (0, 1), "renameat": (1, 3), "renameat2": (1, 3),
    "unlink": (0,), "unlinkat": (1,), "rmdir": (0,), "mkdir": (0,), "mkdirat": (1,),
    "link": (0, 1), "linkat": (1, 3), "symlink": (1,), "symlinkat": (2,),
    "fsync": (0,), "fdatasync": (0,), "sync": (), "syncfs": (0,), "sync_file_range": (),
    "mmap": (4,), "copy_file_range": (2,), "sendfile": (0,), "splice": (2,),
}  # fmt: skip


@dataclass(frozen=True)
class Make:
    """A new file, folder (`kind` "folder") or link (`target`)."""

    path: PurePath
    kind: str = "file"
    target: str = ""


@dataclass(frozen=True)
class Write:
    path: PurePath
    at: int
    data: bytes


@dataclass(frozen=True)
class Truncate:
    path: PurePath
    size: int


@dataclass(frozen=True)
class Rename:
    old: PurePath
    new: PurePath


@dataclass(frozen=True)
class Remove:
    path: PurePath


@dataclass(frozen=True)
class Sync:
    """Of a file's bytes, or of a folder's names."""

    path: PurePath


@dataclass(frozen=True)
class Told:
    """The process wrote to its standard output: what it did until then, it has promised."""

    text: str


Change = Make | Write | Truncate | Rename | Remove | Sync | Told


def changes_of(calls: Iterable[Call], root: Path, there: Iterable[PurePath]) -> list[Change]:
    """The changes below `root`, as paths in it. there: the files and folders that lie there before.

    Raises:
        ValueError: a call changes something in a way that this record cannot hold.
    """
    return list(_Reader(root, set(there)).changes(calls))


class _Reader:
    def __init__(self, root: Path, there: set[PurePath]) -> None:
        self._root, self._there = root, there
        self._positions: dict[int, int] = {}

    def changes(self, calls: Iterable[Call]) -> Iterator[Change]:
        for call in calls:
            for change in self._changes(call):
                self._follow(change)
                yield change

    def _changes(self, call: Call) -> Iterator[Change]:
        if call.name == "write" and call.descriptor(0) == _STDOUT:
            yield Told(call.data(1).decode())
            return
        paths = [self._path(call, at) for at in _FILES[call.name]]
        inside = [p.relative_to(self._root) for p in paths if p.is_relative_to(self._root)]
        if not inside or inside[0].name.endswith(_NEVER_READ):
            return
        how = getattr(self, f"_{call.name}", None)
        if how is None or len(inside) < len(paths):
            raise ValueError(f"{call.name} of {paths} is not modelled")
        yield from how(call, *inside)

    def _path(self, call: Call, at: int) -> Path:
        path, before = call.path(at), call.arguments[at - 1] if at else ""
        beside = not path.is_absolute() and not before.startswith('"')
        return call.path(at - 1) / path if at and beside else path

    def _follow(self, change: Change) -> None:
        match change:
            case Make(path):
                self._there.add(path)
            case Remove(path):
                self._there.discard(path)
            case Rename(old, new):
                moved = {p for p in self._there if p.is_relative_to(old)}
                self._there -= moved
                self._there |= {new / p.relative_to(old) for p in moved}

    def _open(self, call: Call, path: PurePath) -> Iterator[Change]:
        (flags,) = (given for given in call.arguments if given.startswith("O_"))
        if "O_APPEND" in flags:
            raise ValueError(f"{path}: O_APPEND is not modelled")
        self._positions[call.result] = 0
        if "O_CREAT" in flags and path not in self._there:
            yield Make(path)
        elif "O_TRUNC" in flags:
            yield Truncate(path, 0)

    _openat = _open

    def _write(self, call: Call, path: PurePath) -> Iterator[Change]:
        at = self._positions[call.descriptor(0)]
        self._positions[call.descriptor(0)] = at + call.result
        yield Write(path, at, call.data(1)[: call.result])

    def _pwrite64(self, call: Call, path: PurePath) -> Iterator[Change]:
        yield Write(path, int(call.arguments[3]), call.data(1)[: call.result])

    def _lseek(self, call: Call, _: PurePath) -> Iterator[Change]:
        self._positions[call.descriptor(0)] = call.result
        yield from ()

    def _mmap(self, call: Call, path: PurePath) -> Iterator[Change]:
        if "PROT_WRITE" in call.arguments[2] and "MAP_SHARED" in call.arguments[3]:
            raise ValueError(f"{path}: written through memory, which no call shows")
        yield from ()

    def _ftruncate(self, call: Call, path: PurePath) -> Iterator[Change]:
        yield Truncate(path, int(call.arguments[1]))

    def _fsync(self, _: Call, path: PurePath) -> Iterator[Change]:
        yield Sync(path)

    _fdatasync = _fsync

    def _rename(self, _: Call, old: PurePath, new: PurePath) -> Iterator[Change]:
        if old.parent != new.parent:
            raise ValueError(f"{old} to {new}: from folder to folder is not modelled")
        yield Rename(old, new)

    _renameat = _rename

    def _unlink(self, _: Call, path: PurePath) -> Iterator[Change]:
        yield Remove(path)

    _unlinkat = _rmdir = _unlink

    def _mkdir(self, _: Call, path: PurePath) -> Iterator[Change]:
        yield Make(path, "folder")

    _mkdirat = _mkdir

    def _symlink(self, call: Call, path: PurePath) -> Iterator[Change]:
        yield Make(path, "link", str(call.path(0)))
