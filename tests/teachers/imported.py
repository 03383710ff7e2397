"""Two open networks of others through import, build and a door's check: `make test-import`.

Needs TEACHERS and FACES: folders with the networks and with tars of crops; skips without them.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from convert.cli import main
from edge.contract.bundle import load_bundle
from edge.contract.signing import UNCHECKED

TEACHERS, FACES = (Path(os.environ.get(name, "nowhere")) for name in ("TEACHERS", "FACES"))
NETWORKS = {
    "mobilefacenet_foamliu": ["--preprocessing", "imagenet"],
    # It was trained on a closer cut, in blue, green, red.
    "face-reidentification-retail-0095": [
        *("--preprocessing", "none", "--bgr", "--view", "3,4,106"),
    ],
}


@pytest.mark.parametrize("name", NETWORKS)
def test_a_network_of_others_becomes_a_bundle_that_a_door_takes(name, tmp_path):
    network = TEACHERS / f"{name}.onnx"
    if not network.is_file() or not FACES.is_dir():
        pytest.skip(f"{network} or {FACES} is not there: set TEACHERS and FACES to their folders")
    run, bundle = tmp_path / "run", tmp_path / "bundle"
    people = [str(FACES / f"train_{source}.tar") for source in ("kpop", "cfp")]
    given = ["--people", *people, "--licence", "Apache-2.0"]
    assert main(["import", str(network), "-o", str(run), *NETWORKS[name], *given]) == 0
    calibration = ["--calibration", str(FACES / "train_celeba.tar")]
    assert main(["build", str(run), "-o", str(bundle), "--people", *people, *calibration]) == 0
    assert main(["verify", str(bundle)]) == 0
    manifest = load_bundle(bundle, UNCHECKED).manifest
    assert float(manifest.parity["cosine_mean"]) > 0.97
    # At the FMR that so few people can show it recognises most pairs of one person.
    assert manifest.levels[0].steps[0].chosen.fnmr.value < 0.5
