"""Conflicts of a merge, each decided by the owner: with --keep, or at the terminal."""

from __future__ import annotations

import sys
from collections.abc import Container, Sequence
from pathlib import Path

from edge.cli.differing import told
from edge.contract.errors import OnelookError, UsageError
from edge.store.differences import Choose, Difference, How, Side, newer


def decided(found: Sequence[Difference], keep: Sequence[Sequence[str]], file: Path) -> Choose:
    """Whose version of everybody counts.

    keep: pairs of a side and the name, or the id, of somebody who was changed on both; who is the
        same on both may be named too, as when a merge that was cut off is said again.

    Raises:
        UsageError: a side that is none, or somebody who is no conflict.
        OnelookError: conflicts are left, and there is no terminal to ask at.
    """
    conflicts = [one for one in found if one.how is How.BOTH]
    settled = frozenset[str]().union(*(one.names for one in found if one.how is How.SAME))
    sides = {
        conflict.ids: side
        for side, name in keep
        for conflict in _meant(conflicts, settled, side, name)
    }
    given = {ids: Side(side) for ids, side in sides.items()}
    left = [one for one in conflicts if one.ids not in given]
    if left and not sys.stdin.isatty():
        raise _undecided(left, file)
    answers = given | {one.ids: _asked(one) for one in left}
    return lambda one: answers.get(one.ids, newer(one))


def _meant(
    conflicts: Sequence[Difference], settled: Container[str], side: str, name: str
) -> list[Difference]:
    if side not in {one.value for one in Side}:
        raise UsageError(f"{side!r} is no side.", remedy="For example: --keep here Ada")
    meant = [one for one in conflicts if name.casefold() in one.names]
    if len(meant) != 1 and (meant or name.casefold() not in settled):
        fault = "is no conflict" if not meant else "may be one of two: give the id"
        names = ", ".join(f"{one.name} ({one.ids[0]})" for one in conflicts) or "none"
        raise UsageError(f"{name!r} {fault}.", remedy=f"Conflicts: {names}.")
    return meant


def _undecided(left: Sequence[Difference], file: Path) -> OnelookError:
    people = "1 person was" if len(left) == 1 else f"{len(left)} people were"
    keep = " ".join(f"--keep here|there {one.name!r}" for one in left)
    return OnelookError(
        f"{people} changed on both doors: {', '.join(one.name for one in left)}.",
        why="\n".join(told(one) for one in left),
        remedy=f"Decide: onelook gallery merge {file} {keep}",
    )


def _asked(conflict: Difference) -> Side:
    """Raises: UsageError: neither was chosen."""
    sys.stderr.write(f"{told(conflict)}\nWhose counts? [here/there] ")
    sys.stderr.flush()
    answer = sys.stdin.readline().strip().casefold()
    for side in Side:
        if answer and side.value.startswith(answer):
            return side
    raise UsageError("nothing was changed.", remedy="Answer here or there.")
