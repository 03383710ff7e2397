"""A task without faces, through the real commands: fit, convert, recognise drawings never seen."""

from __future__ import annotations

import json
import shutil
import zipfile

import cv2
import numpy as np
import pytest

from convert.cli import main as convert
from edge.cli.main import main as onelook
from edge.contract.bundle import load_manifest
from edge.contract.errors import DataError, MissingError
from edge.contract.picture import read_picture
from edge.contract.signing import UNCHECKED
from edge.contract.whole import whole
from train.cli import main as train
from train.data import Faces, load_crops, load_pictures, split_people
from train.fit import PeopleBatches

ALPHABETS, CHARACTERS, DRAWINGS, SHARE = 6, 20, 6, 0.5
SIDE, SHAPE = 32, (32, 32, 1)
WAYS = 10  # classes that a drawing is told apart from
OMNIGLOT = ("..", "shared", "data", "omniglot", "images_background_small1.zip")


def draw(strokes, rng):
    """Ink on paper, 60 high and 80 wide: the strokes, each end a little elsewhere."""
    picture = np.full((60, 80, 3), rng.integers(235, 256), np.uint8)
    shift = rng.normal(0, 2.0, 2)
    for ends in strokes:
        points = ends + shift + rng.normal(0, 1.2, ends.shape)
        ink = int(rng.integers(0, 30))
        ends_px = points.round().astype(np.int32)
        cv2.polylines(picture, [ends_px], isClosed=False, color=(ink, ink, ink), thickness=4)
    return picture


@pytest.fixture(scope="module")
def characters(tmp_path_factory):
    """`alphabet/character/drawing.png`, as Omniglot lies; characters of one number everywhere."""
    folder, rng = tmp_path_factory.mktemp("drawn") / "characters", np.random.default_rng(11)
    for alphabet in range(ALPHABETS):
        for character in range(CHARACTERS):
            place = folder / f"alphabet_{alphabet}" / f"character{character:02d}"
            place.mkdir(parents=True)
            strokes = [rng.uniform((14, 8), (66, 52), (3, 2)) for _ in range(2)]
            for number in range(DRAWINGS):
                cv2.imwrite(str(place / f"{number}.png"), draw(strokes, rng))
    return folder


def zipped(folder, path):
    """The folder in a zip, with a folder of its own around everything."""
    with zipfile.ZipFile(path, "w") as archive:
        for file in sorted(folder.rglob("*.png"), reverse=True):
            archive.write(file, f"around/{file.relative_to(folder)}")
        archive.writestr("__MACOSX/around/alphabet_0/character00/._0.png", b"no picture")
    return path


