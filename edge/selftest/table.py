"""The rows as a table for people, and as a file; docs/selftest.md has its format."""

from __future__ import annotations

import csv
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TextIO

from edge.selftest import Measurement, State, measured

FORMAT = "onelook.pi-selftest/1"
COLUMNS = ("group", "name", "state", "value", "unit", "min", "p95", "max", "n", "said", "fix")
_NAME, _NUMBER = 26, 10


def lines(rows: Sequence[Measurement], paint: Mapping[State, Callable[[str], str]]) -> list[str]:
    """A heading per group, a line per row; what to do about many rows is said below the last."""
    heads = "".join(f"{head:>{_NUMBER}}" for head in ("median", "min", "95 %", "max", "n"))
    told = [f"{'':<{_NAME + 2}}{heads}"]
    for before, row, after in zip([None, *rows], rows, [*rows[1:], None], strict=False):
        if before is None or row.group != before.group:
            told.append(row.group)
        told.append(f"  {row.name:<{_NAME}}{paint[row.state](_value(row))}")
        if row.fix and (after is None or (after.said, after.fix) != (row.said, row.fix)):
            told.append(f"{'':<{_NAME + 4}}{row.fix}")
    return told


def write_csv(rows: Sequence[Measurement], file: TextIO) -> None:
    """A line of names, one that says the format, then a line per row."""
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(COLUMNS)
    for row in (measured("file", "format", FORMAT), *rows):
        writer.writerow(["" if value is None else value for value in document(row).values()])


def document(row: Measurement) -> dict[str, Any]:
    """By COLUMNS; None where there is no value."""
    of = row.spread
    numbers = (of.least, of.p95, of.most, of.n) if of else (None,) * 4
    values = (row.group, row.name, row.state.value, row.value, row.unit, *numbers)
    rounded = [round(value, 3) if isinstance(value, float) else value for value in values]
    return dict(zip(COLUMNS, [*rounded, row.said, row.fix], strict=True))


def _value(row: Measurement) -> str:
    """What stands behind a row's name."""
    if row.value is None:
        return f"  {row.state.value}: {row.said}"
    if isinstance(row.value, str):
        what = f"  {row.value}"
    else:
        of = row.spread
        numbers = [row.value, *((of.least, of.p95, of.most, of.n) if of else ())]
        what = f"{''.join(map(_number, numbers)):<{5 * _NUMBER}}  {row.unit}"
    if row.state is State.PROBLEM:
        what = f"{what}  {row.state.value}"
    return f"{what}  ({row.said})" if row.said else what


def _number(value: float) -> str:
    if isinstance(value, int):
        return f"{value:>{_NUMBER}}"
    digits = 3 if abs(value) < 1.0 else 2 if abs(value) < 10.0 else 1
    return f"{value:>{_NUMBER}.{digits}f}"
