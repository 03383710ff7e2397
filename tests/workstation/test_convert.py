"""From a trained network to a bundle that a door loads, and the gates on the way."""

from __future__ import annotations

import dataclasses
import io
import itertools
import json
import re
import subprocess
import sys

import keras
import numpy as np
import pytest

from convert import check, selftest, thresholds, write
from convert.cli import main
from convert.engine import Twin
from convert.errors import GateError
from convert.people import choosers_and_testers
from edge.contract.bundle import EMBEDDING, load_bundle
from edge.contract.manifest import to_bytes
from edge.contract.matching import Difference, Head, Quantization, dequantize, distances
from edge.contract.signing import UNCHECKED
from edge.contract.tensor import to_int8
from edge.eye.engine import Engine
from tests.workstation.drawn import spread_out
from train.models import embedding_of, head_of
from train.rates import rates_at


@pytest.fixture
def refused(capsys, tmp_path):
    """Run a command that must fail; its exit code and what it said: one error, nothing written."""

    def refused(*arguments):
        code = main([*map(str, arguments)])
        said = capsys.readouterr().err
        assert "Traceback" not in said
        errors = [line for line in said.splitlines() if line.startswith("convert: ")]
        assert not (tmp_path / "new").exists()
        return code, errors[-1] + "\n" + said.partition(errors[-1])[2].strip()

    return refused


def contents(folder):
    return {file.name: file.read_bytes() for file in folder.iterdir()}


def test_a_door_loads_the_bundle_and_its_engine_gives_the_recorded_answers(bundle):
    loaded = load_bundle(bundle, UNCHECKED)
    engine = Engine(loaded.files[EMBEDDING])
    assert engine.input_shape == loaded.manifest.input_shape == (32, 32, 3)
    assert engine.dimensions == loaded.manifest.dimensions == 32
    with np.load(io.BytesIO(loaded.files[selftest.FILE])) as recorded:
        answers = [engine.run(to_int8(crop[None]))[0] for crop in recorded["crops"]]
        assert np.abs(np.array(answers, int) - recorded["embeddings"]).max() <= 1


def test_the_thresholds_hold_what_they_promise_on_the_doors_engine(bundle, others_tar, run_folder):
    loaded = load_bundle(bundle, UNCHECKED)
    engine, manifest = Engine(loaded.files[EMBEDDING]), loaded.manifest
    config = json.loads((run_folder / "config.json").read_text())
    sides = choosers_and_testers(config, manifest.input_shape, people=[str(others_tar)])
    assert [side.sample for side in sides] == [manifest.chosen_on, manifest.tested_on]
    first = manifest.levels[0].steps[0]
    assert (manifest.levels[0].name, first.people) == ("normal", 1)
    for side, promised in zip(sides, (first.chosen, first.tested), strict=True):
        embeddings = dequantize(
            np.concatenate([engine.run(to_int8(crop[None])) for crop in side.crops]),
            manifest.output_quantization,
        )
        pairs = thresholds.compare_all(manifest.head, embeddings, side.person)
        fmr, fnmr = rates_at(pairs, first.distance)
        assert (promised.fmr.errors, promised.fmr.trials) == (fmr.errors, fmr.trials)
        assert (promised.fnmr.errors, promised.fnmr.trials) == (fnmr.errors, fnmr.trials)
        assert promised.fmr.upper >= fmr.value
    assert first.chosen.fmr.upper <= first.target_fmr == manifest.levels[0].target_fmr


def test_r1_10_larger_galleries_are_held_to_stricter_thresholds(bundle):
    level = load_bundle(bundle, UNCHECKED).manifest.levels[0]
    for earlier, later in itertools.pairwise(level.steps):
        assert later.distance <= earlier.distance
        assert later.target_fmr == pytest.approx(earlier.target_fmr * earlier.people / later.people)
    for step in level.steps:
        assert {press.people for press in step.presses} <= {step.people}
        assert all(press.far.upper > 0 for press in step.presses)


