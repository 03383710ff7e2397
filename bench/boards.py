"""Raspberry Pis as others measured them, and as one's own `onelook pi-selftest` did."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

# From one core to four MobileNetV2 becomes so much faster (XNNPACK's table of a Pixel 2: 53 to
# 18 ms), so published figures of four cores are multiplied by it to get those of one.
FOUR_CORES = 2.9
FORMAT = "onelook.pi-selftest/1"


@dataclass(frozen=True)
class Board:
    """What is published of a board, of four cores.

    model: how /proc/device-tree/model tells it. mobilenet_ms: MobileNetV2 1.0 of 224x224 in int8;
    XNNPACK's table of 2022 (3B+ 32-bit, Pi 4 64-bit), Arm's for the Pi 5; the Zero 2 W has the
    3B+'s cores at a lower clock, 1.3 as slow by ncnn's figures of both.
    gmacs_per_s: in int8 convolutions of such networks, the lower end: 300 million products of
    MobileNetV2 in 30 ms on the 3B+, 17 ms on the Pi 4; clock for the Zero 2 W; three times a Pi 4
    for the Pi 5, which multiplies four int8 at once.
    slower: all code beside networks, against the x86 server of the tables: an estimate.
    """

    name: str
    model: str
    mobilenet_ms: float
    gmacs_per_s: float
    slower: float


BOARDS = (
    Board("Pi Zero 2 W", "Zero 2", 39.0, 7.1, 20.0),
    Board("Pi 3B+", "3 Model B Plus", 30.0, 10.0, 14.0),
    Board("Pi 4", "Pi 4", 17.0, 17.6, 10.0),
    Board("Pi 5", "Pi 5", 4.0, 52.8, 3.0),
)


def measured_boards(folder: Path) -> dict[str, dict[str, float]]:
    """By board, by stage, ms: of all files of `onelook pi-selftest --csv` in a folder."""
    found = {}
    for path in sorted(folder.glob("*.csv")):
        rows = _rows(path)
        if rows.get(("file", "format")) != FORMAT:
            continue
        board = _named(rows.get(("board", "model"), ""))
        if board is not None:
            stages = {name: float(v) for (group, name), v in rows.items() if _is_ms(group, v)}
            found[board.name] = stages
    return found


def _rows(path: Path) -> dict[tuple[str, str], str]:
    with path.open(encoding="utf-8", newline="") as file:
        return {(row["group"], row["name"]): row["value"] or "" for row in csv.DictReader(file)}


def _named(model: str) -> Board | None:
    return next((board for board in BOARDS if board.model in model), None)


def _is_ms(group: str, value: str) -> bool:
    return group == "stages" and value.replace(".", "", 1).isdigit()
