"""`onelook demo`: the whole door, and nothing of it left behind."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import cv2
import pytest

PLAYED = [
    "granted",
    "not_recognised",
    "not_recognised",
    "two_faces",
    "no_face",
    "no_face",
    "not_recognised",
    "granted",
]


@pytest.fixture
def own_tmp(tmp_path, monkeypatch):
    """A /tmp of the test's own, so that what a demo leaves there is seen."""
    folder = tmp_path / "tmp"
    folder.mkdir()
    monkeypatch.setenv("TMPDIR", str(folder))
    monkeypatch.setattr(tempfile, "tempdir", None)  # what this process remembers of it
    return folder


def test_the_demo_tells_what_happened_and_every_outcome_is_right(onelook, own_tmp):
    done = onelook("demo")
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stderr == ""
    assert "press 1  the enrolled person" in done.stdout
    assert "enrolled  Obama, from 1 photograph(s): obama_1.jpg" in done.stdout
    assert done.stdout.count("GRANTED") == 2
    assert done.stdout.count("lock     stayed shut") == 6
    assert "8 of 8 presses came out right" in done.stdout
    assert "\033" not in done.stdout
    assert list(own_tmp.iterdir()) == []


def test_the_demo_as_one_document_with_drawings(onelook, own_tmp, tmp_path):
    done = onelook("demo", "--json", "--show", tmp_path / "drawn")
    assert (done.returncode, done.stderr) == (0, "")
    document = json.loads(done.stdout)
    assert (document["schema"], document["ok"]) == ("onelook.demo/1", True)
    assert document["opened_only_for_grants"] is True
    assert [press["got"] for press in document["presses"]] == PLAYED
    for press in document["presses"]:
        strike = [line["level"] for line in press["lines"] if line["line"] == "strike"]
        assert strike == ([1, 0] if press["got"] == "granted" else [])
        assert press["event"]["schema"] == "onelook.event/1"
    assert document["drawings"]
    for path in document["drawings"]:
        assert cv2.imread(path).shape[0] == 480
    assert list(own_tmp.iterdir()) == []


@pytest.mark.usefixtures("own_tmp")
def test_ones_own_pictures_in_a_folder_per_person(onelook, tmp_path, obama, pictures):
    (tmp_path / "own" / "ada").mkdir(parents=True)
    (tmp_path / "own" / "strangers").mkdir()
    shutil.copy(obama, tmp_path / "own" / "ada" / "1.jpg")
    shutil.copy(pictures / "obama_2.jpg", tmp_path / "own" / "ada" / "2.jpg")
    shutil.copy(pictures / "stranger_harris.jpg", tmp_path / "own" / "strangers")
    done = onelook("demo", "--images", tmp_path / "own", "--json")
    document = json.loads(done.stdout)
    assert done.returncode == 0
    assert [p["expected"] for p in document["presses"]] == ["granted", "refused"]
    assert [p["got"] for p in document["presses"]] == ["granted", "not_recognised"]


def test_the_folders_of_the_seed_are_played_without_expectations(
    onelook, tmp_path, obama, pictures
):
    for name in ("verification_images", "input_images"):
        (tmp_path / "own" / name).mkdir(parents=True)
    shutil.copy(obama, tmp_path / "own" / "verification_images")
    shutil.copy(pictures / "stranger_harris.jpg", tmp_path / "own" / "input_images")
    done = onelook("demo", "--images", tmp_path / "own")
    assert done.returncode == 0
    assert "not_recognised" in done.stdout


@pytest.mark.parametrize("wrong", ["nowhere", "empty"])
def test_a_folder_without_pictures_is_one_clear_error(onelook, tmp_path, wrong):
    (tmp_path / "empty").mkdir()
    done = onelook("demo", "--images", tmp_path / wrong)
    assert (done.returncode, done.stdout) == (66, "")
    assert str(tmp_path / wrong) in done.stderr


def test_a_wrong_outcome_fails_the_demo(onelook, tmp_path, obama, pictures):
    (tmp_path / "own" / "ada").mkdir(parents=True)
    shutil.copy(obama, tmp_path / "own" / "ada" / "1.jpg")
    shutil.copy(pictures / "stranger_harris.jpg", tmp_path / "own" / "ada" / "2.jpg")
    done = onelook("demo", "--images", tmp_path / "own")
    assert done.returncode == 1
    assert "0 of 1 presses came out right" in done.stdout


def test_the_window_without_a_display_is_one_clear_error(onelook):
    done = onelook("demo", "--webcam", "0", DISPLAY="")
    assert (done.returncode, done.stdout) == (69, "")
    assert "onelook demo --images DIR" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("number", "code"),
    [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129), (signal.SIGKILL, -9)],
)
def test_nothing_is_left_running_however_the_demo_ends(repository, own_tmp, number, code):
    demo = subprocess.Popen(
        [sys.executable, "-m", "edge", "demo"],
        cwd=repository,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with demo:
        for line in demo.stdout:
            if line.startswith("press 1"):
                break
        children = running_from(own_tmp)
        assert len(children) == 2
        demo.send_signal(number)
        said = demo.stderr.read()
    assert demo.returncode == code
    assert "Traceback" not in said
    wait_until(lambda: not running_from(own_tmp))
    if number is not signal.SIGKILL:
        assert list(own_tmp.iterdir()) == []


@pytest.mark.usefixtures("own_tmp")
def test_what_a_killed_demo_left_behind_is_removed_by_the_next(repository):
    from edge.demo import stage

    with subprocess.Popen(
        [sys.executable, "-c", KEEP_A_STAGE], cwd=repository, stdout=subprocess.PIPE, text=True
    ) as other:
        living = Path(other.stdout.readline().strip())
        stage._sweep()
        assert living.is_dir()  # its owner lives
        other.kill()
        other.wait()
        stage._sweep()
        assert not living.exists()


KEEP_A_STAGE = """
import time
from edge.demo.stage import Stage
stage = Stage(bundle=None, settings={})
print(stage.folder, flush=True)
time.sleep(60)
"""


def running_from(folder):
    """The processes whose command line names something in `folder`."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            if os.fsencode(folder) in (entry / "cmdline").read_bytes():
                found.append(int(entry.name))
        except OSError:
            continue  # it ended meanwhile
    return found


def wait_until(true, within_s=5.0):
    deadline = time.monotonic() + within_s
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.02)
