"""A disk in memory that has been promised some changes and asked for others.

What lasts: a file's bytes from its next sync on, a folder's names (made, renamed, removed) from the
next sync of that folder on. A sync of a file says nothing of its name, and one folder's nothing of
another's. All else may be on the disk or not when the power goes, each by itself and in any order,
a write by sectors. A rename lasts as a whole or not at all; a link is its name.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import PurePath

from tests.crashpoints.record import Change, Make, Remove, Rename, Sync, Told, Truncate, Write

SECTOR = 512


@dataclass(frozen=True)
class Torn:
    """Of a write some sectors, counted from the one it begins in; None: all. grown: its length."""

    sectors: frozenset[int] | None
    grown: bool = False


WHOLE = Torn(None)
# What becomes of a pending change, by its number; one that is not named is lost.
Fates = Mapping[int, Torn]
# Path -> bytes of a file, the target of a link, None for a folder.
Tree = dict[PurePath, bytes | str | None]


@dataclass
class _File:
    kept: bytes = b""
    pending: dict[int, Write | Truncate] = field(default_factory=dict)

    def drawn(self, fates: Fates) -> bytes:
        data = bytearray(self.kept)
        for number, change in self.pending.items():
            if number in fates:
                _put(data, change, fates[number])
        return bytes(data)


@dataclass
class _Link:
    target: str


@dataclass
class _Folder:
    """`now`: as processes see it. pending: names that changed, each with what it stands for."""

    kept: dict[str, _Node] = field(default_factory=dict)
    now: dict[str, _Node] = field(default_factory=dict)
    pending: dict[int, dict[str, _Node | None]] = field(default_factory=dict)

    def change(self, number: int, names: dict[str, _Node | None]) -> None:
        self.pending[number] = names
        _name(self.now, names)

    def drawn(self, fates: Fates) -> dict[str, _Node]:
        there = dict(self.kept)
        for number, names in self.pending.items():
            if number in fates:
                _name(there, names)
        return there


_Node = _File | _Link | _Folder


class Disk:
    """Plays changes, one after the other, and can be cut at any time."""

    def __init__(self, base: Tree) -> None:
        """base: what lies there and lasts, each folder before what is in it."""
        self._root = _Folder()
        self._number = 0
        for path, what in base.items():
            node = (
                _Folder() if what is None else _Link(what) if isinstance(what, str) else _File(what)
            )
            self._folder(path).now[path.name] = self._folder(path).kept[path.name] = node

    def play(self, change: Change) -> None:
        """One more change asked for. Raises: KeyError: of what is not there."""
        self._number += 1
        match change:
            case Make(path, kind, target):
                new = {"file": _File, "folder": _Folder}.get(kind, lambda: _Link(target))()
                self._folder(path).change(self._number, {path.name: new})
            case Rename(old, new):
                folder = self._folder(old)
                folder.change(self._number, {old.name: None, new.name: folder.now[old.name]})
            case Remove(path):
                self._folder(path).change(self._number, {path.name: None})
            case Write(path) | Truncate(path):
                self._node(path).pending[self._number] = change
            case Sync(path):
                _sync(self._node(path))
            case Told():
                pass

    def pending(self) -> dict[int, Write | Truncate | None]:
        """What may be lost, by number; None: names."""
        found: dict[int, Write | Truncate | None] = {}
        for node in _below(self._root):
            if isinstance(node, _File):
                found |= node.pending
            elif isinstance(node, _Folder):
                found |= dict.fromkeys(node.pending)
        return dict(sorted(found.items()))

    def drawn(self, fates: Fates) -> Tree:
        """What is on the disk after a cut."""
        tree: Tree = {}
        _draw(self._root, PurePath(), fates, tree)
        return tree

    def now(self) -> Tree:
        """What processes see."""
        return self.drawn(dict.fromkeys(self.pending(), WHOLE))

    def _node(self, path: PurePath) -> _Node:
        node: _Node = self._root
        for name in path.parts:
            node = node.now[name]
        return node

    def _folder(self, path: PurePath) -> _Folder:
        return self._node(path.parent)


def sectors_of(write: Write) -> range:
    """Those that a write touches, counted from its first."""
    return range((write.at % SECTOR + len(write.data) + SECTOR - 1) // SECTOR)


def _put(data: bytearray, change: Write | Truncate, fate: Torn) -> None:
    if isinstance(change, Truncate):
        _grow(data, change.size)
        del data[change.size :]
        return
    end = change.at + len(change.data)
    for sector in sectors_of(change):
        if fate.sectors is None or sector in fate.sectors:
            first = (change.at // SECTOR + sector) * SECTOR
            start, stop = max(first, change.at), min(first + SECTOR, end)
            _grow(data, stop)
            data[start:stop] = change.data[start - change.at : stop - change.at]
    if fate.grown:
        _grow(data, end)


def _grow(data: bytearray, size: int) -> None:
    data.extend(bytes(max(0, size - len(data))))


def _name(there: dict[str, _Node], names: dict[str, _Node | None]) -> None:
    for name, node in names.items():
        there.pop(name, None)
        if node is not None:
            there[name] = node


def _sync(node: _Node) -> None:
    if isinstance(node, _File):
        node.kept = node.drawn(dict.fromkeys(node.pending, WHOLE))
    elif isinstance(node, _Folder):
        node.kept = dict(node.now)
    node.pending.clear()


def _below(root: _Folder) -> Iterator[_Node]:
    """Everything that any of a folder's states may hold, each once."""
    seen: set[int] = set()
    waiting: list[_Node] = [root]
    while waiting:
        node = waiting.pop()
        if id(node) in seen:
            continue
        seen.add(id(node))
        yield node
        if isinstance(node, _Folder):
            changed = (n for names in node.pending.values() for n in names.values() if n)
            waiting += [*node.kept.values(), *node.now.values(), *changed]


def _draw(folder: _Folder, path: PurePath, fates: Fates, tree: Tree) -> None:
    for name, node in sorted(folder.drawn(fates).items()):
        at = path / name
        if isinstance(node, _Folder):
            tree[at] = None
            _draw(node, at, fates, tree)
        else:
            tree[at] = node.target if isinstance(node, _Link) else node.drawn(fates)