def test_r1_8_a_rate_that_the_people_cannot_show_is_rounded_up(
    run_folder, others_tar, tmp_path, capsys
):
    new = tmp_path / "new"
    assert main(["build", str(run_folder), "-o", str(new), "--people", str(others_tar)]) == 0
    choosing = load_bundle(new, UNCHECKED).manifest.chosen_on.people
    floor = 3 / (choosing * (choosing - 1) / 2)
    target = load_bundle(new, UNCHECKED).manifest.levels[0].target_fmr
    assert floor <= target <= 2 * floor
    assert f"people show no FMR below {target:g}" in capsys.readouterr().err


def test_r4_8_the_same_network_and_faces_give_the_same_bytes_in_another_process(
    bundle, run_folder, measured_on, tmp_path, repository
):
    again = tmp_path / "again"
    command = [
        sys.executable,
        "-m",
        "convert",
        "build",
        str(run_folder),
        "-o",
        str(again),
        *measured_on,
    ]
    subprocess.run(command, cwd=repository, check=True, capture_output=True)
    assert contents(again) == contents(bundle)


def test_a_bundle_says_what_it_is_and_where_nothing_lay(bundle, run_folder, capsys):
    assert main(["inspect", str(bundle), "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    first = document["levels"][0]["steps"][0]["chosen"]
    people, images = document["chosen_on"]["people"], document["chosen_on"]["images"]
    assert first["fmr"]["trials"] == people * (people - 1) / 2 * 25
    assert first["fnmr"]["trials"] == people * 10 == 2 * images
    assert document["provenance"]["run.data"] == '["people.tar"]'
    assert str(run_folder.parent) not in json.dumps(document)
    assert main(["inspect", str(bundle)]) == 0
    said = capsys.readouterr().out
    assert document["model"] in said
    assert f"thresholds chosen on {images} pictures of {people} people" in said


def test_a_report_holds_the_figures_and_a_plot(bundle):
    report = bundle.with_name("report")
    document = json.loads((report / "convert.json").read_text())
    assert document["model"] == load_bundle(bundle, UNCHECKED).manifest.model
    assert "<svg" in (report / "rates.svg").read_text()


def test_a_good_bundle_is_verified(bundle, capsys):
    assert main(["verify", str(bundle), "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert list(document["checks"]) == [
        "signature",
        "files",
        "shapes",
        "operators",
        "golden",
        "head",
    ]


def rewritten(bundle, folder, *, files=(), **changed):
    """The bundle with other contents, and a manifest that promises them."""
    loaded = load_bundle(bundle, UNCHECKED)
    files = {**loaded.files, **dict(files)}
    manifest = dataclasses.replace(loaded.manifest, files=write.listed(files), **changed)
    folder.mkdir()
    for name, data in {**files, "manifest.json": to_bytes(manifest)}.items():
        (folder / name).write_bytes(data)
    return folder


def test_verify_finds_a_changed_file(bundle, tmp_path, refused):
    copy = rewritten(bundle, tmp_path / "copy")
    data = bytearray((copy / "head.tflite").read_bytes())
    data[len(data) // 2] ^= 1
    (copy / "head.tflite").write_bytes(data)
    code, said = refused("verify", copy)
    assert code == 81
    assert "head.tflite: not the file that the manifest promises" in said


def test_verify_finds_a_network_that_answers_otherwise(bundle, tmp_path, refused):
    answers = io.BytesIO()
    with np.load(io.BytesIO(load_bundle(bundle, UNCHECKED).files[selftest.FILE])) as recorded:
        turned = {**recorded, "embeddings": recorded["embeddings"][::-1]}
        np.savez(answers, **turned)
    copy = rewritten(bundle, tmp_path / "copy", files={selftest.FILE: answers.getvalue()})
    code, said = refused("verify", copy)
    assert code == 84
    assert "answers otherwise than when the bundle was made" in said


def test_r4_6_verify_finds_a_network_that_decides_otherwise(bundle, tmp_path, refused):
    answers = io.BytesIO()
    with np.load(io.BytesIO(load_bundle(bundle, UNCHECKED).files[selftest.FILE])) as recorded:
        assert len(recorded["pairs"]) > 4
        np.savez(answers, **{**recorded, "same": ~recorded["same"]})
    copy = rewritten(bundle, tmp_path / "copy", files={selftest.FILE: answers.getvalue()})
    code, said = refused("verify", copy)
    assert code == 84
    assert "pictures 0 and" in said


def test_verify_finds_golden_inputs_that_any_network_could_pass(bundle, tmp_path, refused):
    answers = io.BytesIO()
    with np.load(io.BytesIO(load_bundle(bundle, UNCHECKED).files[selftest.FILE])) as recorded:
        one = recorded["same"]
        kept = {"pairs": recorded["pairs"][one], "same": one[one]}
        np.savez(answers, **{**recorded, **kept})
    copy = rewritten(bundle, tmp_path / "copy", files={selftest.FILE: answers.getvalue()})
    code, said = refused("verify", copy)
    assert code == 81
    assert "its verdicts are not of both kinds" in said


def test_a_network_without_clear_verdicts_has_no_golden_inputs(bundle):
    loaded = load_bundle(bundle, UNCHECKED)
    twin, head = Twin(loaded.files[EMBEDDING]), loaded.manifest.head
    nothing = dataclasses.replace(head, weights=head.weights * 0)
    with pytest.raises(GateError, match="prove nothing"):
        selftest.record(twin, nothing, 0.5)


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"operators": {"CONV_2D": 4}}, "not the operators"),
        ({"output_quantization": Quantization(0.5, 0)}, "the manifest promises"),
    ],
)
def test_verify_finds_a_manifest_that_does_not_fit(bundle, tmp_path, refused, changed, says):
    code, said = refused("verify", rewritten(bundle, tmp_path / "copy", **changed))
    assert code == 81
    assert says in said


