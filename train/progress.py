"""A bar for whoever waits at a terminal; nothing where the output goes into a file."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextvars import ContextVar
from typing import TypeVar

T = TypeVar("T")

_WATCHED = ContextVar("watched", default=False)


def watched(items: Sequence[T], what: str) -> Iterator[T]:
    """The items one by one, with a bar on stderr that counts them and is gone at the end.

    What is watched for the sake of one item of something watched shows no bar of its own.
    """
    from rich.console import Console
    from rich.progress import track

    if _WATCHED.get():
        yield from items
        return
    console, before = Console(stderr=True), _WATCHED.set(True)
    try:
        yield from track(
            items, what, console=console, transient=True, disable=not console.is_terminal
        )
    finally:
        _WATCHED.reset(before)


def counted(items: Iterable[T], what: str) -> Iterator[T]:
    """The same of items whose number nobody knows yet."""
    from rich.console import Console
    from rich.progress import Progress, SpinnerColumn, TextColumn

    console = Console(stderr=True)
    columns = SpinnerColumn(), TextColumn("{task.description} {task.completed:,.0f}")
    with Progress(
        *columns, console=console, transient=True, disable=not console.is_terminal
    ) as bar:
        task = bar.add_task(what, total=None)
        for item in items:
            yield item
            bar.advance(task)
