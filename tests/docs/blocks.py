"""What a page promises: its blocks, its commands with what they print, its presses.

The rule is CONTRIBUTING.md's: in a block marked `console`, lines that begin with `$ ` are commands
and the lines below are what they print; a block marked `sh` holds commands that cannot run here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

_FENCE = re.compile(r"^( {0,3})```(\S*)\s*$")
_PRESS = re.compile(r"^\*Somebody presses the button \((\S+)\)\.\* .*`(\w+)`\.$")
_EXIT = re.compile(r"\s+# exit code (\d+)$")
# What differs from run to run: numbers of any form, the short ids of people, paths.
_VARIES = re.compile(r"p-[0-9a-f]{4}\b|-?\d[\d,.:-]*\d|-?\d")


@dataclass(frozen=True)
class Block:
    """A fenced block: at which line it begins, its language, its lines."""

    line: int
    language: str
    lines: tuple[str, ...]


@dataclass(frozen=True)
class Command:
    """A command, its exit code, and what it prints; "..." stands for any lines."""

    line: int
    text: str
    exit_code: int
    prints: tuple[str, ...]


@dataclass(frozen=True)
class Press:
    """Somebody presses the button: what the camera sees, and the word that comes of it."""

    line: int
    picture: str
    word: str


def blocks(page: str) -> list[Block]:
    """The fenced blocks of a page, in order."""
    found: list[Block] = []
    opened: tuple[int, str, list[str]] | None = None
    for number, line in enumerate(page.splitlines(), 1):
        fence = _FENCE.match(line)
        if opened is None and fence:
            opened = (number, fence[2], [])
        elif opened is not None and fence:
            found.append(Block(opened[0], opened[1], tuple(opened[2])))
            opened = None
        elif opened is not None:
            opened[2].append(line)
    assert opened is None, f"the block of line {opened and opened[0]} has no end"
    return found


def steps(page: str) -> list[Command | Press]:
    """Commands and presses of a page, in order."""
    commands = [c for b in blocks(page) if b.language == "console" for c in _commands(b)]
    presses = [
        Press(number, match[1], match[2])
        for number, line in enumerate(page.splitlines(), 1)
        if (match := _PRESS.match(line))
    ]
    return sorted([*commands, *presses], key=lambda step: step.line)


def printed(wanted: tuple[str, ...], got: str) -> bool:
    """Whether this is what the page shows, numbers and ids aside."""
    pattern = "".join(r"(?:.*\n)*?" if line == "..." else _line(line) + r"\n" for line in wanted)
    return re.fullmatch(pattern, got if got.endswith("\n") else got + "\n") is not None


def _commands(block: Block) -> Iterator[Command]:
    starts = [i for i, line in enumerate(block.lines) if line.startswith("$ ")]
    assert starts[:1] == [0], f"line {block.line}: a console block begins with a command"
    for start, end in zip(starts, [*starts[1:], len(block.lines)], strict=True):
        text = block.lines[start].removeprefix("$ ")
        code = _EXIT.search(text)
        yield Command(
            block.line + 1 + start,
            _EXIT.sub("", text),
            int(code[1]) if code else 0,
            block.lines[start + 1 : end],
        )


def _line(line: str) -> str:
    """A pattern for one line; a "..." within it or at its end stands for anything."""
    parts = []
    for part in re.split(r"(\.\.\.)", line):
        if part == "...":
            parts.append(".*")
            continue
        at = 0
        for varies in _VARIES.finditer(part):
            parts.append(re.escape(part[at : varies.start()]))
            person = varies[0].startswith("p-")
            parts.append("p-[0-9a-f]{4}" if person else r"-?\d[\d,.:-]*")
            at = varies.end()
        parts.append(re.escape(part[at:]))
    return "".join(parts)
