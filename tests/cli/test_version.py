"""`onelook version`."""

from __future__ import annotations

import cv2

from edge import __version__


def test_version_names_program_engine_and_bundle(door):
    document, code = door.json("version")
    assert code == 0
    assert document["schema"] == "onelook.version/1"
    assert document["program"] == __version__
    assert document["opencv"] == cv2.__version__
    assert len(document["model"]) == 16
    assert document["model"] in document["bundle"]
    assert document["engine"]
    assert document["executable"]


def test_a_bundle_that_is_not_there_does_not_hide_the_rest(door, tmp_path):
    door.configure(recognition={"bundle": str(tmp_path / "none")})
    done = door("version")
    assert done.returncode == 0
    assert str(tmp_path / "none") in done.stdout
    assert f"program     {__version__}" in done.stdout


def test_the_short_form_needs_no_bundle(onelook):
    assert onelook("--version").stdout == f"onelook {__version__}\n"
