"""What an import really loads, in a process of its own: the arrows cannot see through libraries."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

PIXELS = {"cv2", "ai_edge_litert", "tflite_runtime", "edge.eye"}
WORKSTATION = {"tensorflow", "keras", "matplotlib", "train", "convert"}


def loaded(module, repository):
    code = f"import json, sys, {module}; print(json.dumps(sorted(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=repository, capture_output=True, text=True, check=True
    )
    return set(json.loads(done.stdout))


def test_the_command_line_loads_neither_pixels_nor_arrays(repository):
    modules = loaded("edge.cli.main", repository)
    assert "edge.cli.main" in modules
    assert not modules & (PIXELS | WORKSTATION | {"numpy", "gpiozero", "cryptography", "sqlite3"})


@pytest.mark.parametrize("module", ["edge.door.loop", "edge.store.gallery", "edge.store.events"])
def test_the_door_loads_no_pixels(module, repository):
    modules = loaded(module, repository)
    assert module in modules
    assert not modules & (PIXELS | WORKSTATION)


def test_the_core_loads_nothing_that_acts(repository):
    modules = loaded("edge.core.machine", repository)
    assert not modules & (PIXELS | WORKSTATION | {"numpy", "gpiozero", "sqlite3", "threading"})


@pytest.mark.parametrize("module", ["edge.eye.loop", "edge.eye.look"])
def test_the_eye_loads_no_templates_and_no_pins(module, repository):
    modules = loaded(module, repository)
    assert module in modules
    assert not modules & (WORKSTATION | {"edge.door", "edge.store", "gpiozero", "sqlite3"})


@pytest.mark.parametrize("program", ["train", "convert"])
def test_help_of_the_workstation_waits_for_no_tensorflow(program, repository):
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", program, "--help"],
        cwd=repository,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    imported = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines()}
    assert "argparse" in imported
    assert not imported & {"tensorflow", "keras"}
