"""A JSON Schema for every document that `onelook ... --json` prints: `<name>-1.json` beside this.

Within a major number keys are only added, so readers ignore keys that they do not know, and every
file here stands alone. `python -m edge.schemas` writes them from `documents.py`.
"""

from __future__ import annotations

import json
from pathlib import Path

from edge.schemas.documents import DOCUMENTS, schema_of

FOLDER = Path(__file__).resolve().parent


def files() -> dict[str, str]:
    """File name -> text, of all schemas."""
    return {
        f"{name}-1.json": json.dumps(schema_of(name), indent=2, ensure_ascii=False) + "\n"
        for name in DOCUMENTS
    }
