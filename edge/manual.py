"""The command line's reference, written from its parser: a page, a manual page, a completion.

`python -m edge.manual` writes docs/cli.md and deploy/files/onelook.1; with shtab, which only
development needs, deploy/files/onelook.bash as well.
"""

from __future__ import annotations

import argparse
import os
import re
from collections.abc import Iterator
from pathlib import Path

from edge import __version__
from edge.cli.main import parser_of

ROOT = Path(__file__).resolve().parent.parent
WIDTH = 88


def page() -> str:
    """docs/cli.md: what `--help` says of every command."""
    parts = ["# Commands\n", "What `--help` says, in one page; made by `python -m edge.manual`.\n"]
    for name, parser in _commands(parser_of()):
        parts.append(f"## {name}\n\n```\n{_help(parser)}```\n")
    return "\n".join(parts)


def manual_page() -> str:
    """onelook.1, in roff."""
    main = parser_of()
    about, *rest = (main.description or "").strip().split("\n\n")
    lines = [f'.TH ONELOOK 1 "" "onelook {__version__}" "onelook"', ".SH NAME"]
    lines += [_roff(f"onelook - {about}"), ".SH SYNOPSIS", ".B onelook", "COMMAND [OPTIONS]"]
    lines += [".SH DESCRIPTION", *(_roff(part) for part in rest)]
    lines.append(".SH COMMANDS")
    for name, parser in _commands(main):
        if parser is main:
            continue
        lines += [f".SS {_roff(name.removeprefix('onelook '))}", _roff(parser.description or "")]
        for option in _options(parser):
            words = ", ".join(option.option_strings) or str(option.metavar or option.dest)
            value = f" {option.metavar}" if option.option_strings and option.metavar else ""
            lines += [".TP", f".B {_roff(words + value)}", _roff(option.help or "")]
        lines += [".PP", ".nf", _roff((parser.epilog or "").strip()), ".fi"]
    lines += [".SH NOTES", ".nf", _roff((main.epilog or "").strip()), ".fi"]
    return "\n".join(line for line in lines if line) + "\n"


def completion() -> str:
    """For bash. Raises: ImportError: there is no shtab."""
    import shtab

    text: str = shtab.complete(parser_of(), "bash")
    return "\n".join(line.rstrip() for line in text.splitlines()) + "\n"


def main() -> None:
    """Write all three."""
    (ROOT / "docs/cli.md").write_text(page(), encoding="utf-8")
    (ROOT / "deploy/files/onelook.1").write_text(manual_page(), encoding="utf-8")
    (ROOT / "deploy/files/onelook.bash").write_text(completion(), encoding="utf-8")


def _commands(
    parser: argparse.ArgumentParser, name: str = "onelook"
) -> Iterator[tuple[str, argparse.ArgumentParser]]:
    yield name, parser
    for action in parser._actions:  # noqa: SLF001 - argparse shows a parser to itself alone
        if isinstance(action, argparse._SubParsersAction):  # noqa: SLF001
            for word, command in action.choices.items():
                yield from _commands(command, f"{name} {word}")


def _options(parser: argparse.ArgumentParser) -> Iterator[argparse.Action]:
    """Its own: those that every command takes are said once."""
    common = {"--help", "--config", "--json", "--color", "--verbose", "-h", "-v"}
    for action in parser._actions:  # noqa: SLF001 - as above
        nested = isinstance(action, argparse._SubParsersAction)  # noqa: SLF001
        hidden = nested or action.help == argparse.SUPPRESS
        if not hidden and not common & set(action.option_strings):
            yield action


def _help(parser: argparse.ArgumentParser) -> str:
    before = os.environ.get("COLUMNS")
    os.environ["COLUMNS"] = str(WIDTH)  # which argparse asks
    try:
        return parser.format_help()
    finally:
        if before is None:
            del os.environ["COLUMNS"]
        else:
            os.environ["COLUMNS"] = before


def _roff(text: str) -> str:
    escaped = text.replace("\\", r"\e").replace("-", r"\-").replace("%%", "%")
    return re.sub(r"(?m)^([.'])", r"\\&\1", escaped)


if __name__ == "__main__":
    main()
