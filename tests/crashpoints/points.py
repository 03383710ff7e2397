"""Where the power may go, and what each time may be on the disk."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product

from tests.crashpoints.disk import WHOLE, Disk, Fates, Torn, Tree, sectors_of
from tests.crashpoints.record import Change, Told, Write

_ALL_OF = 6  # of so few pending changes every combination is drawn
_AT_RANDOM = 24  # combinations, with sectors at random
_EACH_OF = 12  # sectors of a write that are lost one by one


@dataclass(frozen=True)
class Point:
    """A cut after the change `at` (0: before all), when `told` steps were done; what it left."""

    at: int
    told: int
    tree: Tree


def points(
    base: Tree, changes: Sequence[Change], rng: random.Random, share: float
) -> Iterator[Point]:
    """Every cut, with a share of the disks that it may leave; none is given a second time.

    A point is another one if another number of steps had been told by then.
    """
    disk, told, seen = Disk(base), 0, set()
    for at in range(len(changes) + 1):
        if at:
            disk.play(changes[at - 1])
            told += isinstance(changes[at - 1], Told)
        for fates in _fates(disk.pending(), rng):
            if rng.random() >= share:
                continue
            tree = disk.drawn(fates)
            name = _digest(told, tree)
            if name not in seen:
                seen.add(name)
                yield Point(at, told, tree)


def _fates(pending: Mapping[int, object], rng: random.Random) -> Iterator[Fates]:
    everything = dict.fromkeys(pending, WHOLE)
    names = {number for number, change in pending.items() if change is None}
    yield everything
    yield {}
    yield dict.fromkeys(names, WHOLE)  # each file is there, and empty
    yield {number: WHOLE for number in pending if number not in names}
    for number, change in pending.items():
        yield {other: WHOLE for other in pending if other != number}
        yield {number: WHOLE}
        for torn in _torn(change, rng):
            yield everything | {number: torn}
            if torn.grown:
                yield {number: torn}
    if len(pending) <= _ALL_OF:
        for kept in product((False, True), repeat=len(pending)):
            yield {n: WHOLE for n, keep in zip(pending, kept, strict=True) if keep}
    data = {number: WHOLE for number in pending if number not in names}
    for last in sorted(names):  # in their order, as a journal keeps them
        early = {number: WHOLE for number in names if number <= last}
        yield early
        yield data | early
    for _ in range(_AT_RANDOM):
        yield dict(_at_random(pending, rng))


def _torn(change: object, rng: random.Random) -> Iterator[Torn]:
    """None but the file's length; the first ones up to each; all but each; the last half; some."""
    if not isinstance(change, Write):
        return
    sectors = list(sectors_of(change))
    yield Torn(frozenset(), grown=True)
    if len(sectors) < 2:
        return
    for sector in sectors if len(sectors) <= _EACH_OF else rng.sample(sectors, _EACH_OF):
        yield Torn(frozenset(sectors[:sector]))
        yield Torn(frozenset(sectors) - {sector}, grown=True)
    yield Torn(frozenset(sectors[len(sectors) // 2 :]))
    yield Torn(frozenset(rng.sample(sectors, len(sectors) // 2)), grown=True)


def _at_random(pending: Mapping[int, object], rng: random.Random) -> Iterator[tuple[int, Torn]]:
    for number, change in pending.items():
        torn = list(_torn(change, rng))
        if rng.random() < 0.5:
            yield number, rng.choice([WHOLE, *torn])


def _digest(told: int, tree: Tree) -> bytes:
    whole = hashlib.blake2b(repr(told).encode(), digest_size=16)
    for path, what in tree.items():
        data = what if isinstance(what, bytes) else repr(what).encode()
        whole.update(f"\n{path} {type(what).__name__} {len(data)}\n".encode())
        whole.update(data)
    return whole.digest()
