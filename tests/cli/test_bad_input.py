"""Bad input of every kind, to real processes: one clear message, its exit code, nothing lost."""

from __future__ import annotations

import os
import shutil
import signal
import time
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from edge.contract.bundle import EMBEDDING, MANIFEST, SIGNATURE, load_bundle, model_id
from edge.contract.manifest import to_bytes
from edge.contract.signing import UNCHECKED
from edge.demo.stage import Stage
from edge.shipped import shipped


def bundle_folder():
    return shipped("models", "faces")


def empty(path, _good):
    path.write_bytes(b"")


def truncated(path, good):
    path.write_bytes(good.read_bytes()[:20_000])


def text(path, _good):
    path.write_text("this is no picture\n" * 100)


def too_many_bytes(path, good):
    path.write_bytes(good.read_bytes())
    os.truncate(path, 60_000_000)


def too_many_pixels(path, _good):
    # 144 megapixels in a file of 140 KB: refused by its header, before the memory is spent.
    path.write_bytes(bytes(cv2.imencode(".png", np.zeros((12_000, 12_000), np.uint8))[1]))


def a_folder(path, _good):
    path.mkdir()


UNREADABLE = [empty, truncated, text, too_many_bytes, too_many_pixels, a_folder]


@pytest.fixture
def ada(door, obama):
    assert door("enroll", "Ada", obama).returncode == 0
    return door


@pytest.fixture
def own_bundle(tmp_path):
    folder = Path(shutil.copytree(bundle_folder(), tmp_path / "bundle"))
    (folder / SIGNATURE).unlink()  # what is changed here would not be ours any more
    return folder


def assert_one_message(done, code):
    assert done.returncode == code, done.stderr
    assert done.stdout == ""
    lines = done.stderr.splitlines()
    assert lines[0].startswith("onelook: ")
    assert sum(line.startswith("onelook: ") for line in lines) == 1
    assert 2 <= len(lines) <= 4, done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("command", [("enroll", "Bea"), ("enroll", "Ada", "--add"), ("test",)])
@pytest.mark.parametrize("spoil", UNREADABLE, ids=lambda f: f.__name__)
def test_an_unreadable_picture_is_named_and_nothing_is_lost(ada, obama, command, spoil):
    picture = ada.folder / "bad.jpg"
    spoil(picture, obama)
    before = ada.gallery()
    done = ada(*command, picture)
    assert_one_message(done, 65)
    assert str(picture) in done.stderr
    assert ada.gallery() == before


@pytest.mark.parametrize("command", [("enroll", "Bea"), ("test",)])
def test_a_missing_picture_is_66(ada, command):
    before = ada.gallery()
    done = ada(*command, ada.folder / "nowhere.jpg")
    assert_one_message(done, 66)
    assert str(ada.folder / "nowhere.jpg") in done.stderr
    assert ada.gallery() == before


@pytest.mark.parametrize(
    ("picture", "reason"), [("noface_coffee.jpg", "no_face"), ("group_1.jpg", "two_faces")]
)
def test_no_face_and_two_faces_enrol_nobody(ada, pictures, picture, reason):
    before = ada.gallery()
    done = ada("enroll", "Bea", pictures / picture)
    assert_one_message(done, 80)
    assert reason in done.stderr
    assert ada.gallery() == before


@pytest.mark.parametrize("orientation", [3, 6, 8])
def test_a_camera_that_was_held_sideways_is_believed(ada, pictures, orientation):
    """The pixels lie on their side and the tag says so: the person is known all the same."""
    upright = cv2.imread(str(pictures / "obama_2.jpg"))
    turn = {3: cv2.ROTATE_180, 6: cv2.ROTATE_90_COUNTERCLOCKWISE, 8: cv2.ROTATE_90_CLOCKWISE}
    lying = cv2.rotate(upright, turn[orientation])
    picture = ada.folder / "turned.jpg"
    picture.write_bytes(tagged(bytes(cv2.imencode(".jpg", lying)[1]), orientation))
    assert ada("test", picture).returncode == 0


@pytest.mark.parametrize("orientation", [3, 6])
def test_a_wrong_orientation_tag_is_a_clear_no(ada, obama, orientation):
    """The pixels stand upright and the tag says otherwise: no face, and no guess."""
    picture = ada.folder / "wrong.jpg"
    picture.write_bytes(tagged(obama.read_bytes(), orientation))
    before = ada.gallery()
    done = ada("enroll", "Bea", picture)
    assert_one_message(done, 80)
    assert "no_face" in done.stderr or "off_angle" in done.stderr
    assert ada.gallery() == before


def tagged(jpeg, orientation):
    """The JPEG with an EXIF block that holds the orientation and nothing else."""
    tiff = (
        b"II*\0\x08\0\0\0" + b"\x01\0" + b"\x12\x01\x03\0\x01\0\0\0" + bytes([orientation, 0, 0, 0])
    )
    block = b"Exif\0\0" + tiff + b"\0\0\0\0"
    return jpeg[:2] + b"\xff\xe1" + (len(block) + 2).to_bytes(2, "big") + block + jpeg[2:]


