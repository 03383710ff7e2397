"""`python -m bench.page [DIR]`: put a run's tables and its plot into docs/performance.md.

Each table stands between two comments that name it; under it goes what it was measured with.
"""

from __future__ import annotations

import re
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path

_DOCS = Path(__file__).resolve().parent.parent / "docs"
PAGE, PLOT = _DOCS / "performance.md", "cost-and-accuracy.svg"
_PLACE = re.compile(r"(<!-- table: (.+?) -->\n).*?(<!-- end -->)", re.DOTALL)
_RUNS = ("tables.md", "broker.md")
_MACHINE = "This run"


def main(folder: Path) -> int:
    """From a folder that `python -m bench` wrote; returns the exit code."""
    page = PAGE.read_text(encoding="utf-8")
    for run in _RUNS:  # each with a machine of its own, in files of their own
        if (folder / run).exists():
            page = filled(page, sections((folder / run).read_text(encoding="utf-8")))
    PAGE.write_text(page, encoding="utf-8")
    if (folder / PLOT).exists():
        shutil.copyfile(folder / PLOT, _DOCS / PLOT)
    return 0


def sections(text: str) -> dict[str, str]:
    """Heading -> table."""
    parts = re.split(r"^## (.+)$", text, flags=re.MULTILINE)[1:]
    named = zip(parts[::2], parts[1::2], strict=True)
    return {title: "\n".join(_table(body)) for title, body in named}


def filled(page: str, tables: Mapping[str, str]) -> str:
    """The page with these tables in their places; a place whose table is not among them stays."""
    beside = _beside(next(tables[title] for title in tables if title.startswith(_MACHINE)))

    def place(found: re.Match[str]) -> str:
        begin, title, end = found.groups()
        if title not in tables:
            return found.group()
        said = "" if title == _MACHINE else f"\n{beside}\n"
        return f"{begin}\n{tables[title]}\n{said}\n{end}"

    return _PLACE.sub(place, page)


def _beside(machine: str) -> str:
    """One line: with what, when, where, by which versions."""
    rows = [[cell.strip() for cell in line.split("|")[1:3]] for line in machine.splitlines()[2:]]
    said = dict(rows)
    versions = [
        f"{name} {value}"
        for name, value in said.items()
        if name not in {"command", "date", "processor", "load", "system"}
    ]
    date = said["date"].split()[0]
    return f"`{said['command']}`, {date}; {said['processor']}; {', '.join(versions)}."


def _table(body: str) -> list[str]:
    return [line for line in body.splitlines() if line.startswith("|")]


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1] if len(sys.argv) > 1 else "build/bench")))
