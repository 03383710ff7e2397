"""`python -m edge.schemas`: write the schemas beside this file."""

from __future__ import annotations

from edge.schemas import FOLDER, files

if __name__ == "__main__":
    for name, text in files().items():
        (FOLDER / name).write_text(text, encoding="utf-8")
