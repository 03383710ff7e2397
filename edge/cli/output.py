"""What commands print: results on stdout, the rest on stderr; with --json exactly one document."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Iterable
from typing import TextIO

from edge.contract.errors import OnelookError


def publish(
    args: argparse.Namespace,
    name: str,
    text: Iterable[str],
    /,
    *,
    ok: bool = True,
    **content: object,
) -> int:
    """Print a command's result, as lines or as the document `onelook.<name>/1`.

    Returns:
        the exit code: 0, or 1 for a clear "no".
    """
    if args.json:
        document = {"schema": f"onelook.{name}/1", "ok": ok, **content}
        print(json.dumps(document, indent=2, ensure_ascii=False))
    else:
        for line in text:
            print(line)
    sys.stdout.flush()
    return 0 if ok else 1


def note(line: str) -> None:
    """A line for the person at the terminal that is no result."""
    print(line, file=sys.stderr, flush=True)


def report(error: OnelookError, *, as_json: bool) -> int:
    """Print an error: what happened, why if that is known, what to do. Returns its exit code."""
    if as_json:
        document = {
            "schema": "onelook.error/1",
            "ok": False,
            "code": error.code,
            "exit": error.exit_code,
            "message": error.what,
            "why": error.why,
            "remedy": error.remedy,
        }
        print(json.dumps(document, indent=2, ensure_ascii=False))
    else:
        note(message(error))
    return error.exit_code


def message(error: OnelookError, prefix: str = "onelook") -> str:
    """An error as up to three lines of text."""
    lines = [f"{prefix}: {error.what}", error.why, error.remedy]
    return "\n".join(line for line in lines if line)


class Palette:
    """Colours on a terminal, nothing elsewhere. A colour repeats what the words say, never more."""

    def __init__(self, stream: TextIO, choice: str = "auto") -> None:
        plain = "NO_COLOR" in os.environ or os.environ.get("TERM") == "dumb"
        self._on = choice == "always" or (choice == "auto" and stream.isatty() and not plain)

    def good(self, text: str) -> str:
        return self._wrap("32;1", text)

    def bad(self, text: str) -> str:
        return self._wrap("31;1", text)

    def strong(self, text: str) -> str:
        return self._wrap("1", text)

    def faint(self, text: str) -> str:
        return self._wrap("2", text)

    def _wrap(self, code: str, text: str) -> str:
        return f"\033[{code}m{text}\033[0m" if self._on else text
