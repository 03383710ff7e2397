"""`onelook locate`: where the faces are, what is measured of them, and a picture to look at."""

from __future__ import annotations

import cv2
import numpy as np


def test_a_face_is_told_with_its_gates_and_drawn(door, obama, tmp_path):
    done = door("locate", obama, "--draw", tmp_path / "drawn")
    assert (done.returncode, done.stderr) == (0, "")
    first, second = done.stdout.splitlines()
    assert first == f"{obama}: 1 face"
    assert second.startswith("  good at ")
    assert "eyes_px" in second
    drawn = cv2.imread(str(tmp_path / "drawn" / "obama_1.png"))
    original = cv2.imread(str(obama))
    assert drawn.shape == original.shape
    changed = np.abs(drawn.astype(int) - original).max(axis=2) > 60
    assert 0.002 < changed.mean() < 0.2


def test_two_faces_and_none_in_one_document(door, pictures):
    group, coffee = pictures / "group_1.jpg", pictures / "noface_coffee.jpg"
    document, code = door.json("locate", group, coffee)
    assert (document["schema"], document["ok"], code) == ("onelook.locate/1", False, 1)
    two, none = document["pictures"]
    assert none == {"picture": str(coffee), "faces": []}
    assert len(two["faces"]) == 2
    for face in two["faces"]:
        x, y, width, height = face["box"]
        assert all(x < px < x + width and y < py < y + height for px, py in face["points"])
        assert face["reason"] is None
        assert {gate["gate"] for gate in face["gates"]} >= {"eyes_px", "yaw_deg", "sharpness"}


def test_a_face_that_a_gate_refuses_says_which(door, obama):
    door.configure(gates={"min_eyes_px": 120})
    done = door("locate", obama)
    assert done.returncode == 0
    assert "too_small at " in done.stdout


def test_a_picture_that_is_none_and_a_folder_that_cannot_be_written_are_one_line(
    door, obama, tmp_path
):
    (tmp_path / "no.jpg").write_bytes(b"no picture")
    done = door("locate", tmp_path / "no.jpg")
    assert (done.returncode, done.stdout) == (65, "")
    done = door("locate", obama, "--draw", tmp_path / "no.jpg" / "below")
    assert done.returncode == 73
    assert done.stderr.startswith("onelook: ")
