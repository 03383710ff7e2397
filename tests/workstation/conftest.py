"""Drawn people, and one small network trained on them for the whole lane."""

from __future__ import annotations

import importlib.util
import json
import os
from pathlib import Path

import pytest

from tests.workstation.drawn import draw_people, pack

# One thread: sums in one order, so that equal trainings are equal to the bit, and threads that do
# not wait for each other on a busy machine.
for _variable in ("TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS"):
    os.environ.setdefault(_variable, "1")

if importlib.util.find_spec("tensorflow") is None:
    collect_ignore_glob = ["test_*.py"]  # the door's environment: nothing here can run

PEOPLE, PICTURES, SHARE = 48, 8, 0.25
OTHERS = 64
FMR = ("--target-fmr", "1e-2")  # which half of OTHERS can show
SIDE = 32  # of the small network's input


@pytest.fixture(scope="session")
def people():
    return draw_people(PEOPLE, PICTURES)


@pytest.fixture(scope="session")
def people_tar(people, tmp_path_factory):
    return pack(people, tmp_path_factory.mktemp("faces") / "people.tar")


@pytest.fixture(scope="session")
def others_tar(tmp_path_factory):
    """Drawn people whom no network was trained on, enough of them to show an FMR of 0.01."""
    drawn = draw_people(OTHERS, 5, seed=9)
    others = {name.replace("person", "other"): pictures for name, pictures in drawn.items()}
    return pack(others, tmp_path_factory.mktemp("others") / "others.tar")


@pytest.fixture(scope="session")
def faces(people_tar):
    from train.data import load_faces

    return load_faces([people_tar])


@pytest.fixture(scope="session")
def tiny():
    """A new small network, built as the presets are: `tiny()`, or with another end of its twin."""
    import keras
    from keras import layers

    from edge.contract.matching import Difference
    from train import models

    def twin(x):
        for channels in (16, 32, 48):
            x = layers.ZeroPadding2D(1)(x)
            x = layers.Conv2D(channels, 3, 2, use_bias=False)(x)
            x = layers.BatchNormalization(momentum=0.9)(x)
            x = layers.ReLU(6.0)(x)
        x = layers.DepthwiseConv2D(x.shape[1], use_bias=False)(x)
        x = layers.BatchNormalization(momentum=0.9)(x)
        x = layers.Conv2D(32, 1, use_bias=False)(x)
        return layers.Flatten()(layers.BatchNormalization(momentum=0.9, name="last")(x))

    def build(end=lambda x: x, seed=7):
        keras.utils.set_random_seed(seed)
        made = models.Preset((SIDE, SIDE, 3), lambda x: end(twin(x)), Difference.SQUARED)
        with pytest.MonkeyPatch.context() as patch:
            patch.setitem(models.PRESETS, "tiny", made)
            return models.build_siamese("tiny")

    return build


@pytest.fixture(scope="session")
def teach(faces):
    """Train a network for some steps as `python -m train fit` does; its run folder."""
    from train.data import split_people
    from train.fit import fit
    from train.runs import Run

    def teach(siamese, folder, *, epochs=2, steps=40, **changed):
        options = {"rate": 1e-2, "batch": 32, "seed": 3, "loss": "bce"} | changed
        config = {"held_out_share": SHARE, "epochs": epochs, "steps": steps}
        run = Run(Path(folder), config, resume=True)
        fit(siamese, split_people(faces, SHARE)[0], run=run, epochs=epochs, steps=steps, **options)
        return run

    return teach


@pytest.fixture(scope="session")
def run_folder(tiny, teach, held_out, people_tar, tmp_path_factory):
    """The run of a small trained network, head calibrated, as `convert build` takes it."""
    from train.heads import calibrate, embed
    from train.models import head_parameters
    from train.pairs import all_pairs

    siamese = tiny()
    run = teach(siamese, tmp_path_factory.mktemp("runs") / "tiny")
    found = embed(siamese, held_out.crops)
    calibrate(siamese, all_pairs(found, held_out.person, head_parameters(siamese)))
    run.save(siamese)
    config = json.loads((run.folder / "config.json").read_text())
    (run.folder / "config.json").write_text(json.dumps(config | {"data": [str(people_tar)]}))
    return run.folder


@pytest.fixture(scope="session")
def siamese(run_folder):
    """The trained network of `run_folder`; not to be changed."""
    from train.runs import load_run

    return load_run(run_folder)[0]


@pytest.fixture(scope="session")
def held_out(faces):
    from train.data import split_people

    return split_people(faces, SHARE)[1]


@pytest.fixture(scope="session")
def measured_on(others_tar):
    return "--people", str(others_tar), *FMR


@pytest.fixture(scope="session")
def bundle(run_folder, measured_on, tmp_path_factory):
    from convert.cli import main

    folder = tmp_path_factory.mktemp("bundles") / "tiny"
    report = ("--report", str(folder.with_name("report")))
    assert main(["build", str(run_folder), "-o", str(folder), *measured_on, *report]) == 0
    return folder
