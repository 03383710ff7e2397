"""Runs everything measurable in turns, round after round."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from bench.clock import Clock, Figures, Taken, Timed, figures
from edge.cli.progress import Progress


@dataclass(frozen=True)
class Row:
    """One measured name."""

    group: str
    name: str
    threads: str
    figures: Figures


def in_turns(things: Sequence[Timed], rounds: int, progress: Progress) -> list[Row]:
    """Each thing once a round, or in each so-manieth; one round before counts for nothing."""
    plan = [
        (number, thing)
        for number in range(-1, rounds)
        for thing in things
        if number < 0 or number % thing.every == 0
    ]
    taken: dict[tuple[str, str, str], list[Taken]] = defaultdict(list)
    for done, (number, thing) in enumerate(plan):
        progress.show(f"{thing.group}: {thing.name}", done, len(plan))
        clock = Clock()
        thing.run(clock)
        if number >= 0:
            _keep(taken, thing, clock.taken())
    progress.end()
    return list(_rows(taken))


def _keep(
    taken: dict[tuple[str, str, str], list[Taken]], thing: Timed, parts: Mapping[str, Taken]
) -> None:
    for name, part in parts.items():
        taken[thing.group, name, thing.threads].append(part)


def _rows(taken: Mapping[tuple[str, str, str], Sequence[Taken]]) -> Iterable[Row]:
    for (group, name, threads), rounds in taken.items():
        yield Row(group, name, threads, figures(rounds))


class Found:
    """Rows by name, for whoever compares them."""

    def __init__(self, rows: Iterable[Row]) -> None:
        self._by_name = {(row.group, row.name, row.threads): row.figures for row in rows}

    def get(self, group: str, name: str, threads: str = "one") -> Figures | None:
        """None: it was not measured here."""
        return self._by_name.get((group, name, threads))
