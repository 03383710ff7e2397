"""Texts that commands leave behind, each whole or not at all."""

from __future__ import annotations

from pathlib import Path

from edge.contract.errors import OutputError


def write_text(file: Path, text: str) -> None:
    """Its folder is made if it is not there. Raises: OutputError: it cannot be written."""
    new = file.with_name(f".new-{file.name}")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        new.write_text(text, encoding="utf-8")
        new.replace(file)
    except OSError as e:
        raise OutputError(
            f"{file}: cannot be written ({e.strerror})", remedy="check the path and the free space"
        ) from e