@pytest.fixture(scope="module")
def run(characters, tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs") / "characters"
    code = train(
        [
            *("fit", "--data", str(characters), "--out", str(folder)),
            *("--task", "pictures", "--preset", "glyph", "--input-size", str(SIDE)),
            *("--epochs", "2", "--steps", "100", "--batch", "32", "--rate", "0.01"),
            *("--held-out-share", str(SHARE)),
        ]
    )
    assert code == 0
    return folder


@pytest.fixture(scope="module")
def bundle(run, characters, tmp_path_factory):
    folder = tmp_path_factory.mktemp("bundles") / "characters"
    arguments = ["build", run, "-o", folder, "--people", characters, "--target-fmr", "0.1"]
    assert convert([*map(str, arguments), "--name", "characters-1"]) == 0
    return folder


@pytest.fixture(scope="module")
def unseen(characters):
    """The names of the characters that the run was not trained on."""
    return sorted(split_people(load_pictures([characters], SHAPE), SHARE)[1].people())


def test_a_run_says_its_task_and_is_measured_again_by_it(run, capsys):
    assert json.loads((run / "config.json").read_text())["task"] == "pictures"
    before = json.loads((run / "results.json").read_text())
    assert train(["evaluate", "--model", str(run), "--json"]) == 0
    again = json.loads(capsys.readouterr().out)
    assert again.pop("command") != before.pop("command")
    assert again == before
    assert before["auc"] > 0.95  # of an untrained network: 0.87


def test_a_bundle_says_its_task_and_the_doors_tools_see_it(bundle, capsys):
    assert convert(["inspect", str(bundle), "--json"]) == 0
    assert "pictures" in capsys.readouterr().out
    manifest = load_manifest(bundle, UNCHECKED).manifest
    assert (manifest.task, manifest.input_shape) == ("pictures", SHAPE)


def test_one_drawing_of_a_character_is_enough_to_know_it_again(
    bundle, characters, unseen, tmp_path, capsys
):
    """Characters that were never trained on; by chance one in WAYS would be right."""
    chosen = unseen[:WAYS]
    for name in chosen:
        (tmp_path / name).mkdir(parents=True)
        shutil.copy(characters / name / "0.png", tmp_path / name)
    probes = [characters / name / f"{n}.png" for name in chosen for n in range(1, DRAWINGS)]
    arguments = ["recognise", *probes, "--against", tmp_path, "--bundle", bundle, "--json"]
    onelook([*map(str, arguments)])
    document = json.loads(capsys.readouterr().out)
    assert (document["schema"], document["task"]) == ("onelook.recognise/1", "pictures")
    found = document["pictures"]
    assert [one["picture"] for one in found] == [str(probe) for probe in probes]
    right = [
        one["nearest"] == "/".join(p.parts[-3:-1]) for one, p in zip(found, probes, strict=True)
    ]
    assert np.mean(right) > 0.8
    taken = [one["recognised"] for one in found]
    assert np.mean(taken) > 0.5
    assert np.mean([r for r, t in zip(right, taken, strict=True) if t]) > 0.9


def test_a_folder_and_a_zip_hold_the_same_classes_by_their_paths(characters, tmp_path):
    folder = load_pictures([characters], SHAPE)
    packed = load_pictures([zipped(characters, tmp_path / "characters.zip")], SHAPE)
    assert len(folder.names) == ALPHABETS * CHARACTERS
    assert folder.names[0] == "alphabet_0/character00"
    assert packed.names == folder.names
    assert np.array_equal(packed.person, folder.person)
    assert np.array_equal(packed.crops, folder.crops)
    assert packed.files[0] == "characters.zip:alphabet_0/character00/0.png"


def test_a_crop_is_the_whole_picture_as_the_door_prepares_it(characters):
    found = load_crops([characters], task="pictures", shape=SHAPE)
    assert found.crops.shape == (ALPHABETS * CHARACTERS * DRAWINGS, *SHAPE)
    name = found.files[7].partition(":")[2]
    assert np.array_equal(found.crops[7], whole(read_picture(characters / name), SHAPE))


@pytest.mark.parametrize(("task", "mirrored"), [("faces", 0.5), ("pictures", 0.0)])
def test_training_mirrors_faces_and_no_characters(task, mirrored):
    crops = np.zeros((64, *SHAPE), np.uint8)
    crops[:, :, : SIDE // 4] = 255  # light on the left
    names = tuple(f"class_{n}" for n in range(32))
    faces = Faces(crops, np.arange(64, dtype=np.int32) // 2, names, names * 2, task)
    seen, _ = PeopleBatches(faces, SHAPE, batch=64, steps=1, seed=0)[0]
    columns = seen.mean((1, 3))
    assert np.mean(columns[:, 0] < columns[:, -1]) == pytest.approx(mirrored, abs=mirrored / 2)


def test_pictures_that_cannot_be_read_are_left_out_and_counted(characters, tmp_path, capsys):
    few = tmp_path / "few"
    shutil.copytree(characters / "alphabet_0", few)
    (few / "character00" / "torn.png").write_bytes(b"no picture")
    (few / "character00" / "empty.png").touch()
    assert len(load_pictures([few], SHAPE)) == CHARACTERS * DRAWINGS
    assert "2 pictures left out" in capsys.readouterr().err
    with zipfile.ZipFile(tmp_path / "few.zip", "w") as archive:
        archive.write(few / "character00" / "0.png", "character00/0.png")
        archive.writestr("character00/empty.png", b"")
    assert load_pictures([tmp_path / "few.zip"], SHAPE).names == ("character00",)
    assert "1 pictures left out" in capsys.readouterr().err


def test_what_is_missing_empty_or_damaged_is_named(characters, tmp_path):
    with pytest.raises(MissingError, match="nowhere: not there"):
        load_pictures([tmp_path / "nowhere"], SHAPE)
    (tmp_path / "flat").mkdir()
    drawing = characters / "alphabet_0" / "character00" / "0.png"
    shutil.copy(drawing, tmp_path / "flat")
    with pytest.raises(DataError, match="no picture in a folder of its class"):
        load_pictures([tmp_path / "flat"], SHAPE)
    whole_zip = zipped(characters, tmp_path / "whole.zip").read_bytes()
    for name, data in {
        "cut.zip": whole_zip[: len(whole_zip) // 2],
        "rotten.zip": whole_zip[:60] + b"\0" * 200 + whole_zip[260:],
        "none.zip": b"this is no archive",
    }.items():
        (tmp_path / name).write_bytes(data)
        with pytest.raises(DataError, match=rf"{name}: not a zip that can be read"):
            load_pictures([tmp_path / name], SHAPE)
    with pytest.raises(DataError, match="'voices': no task"):
        load_crops([characters], task="voices", shape=SHAPE)


def test_omniglot_is_learnt_from_its_zip(repository, tmp_path, capsys):
    archive = repository.joinpath(*OMNIGLOT)
    if not archive.is_file():
        pytest.skip(f"Omniglot is not there ({'/'.join(OMNIGLOT)}); see docs/characters.md")
    code = train(
        [
            *("fit", "--data", str(archive), "--out", str(tmp_path / "run")),
            *("--task", "pictures", "--preset", "glyph", "--input-size", str(SIDE)),
            *("--epochs", "1", "--steps", "100", "--batch", "32", "--rate", "0.01"),
        ]
    )
    assert code == 0
    assert "2260 crops of 113 people to train on, 460 of 23 held out" in capsys.readouterr().err
    found = json.loads((tmp_path / "run" / "results.json").read_text())
    assert found["auc"] > 0.8