def test_verify_finds_a_head_that_is_not_the_doors(bundle, other_head, tmp_path, refused):
    copy = rewritten(bundle, tmp_path / "copy", files={"head.tflite": other_head})
    code, said = refused("verify", copy)
    assert code == 1
    assert "the head's numbers and its network differ" in said


@pytest.fixture
def other_head(siamese):
    from convert.quantize import head_to_float

    head = keras.models.clone_model(head_of(siamese))
    kernel, bias = head_of(siamese).get_layer("distance").get_weights()
    head.get_layer("distance").set_weights([kernel, bias + 0.01])
    return head_to_float(head)


@pytest.fixture
def changed_run(run_folder, siamese, tiny, tmp_path):
    """A run whose network is the trained one but for what `change` does to it."""

    def changed_run(change=lambda _: None, **build):
        copy = tiny(**build)
        copy.set_weights(siamese.get_weights())
        change(copy)
        folder = tmp_path / "changed"
        folder.mkdir()
        copy.save(folder / "siamese.keras")
        (folder / "config.json").write_bytes((run_folder / "config.json").read_bytes())
        return folder

    return changed_run


def flatten_answers(siamese):
    last = embedding_of(siamese).get_layer("last")
    gamma, beta, *moving = last.get_weights()
    last.set_weights([gamma * 0, beta + 1, *moving])


def test_a_network_that_always_says_the_same_is_refused(
    changed_run, refused, tmp_path, measured_on
):
    run = changed_run(flatten_answers)
    code, said = refused("build", run, "-o", tmp_path / "new", *measured_on)
    assert code == 1
    assert "the embeddings have collapsed: mean cosine of two crops 1.000" in said
    assert "train longer" in said


def test_a_layer_that_the_delegate_does_not_take_is_refused(
    changed_run, refused, tmp_path, measured_on
):
    run = changed_run(end=keras.layers.UnitNormalization())
    code, said = refused("build", run, "-o", tmp_path / "new", *measured_on)
    assert code == 1
    assert "the network has operators that no door runs" in said
    assert "use only layers that the presets" in said


