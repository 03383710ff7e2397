"""A passphrase: asked for at the terminal or read from a file, never an argument."""

from __future__ import annotations

import getpass
import sys
from pathlib import Path

from edge.contract.errors import MissingError, UsageError


def passphrase(file: Path | None, *, twice: bool, none: bool) -> bytes:
    """The passphrase, empty if there is `none`.

    file: its first line is the passphrase; else it is asked for, `twice` for a new key.

    Raises:
        UsageError: there is no terminal to ask at, or the two do not agree.
        MissingError: no such file.
    """
    if file is not None:
        try:
            return file.read_bytes().splitlines()[0]
        except (OSError, IndexError) as e:
            raise MissingError(f"{file}: no passphrase there", remedy="check the path") from e
    if none:
        return b""
    if not sys.stdin.isatty():
        raise UsageError(
            "a passphrase is needed, and there is no terminal to ask at",
            remedy="give it with --passphrase-file FILE",
        )
    given = getpass.getpass("passphrase: ")
    if not given or (twice and getpass.getpass("the same again: ") != given):
        raise UsageError("no passphrase, or not twice the same", remedy="start again")
    return given.encode()
