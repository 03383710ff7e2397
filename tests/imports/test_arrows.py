"""The arrows of docs/architecture.md: who may import whom."""

from __future__ import annotations

import pytest

from tests.imports.arrows import arrows, faults


def test_no_import_of_the_program_goes_against_the_arrows(repository):
    found = arrows(repository)
    assert len({arrow.source for arrow in found}) > 20, "the files were not found"
    assert faults(found) == []


def plant(root, module, text):
    file = root.joinpath(*module.split(".")).with_suffix(".py")
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    for folder in file.relative_to(root).parents[:-1]:
        (root / folder / "__init__.py").touch()


@pytest.mark.parametrize(
    ("module", "line"),
    [
        ("edge.door.loop", "import cv2"),
        ("edge.door.match", "from edge.eye import look"),
        ("edge.door.loop", "def f():\n    from ..eye.look import Eye"),
        ("edge.door.match", "from edge.contract import align"),
        ("edge.door.match", "from edge.contract.locate import locate"),
        ("edge.door.devices.strike", "from ...contract import quality"),
        ("edge.door.loop", "import importlib\nimportlib.import_module('cv2')"),
        ("edge.door.loop", "from edge.cli import output"),
        ("edge.core.machine", "from edge.store.events import EventStore"),
        ("edge.core.machine", "import time"),
        ("edge.core.machine", "from edge import config"),
        ("edge.store.gallery", "if True:\n    import ai_edge_litert.interpreter"),
        ("edge.store.events", "import cv2"),
        ("edge.eye.camera", "import gpiozero"),
        ("edge.eye.loop", "from edge.store import gallery"),
        ("edge.eye.loop", "from ..door import wires"),
        ("edge.eye.look", "from tflite_runtime.interpreter import Interpreter"),
        ("edge.cli.test", "from ai_edge_litert.interpreter import Interpreter"),
        ("edge.cli.demo", "import matplotlib.pyplot as plt"),
        ("edge.contract.manifest", "from edge.core import burst"),
        ("edge.contract.manifest", "import keras"),
        ("edge.contract.manifest", "def f():\n    import cv2"),
        ("edge.config", "from train import models"),
        ("train.fit", "from edge.eye import lens"),
        ("train.fit", "import convert.write"),
        ("convert.check", "from edge.door import match"),
        ("edge.selftest.stages", "from bench import clock"),
        ("train.fit", "import bench.clock"),
        ("bench.growth", "from train import fit"),
    ],
)
def test_a_planted_wrong_arrow_is_found_with_its_file_and_line(tmp_path, module, line):
    for name in ("align", "locate", "quality", "manifest"):
        plant(tmp_path, f"edge.contract.{name}", "")
    for name in ("core.burst", "eye.look", "store.gallery", "door.wires", "door.match"):
        plant(tmp_path, f"edge.{name}", "")
    for name in ("edge.config", "edge.cli.output", "train.models"):
        plant(tmp_path, name, "")
    assert faults(arrows(tmp_path)) == []
    plant(tmp_path, module, f'"""A file."""\n{line}\n')
    found = faults(arrows(tmp_path))
    assert found
    assert all(f"{tmp_path / module.replace('.', '/')}.py:" in fault for fault in found)


@pytest.mark.parametrize(
    ("module", "line"),
    [
        ("edge.eye.engine", "from ai_edge_litert.interpreter import Interpreter"),
        ("edge.eye.look", "import cv2"),
        ("edge.door.match", "from edge.contract.matching import distances"),
        ("edge.door.loop", "from ..core import machine\nfrom ..store import gallery"),
        ("edge.core.machine", "from edge.contract.reasons import Reason"),
        ("edge.cli.test", "from edge.eye.look import Eye\nfrom edge.door import match"),
        ("edge.cli.version", "from edge import __version__"),
        ("train.fit", "import tensorflow\nfrom edge.contract import tensor"),
        ("convert.write", "from edge.contract import manifest\nfrom train import models"),
    ],
)
def test_what_the_design_draws_is_allowed(tmp_path, module, line):
    plant(tmp_path, module, line)
    assert faults(arrows(tmp_path)) == []