def test_ranges_from_pictures_of_the_night_are_refused(run_folder, refused, tmp_path, measured_on):
    """The commonest fault of int8: calibrated with pictures that are not like those of the day."""
    night = np.zeros((112, 112, 3), np.uint8)
    night[:16, :16] = 255
    rng = np.random.default_rng(0)
    pictures = [night | rng.integers(0, 3, night.shape, np.uint8) for _ in range(100)]
    folder = spread_out({"nights": pictures}, tmp_path / "nights")
    code, said = refused(
        *("build", run_folder, "-o", tmp_path / "new", *measured_on, "--calibration", folder)
    )
    assert code == 1
    assert "of the values saturated, at most 1%" in said
    assert "calibrate with ordinary faces" in said


def unbalance(siamese, factor):
    """The same network to float; to int8 all channels of a map but one are nearly nothing."""
    layers = embedding_of(siamese).layers
    norm = [one for one in layers if isinstance(one, keras.layers.BatchNormalization)][1]
    after = [one for one in layers if isinstance(one, keras.layers.Conv2D)][2]
    gamma, beta, *moving = norm.get_weights()
    (kernel,) = after.get_weights()
    gamma[1:], beta[1:], kernel[:, :, 1:] = (
        gamma[1:] / factor,
        beta[1:] / factor,
        kernel[:, :, 1:] * factor,
    )
    norm.set_weights([gamma, beta, *moving])
    after.set_weights([kernel])


@pytest.mark.parametrize(
    ("factor", "says"),
    [(100, "TAR at FMR|get another verdict|mean cosine"), (300, "mean cosine")],
)
def test_a_network_that_is_another_one_in_int8_is_refused(  # noqa: PLR0917 - fixtures
    changed_run, refused, tmp_path, factor, says, measured_on
):
    run = changed_run(lambda siamese: unbalance(siamese, factor))
    code, said = refused("build", run, "-o", tmp_path / "new", *measured_on)
    assert code == 1
    assert re.search(says, said)
    assert "add --calibration faces like those that are measured on" in said


def test_a_head_that_leaves_no_room_for_a_threshold_is_refused(
    changed_run, refused, tmp_path, measured_on
):
    def far_from_all(siamese):
        dense = head_of(siamese).get_layer("distance")
        kernel, bias = dense.get_weights()
        dense.set_weights([kernel, bias + 60])

    run = changed_run(far_from_all)
    code, said = refused("build", run, "-o", tmp_path / "new", *measured_on)
    assert code == 1
    assert "the threshold of level 'normal' would be 1" in said


def test_the_heads_two_computations_may_differ_by_one_in_a_hundred_thousand():
    rng = np.random.default_rng(0)
    left, right = rng.normal(size=(2, 20, 8)).astype(np.float32)
    head = Head(Difference.SQUARED, np.ones(8, np.float32), -1.0)
    pairs = zip(left, right, strict=True)
    exact = np.array([distances(head, a, b[None])[0] for a, b in pairs])
    assert check.check_head(head, left, right, exact + 5e-6) > 0
    with pytest.raises(GateError, match="differ by 2"):
        check.check_head(head, left, right, exact, exact + 2e-5)
    with pytest.raises(GateError, match="differ by nan"):
        check.check_head(head, left, right, exact * np.nan)


def test_an_input_that_is_not_the_crop_itself_is_refused():
    with pytest.raises(GateError, match="not 1/128 and 0"):
        check.check_input(Quantization(0.0070, -3))


def test_every_int8_value_and_dimension_counts_as_spread():
    rng = np.random.default_rng(0)
    good = rng.integers(-100, 100, (50, 16)).astype(np.int8)
    how = Quantization(0.1, 0)
    check.check_spread(check.spread(good, how), Difference.SQUARED)
    stuck, saturated = good.copy(), good.copy()
    stuck[:, 3] = 7
    saturated[:, 4] = np.where(good[:, 4] > 0, 127, -128)
    for bad, says in ((stuck, "never change"), (saturated, "saturated"), (good // 100, "steps")):
        with pytest.raises(GateError, match=says):
            check.check_spread(check.spread(bad, how), Difference.SQUARED)
    # Koch's sigmoids may rest at their ends.
    check.check_spread(check.spread(saturated, how), Difference.ABSOLUTE)