@pytest.mark.parametrize("command", [("enroll", "Bea"), ("test",)])
def test_a_changed_network_is_refused(ada, own_bundle, obama, command):
    data = bytearray((own_bundle / EMBEDDING).read_bytes())
    data[len(data) // 2] ^= 1
    (own_bundle / EMBEDDING).write_bytes(data)
    before = ada.gallery()
    ada.configure(recognition={"bundle": str(own_bundle), "allow_unsigned": True})
    done = ada(*command, obama)
    assert_one_message(done, 81)
    assert str(own_bundle / EMBEDDING) in done.stderr
    assert ada.gallery() == before


def not_json(raw):
    return raw[: len(raw) // 2]


def nothing(_raw):
    return b""


def another_schema(raw):
    return raw.replace(b"onelook.bundle/2", b"onelook.bundle/9")


def a_field_less(raw):
    return raw.replace(b'"dimensions"', b'"dimension"')


@pytest.mark.parametrize("spoil", [not_json, nothing, another_schema, a_field_less])
@pytest.mark.parametrize("command", [("test", "PHOTO"), ("run",), ("eye",), ("config", "check")])
def test_a_corrupt_manifest_is_refused_by_every_process(ada, own_bundle, obama, command, spoil):
    manifest = own_bundle / MANIFEST
    manifest.write_bytes(spoil(manifest.read_bytes()))
    before = ada.gallery()
    ada.configure(recognition={"bundle": str(own_bundle), "allow_unsigned": True})
    done = ada(*[obama if word == "PHOTO" else word for word in command])
    assert_one_message(done, 81)
    assert str(manifest) in done.stderr
    assert ada.gallery() == before


def test_templates_of_another_network_open_nothing_and_are_kept(ada, own_bundle, pictures):
    bundle = load_bundle(own_bundle, UNCHECKED)
    head = replace(bundle.manifest.head, bias=bundle.manifest.head.bias + 0.001)
    other = replace(bundle.manifest, head=head, model=model_id(bundle.files[EMBEDDING], head))
    (own_bundle / MANIFEST).write_bytes(to_bytes(other))
    before = ada.gallery()
    ada.configure(recognition={"bundle": str(own_bundle), "allow_unsigned": True})
    done = ada("test", pictures / "obama_2.jpg")
    assert done.returncode == 1
    assert "empty_gallery" in done.stdout
    assert "1 template of another network" in ada("list").stdout
    assert ada.gallery() == before


@pytest.mark.parametrize(
    "command", [("list",), ("run",), ("eye",), ("config", "check"), ("config", "show")]
)
def test_an_unknown_key_is_named_with_its_line_and_the_nearest_one(ada, command):
    before = ada.gallery()
    ada.configure(door={"puls": "5s"})
    done = ada(*command)
    assert done.returncode == 78
    assert done.stdout == ""
    assert f"{ada.config}:" in done.stderr
    assert "puls" in done.stderr
    assert "pulse" in done.stderr
    assert "Traceback" not in done.stderr
    assert ada.gallery() == before


def test_a_config_check_without_faults_says_so(door):
    done = door("config", "check")
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("hurt", [signal.SIGKILL, signal.SIGSEGV])
def test_an_eye_killed_in_the_middle_of_a_press_leaves_the_door_shut(obama, pictures, hurt):
    with playing(obama) as stage:
        stage.show([pictures / "obama_2.jpg"])
        eye = stage.processes["eye"]
        os.kill(eye, signal.SIGSTOP)  # so that it is surely in the middle
        stage.send({"press": True})
        os.kill(eye, hurt)
        os.kill(eye, signal.SIGCONT)
        lines, event = [], None
        while event is None:
            message = stage.receive(10.0)
            lines.append(message)
            event = message.get("event")
        assert event["reason"] in {"camera_error", "engine_error"}
        assert not [m for m in lines if m.get("line") == "strike" and m["level"]]
        time.sleep(0.25)  # longer than button.gap
        again = stage.press(within_s=10.0)
        assert again.event["reason"] in {"camera_error", "engine_error"}
        assert again.strike == ()


SETTINGS = {"door": {"pulse": "500ms"}, "button": {"gap": "200ms"}}


def playing(photo):
    """A stage with one person enrolled from `photo`."""
    from edge.cli.desk import open_desk
    from edge.cli.enrolling import Request, enrol
    from edge.config import load_config
    from edge.store.gallery import GalleryStore

    stage = Stage(bundle=bundle_folder(), settings=SETTINGS)
    config = load_config(stage.config)
    enrol(open_desk(config), GalleryStore(config.paths.state_dir), Request("Ada", [photo]))
    return stage
