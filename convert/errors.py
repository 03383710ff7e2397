"""The errors that only a conversion has."""

from __future__ import annotations

from edge.contract.errors import OnelookError


class GateError(OnelookError):
    """A network that must not reach a door: one of the checks said no (exit code 1)."""

    code = "gate"
