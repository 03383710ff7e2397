"""The errors that a document may name."""

from __future__ import annotations

from edge.contract import errors
from edge.contract.errors import OnelookError
from edge.schemas.shapes import words

# One more kind is in edge/cli/main.py: a fault of the program itself.
_KINDS = [kind for kind in vars(errors).values() if isinstance(kind, type)]
ERRORS = {kind.code: kind.exit_code for kind in _KINDS if issubclass(kind, OnelookError)}
ERRORS |= {"software": 70}
CODE = words(ERRORS)
