"""`onelook recognise`: a picture against a folder of classes, of faces and of anything else."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import cv2
import pytest

from edge.contract.bundle import MANIFEST, SIGNATURE, load_manifest
from edge.contract.manifest import to_bytes
from edge.contract.signing import UNCHECKED
from edge.contract.tasks import PICTURES
from edge.contract.tensor import preprocessing_id
from edge.shipped import shipped


@pytest.fixture
def against(tmp_path, obama, pictures):
    """A folder with a class of two, one in a folder of folders, and a picture that is one."""
    folder = tmp_path / "known"
    (folder / "Obama").mkdir(parents=True)
    (folder / "strangers" / "Harris").mkdir(parents=True)
    shutil.copy(obama, folder / "Obama")
    shutil.copy(pictures / "obama_2.jpg", folder / "Obama")
    shutil.copy(pictures / "stranger_harris.jpg", folder / "strangers" / "Harris")
    shutil.copy(pictures / "biden_3.jpg", folder / "Biden.jpg")
    (folder / ".hidden.jpg").write_bytes(b"no picture")
    (folder / "read.me").write_text("no picture")
    return folder


@pytest.fixture
def of_pictures(tmp_path):
    """The shipped network as one of another task: it takes whole pictures of 112x112."""
    folder = Path(shutil.copytree(shipped("models", "faces"), tmp_path / "bundle"))
    shipped_one = load_manifest(folder, UNCHECKED).manifest
    whole = preprocessing_id(PICTURES, *shipped_one.input_shape)
    manifest = replace(shipped_one, task=PICTURES, preprocessing=whole)
    (folder / MANIFEST).write_bytes(to_bytes(manifest))
    (folder / SIGNATURE).unlink()
    return folder


@pytest.fixture
def things(tmp_path, pictures):
    """Pictures without a face, one per class."""
    folder = tmp_path / "things"
    folder.mkdir()
    for name in ("coffee", "rocket"):
        shutil.copy(pictures / f"noface_{name}.jpg", folder / f"{name}.jpg")
    return folder


@pytest.fixture
def command(tmp_path, against, of_pictures, pictures):
    """One that would be answered, all its files below the door's folder."""
    picture = shutil.copy(pictures / "obama_3.jpg", tmp_path / "picture.jpg")
    return ("recognise", picture, "--against", against, "--bundle", of_pictures)


def test_a_face_is_named_by_the_folder_of_its_class(door, against, pictures):
    done = door("recognise", pictures / "obama_3.jpg", "--against", against)
    assert (done.returncode, done.stderr) == (0, "")
    assert ": recognised, nearest Obama (distance " in done.stdout
    nested = door.json("recognise", pictures / "stranger_harris.jpg", "--against", against)[0]
    assert nested["pictures"][0]["nearest"] == "strangers/Harris"
    flat = door.json("recognise", pictures / "biden_3.jpg", "--against", against)[0]
    assert flat["pictures"][0]["nearest"] == "Biden"


def test_one_who_is_not_recognised_is_1_and_no_name_is_a_decision(door, against, pictures):
    stranger = pictures / "stranger_collins.jpg"
    done = door("recognise", stranger, "--against", against)
    assert (done.returncode, done.stderr) == (1, "")
    assert ": not_recognised, nearest " in done.stdout
    document, code = door.json(
        "recognise", pictures / "obama_3.jpg", stranger, "--against", against
    )
    assert (document["schema"], document["ok"], code) == ("onelook.recognise/1", False, 1)
    assert document["task"] == "faces"
    assert [one["recognised"] for one in document["pictures"]] == [True, False]
    for one in document["pictures"]:
        assert one["recognised"] == (one["distance"] < one["threshold"])


def test_another_task_looks_for_no_face_and_takes_the_whole_picture(
    door, of_pictures, things, tmp_path
):
    smaller = tmp_path / "smaller.png"
    picture = cv2.imread(str(things / "coffee.jpg"))
    cv2.imwrite(str(smaller), cv2.resize(picture, None, fx=0.5, fy=0.5, interpolation=3))
    command = ("recognise", smaller, "--against", things)
    document, code = door.json(*command, "--bundle", of_pictures)
    assert (code, document["task"]) == (0, "pictures")
    assert document["pictures"][0]["nearest"] == "coffee"
    faces = door(*command)
    assert (faces.returncode, faces.stdout) == (80, "")
    assert f"{smaller}: no usable face: no_face." in faces.stderr


def test_the_configured_bundle_is_taken_if_none_is_named(door, of_pictures, things):
    door.configure(recognition={"bundle": str(of_pictures)})
    unsigned = door("recognise", things / "rocket.jpg", "--against", things)
    assert unsigned.returncode == 81
    assert "nobody signed this bundle" in unsigned.stderr
    door.configure(recognition={"allow_unsigned": True})
    document, code = door.json("recognise", things / "rocket.jpg", "--against", things)
    assert (code, document["task"]) == (0, "pictures")
    assert document["pictures"][0]["distance"] < 0.01 * document["pictures"][0]["threshold"]


def test_nothing_is_kept(door, against, pictures):
    before = door.gallery()
    door("recognise", pictures / "obama_3.jpg", "--against", against)
    assert door.gallery() == before


@pytest.mark.parametrize(
    ("spoil", "code", "says"),
    [
        (lambda at: shutil.rmtree(at / "known"), 66, "known: no such folder"),
        (lambda at: (at / "picture.jpg").unlink(), 66, "picture.jpg: no such file"),
        (lambda at: (at / "picture.jpg").write_bytes(b"\0"), 65, "picture.jpg: not a picture"),
        (lambda at: (at / "known" / "Biden.jpg").write_bytes(b""), 65, "Biden.jpg: the file is"),
        (lambda at: (at / "bundle" / MANIFEST).unlink(), 66, "no bundle there"),
        (lambda at: (at / "bundle" / MANIFEST).write_text("{"), 81, "not a manifest"),
        (lambda at: (at / "bundle" / "embedding.tflite").write_bytes(b""), 81, "embedding.tflite"),
    ],
)
def test_what_cannot_be_is_one_error(door, command, spoil, code, says):
    spoil(door.folder)
    done = door(*command)
    assert (done.returncode, done.stdout) == (code, "")
    assert done.stderr.startswith("onelook: ")
    assert says in done.stderr
    assert 2 <= len(done.stderr.splitlines()) <= 3


def test_a_folder_without_pictures_and_a_machine_without_an_engine(door, of_pictures, pictures):
    (door.folder / "empty").mkdir()
    command = ("recognise", pictures / "obama_3.jpg", "--bundle", of_pictures, "--against")
    done = door(*command, door.folder / "empty")
    assert done.returncode == 65
    assert "empty: no pictures to compare with" in done.stderr
    done = door(*command, pictures, ONELOOK_ENGINE="nonesuch")
    assert done.returncode == 84
    assert "nonesuch" in done.stderr


@pytest.mark.parametrize("arguments", [(), ("picture.jpg",), ("--against", "known")])
def test_a_picture_and_a_folder_are_needed(door, arguments):
    done = door("recognise", *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert "Traceback" not in done.stderr
