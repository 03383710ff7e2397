"""What every test shares: the checkout, and an environment without the owner's settings."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

# Before any test imports gpiozero: pins are memory, never lines of the machine under the tests.
os.environ["GPIOZERO_PIN_FACTORY"] = "mock"

REPOSITORY = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def repository():
    """The root of the checkout."""
    return REPOSITORY


@pytest.fixture(autouse=True)
def _nothing_of_the_owners(monkeypatch, tmp_path):
    """No test reads or writes the state, sockets and configuration of whoever runs it."""
    monkeypatch.delenv("ONELOOK_CONFIG", raising=False)
    for name in ("XDG_STATE_HOME", "XDG_CONFIG_HOME", "XDG_RUNTIME_DIR"):
        monkeypatch.setenv(name, str(tmp_path / name.lower()))
