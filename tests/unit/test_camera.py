"""Cameras: no frame older than asked for, none after the deadline, whatever the device does."""

from __future__ import annotations

import os
import shutil
import sys
import threading
import time
from types import ModuleType, SimpleNamespace

import cv2
import numpy as np
import pytest

from edge.clock import boottime
from edge.contract.errors import CameraError
from edge.eye.camera import open_camera, pi
from edge.eye.camera.film import FilmCamera
from edge.eye.camera.folder import INTERVAL_S, FolderCamera
from edge.eye.camera.pi import PiCamera, began, layout_of, open_pi
from edge.eye.camera.usb import KEPT, UsbCamera, open_usb

SIZE = (48, 64)
RED = (60, 94, 228)  # Y, U, V of (200, 0, 0), BT.601 of full range


def picture(number):
    """A frame of one grey, by which it is recognised; (48, 64, 3) uint8."""
    return np.full((*SIZE, 3), number, np.uint8)


def number_of(frame):
    return round(float(frame.pixels.mean()))


def show(folder, name, number):
    """Put a picture before a folder camera, whole at once."""
    partial = folder / f".{name}.part"
    partial.write_bytes(cv2.imencode(".png", picture(number))[1].tobytes())
    partial.rename(folder / name)


class Webcam:
    """The device under OpenCV's capture: it exposes, keeps the oldest frames, and hands them out.

    clock: what it stamps its frames with: "monotonic" as V4L2 says, or "none".
    """

    def __init__(self, clock="monotonic", interval_s=0.01):
        self.clock, self.interval_s = clock, interval_s
        self.kept = []
        self.next_at = time.monotonic()
        self.taken = 0.0
        self.gone = False
        self.open = True

    def _expose(self):
        while self.next_at + self.interval_s <= time.monotonic():
            if len(self.kept) < 4:  # all buffers full: the driver drops new frames, not old ones
                self.kept.append(self.next_at)
            self.next_at += self.interval_s

    def grab(self):
        if self.gone:
            return False
        self._expose()
        if not self.kept:
            time.sleep(max(0.0, self.next_at + self.interval_s - time.monotonic()))
            self._expose()
        self.taken = self.kept.pop(0)
        return True

    def get(self, what):
        assert what == cv2.CAP_PROP_POS_MSEC
        return self.taken * 1000.0 if self.clock == "monotonic" else 0.0

    def retrieve(self):
        bgr = picture(0)
        bgr[..., 2] = 200  # red
        return True, bgr

    def isOpened(self):  # noqa: N802 - OpenCV's name
        return self.open and not self.gone

    def release(self):
        self.open = False


class Picamera2:
    """libcamera's end: streams, and keeps one finished request however old it grows."""

    sensor_resolution = (3280, 2464)
    given_format = "RGB888"
    colour_space = None

    def __init__(self, interval_s=0.02):
        self.interval_s = interval_s
        self.held = 0
        self.flushed = self.closed = self.stalled = False

    def create_preview_configuration(self, main):
        return {"main": dict(main)}

    def configure(self, configuration):
        width = configuration["main"]["size"][0] * (3 if self.given_format == "RGB888" else 1)
        stride = -(-width // 64) * 64  # as a Raspberry Pi 5 aligns its rows
        self.main = {**configuration["main"], "format": self.given_format, "stride": stride}

    def camera_configuration(self):
        return {"main": self.main, "colour_space": self.colour_space}

    def start(self):
        self.finished = boottime()

    def capture_request(self, wait):
        assert 0.0 < wait < 10.0
        if self.stalled:
            time.sleep(min(wait, 0.3))
            raise TimeoutError
        exposed = self.finished
        if boottime() - self.finished < self.interval_s:
            time.sleep(self.interval_s)
        self.finished = boottime()
        self.held += 1
        metadata = {"SensorTimestamp": int(exposed * 1e9), "ExposureTime": 5000}
        return SimpleNamespace(
            get_metadata=lambda: metadata, make_buffer=self._buffer, release=self._release
        )

    def _buffer(self, stream):
        assert stream == "main"
        (width, height), stride = self.main["size"], self.main["stride"]
        if self.main["format"] == "RGB888":
            rows = np.zeros((height, stride), np.uint8)
            rows[:, 2 : 3 * width : 3] = 200  # red, as what picamera2 calls RGB888 has it in memory
            return rows.ravel()
        chroma = np.tile(np.array(RED[1:], np.uint8), height // 2 * stride // 2)
        return np.r_[np.full(height * stride, RED[0], np.uint8), chroma]

    def _release(self):
        self.held -= 1

    def cancel_all_and_flush(self):
        self.flushed = True

    def close(self):
        self.closed = True


@pytest.fixture(autouse=True)
def _exposure_settles_at_once(monkeypatch):
    monkeypatch.setattr(pi, "SETTLE_S", 0.05)


@pytest.fixture
def folder(tmp_path):
    show(tmp_path, "1.png", 10)
    show(tmp_path, "2.png", 20)
    show(tmp_path, "3.png", 30)
    return tmp_path


@pytest.fixture
def film_file(tmp_path):
    """Forty frames, 25 a second, each brighter than the last."""
    path = tmp_path / "film.avi"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 25.0, SIZE[::-1])
    for number in range(40):
        writer.write(picture(5 * number))
    writer.release()
    return path


@pytest.fixture
def film(film_file):
    """A real capture of OpenCV's, of a file: its frames are stamped by the film's own time."""
    return cv2.VideoCapture(str(film_file))


@pytest.fixture(params=["folder", "webcam", "webcam without stamps", "capture", "film", "pi"])
def camera(request):
    """Every camera that there is."""
    match request.param:
        case "folder":
            made = FolderCamera(request.getfixturevalue("folder"))
        case "webcam":
            made = UsbCamera(Webcam(), "webcam")
        case "webcam without stamps":
            made = UsbCamera(Webcam("none"), "webcam")
        case "capture":
            made = UsbCamera(request.getfixturevalue("film"), "film")
        case "film":
            made = FilmCamera(request.getfixturevalue("film_file"))
        case "pi":
            made = PiCamera(Picamera2())
    yield made
    made.close()


def test_a_frame_is_rgb_and_of_after_it_was_asked_for_though_older_ones_wait(camera):
    time.sleep(0.1)
    asked = boottime()
    frame = camera.next_frame(asked, asked + 1.0)
    assert asked < frame.taken <= boottime()
    assert (frame.pixels.dtype, frame.pixels.ndim, frame.pixels.shape[2]) == (np.uint8, 3, 3)
    assert frame.pixels.flags.c_contiguous
    red, _, blue = frame.pixels.reshape(-1, 3).mean(axis=0)
    assert red >= blue


def test_frames_asked_for_one_after_the_other_are_different_ones(camera):
    taken = boottime()
    for _ in range(3):
        frame = camera.next_frame(taken, boottime() + 1.0)
        assert frame.taken > taken
        taken = frame.taken


def test_a_frame_that_would_come_too_late_is_an_error_in_time(camera):
    asked = boottime()
    with pytest.raises(CameraError) as refusal:
        camera.next_frame(asked + 5.0, asked + 0.15)
    assert boottime() - asked < 0.4
    assert refusal.value.remedy
    with pytest.raises(CameraError):
        camera.next_frame(asked, asked)


def test_the_folder_is_shown_by_name_and_again_from_the_start(folder):
    camera = FolderCamera(folder)
    assert [number_of(next_of(camera)) for _ in range(5)] == [10, 20, 30, 10, 20]


def next_of(camera):
    return camera.next_frame(boottime(), boottime() + 1.0)


def test_what_is_put_there_under_a_later_name_comes_next(folder):
    camera = FolderCamera(folder)
    next_of(camera)
    show(folder, "4.png", 40)
    show(folder, "5.png", 50)
    for name in ("1.png", "2.png", "3.png"):
        (folder / name).unlink()
    assert [number_of(next_of(camera)) for _ in range(3)] == [40, 50, 40]


def test_a_picture_replaced_under_its_name_is_seen_anew(folder):
    (folder / "2.png").unlink()
    (folder / "3.png").unlink()
    camera = FolderCamera(folder)
    assert number_of(next_of(camera)) == 10
    show(folder, "1.png", 90)
    assert number_of(next_of(camera)) == 90


def test_the_folder_gives_fifteen_frames_a_second(folder):
    camera = FolderCamera(folder)
    taken = [next_of(camera).taken for _ in range(4)]
    assert np.diff(taken).min() >= INTERVAL_S
    assert taken[-1] - taken[0] < 6 * INTERVAL_S


def test_hidden_folders_pipes_and_files_that_are_no_pictures_are_passed_over(folder):
    (folder / ".0.png").write_bytes((folder / "3.png").read_bytes())
    (folder / "0.png").mkdir()
    (folder / "00.txt").write_text("no picture")
    (folder / "1.png").write_bytes(b"")
    os.mkfifo(folder / "000.png")
    camera = FolderCamera(folder)
    assert [number_of(next_of(camera)) for _ in range(3)] == [20, 30, 20]


def test_pictures_that_come_and_go_all_the_time_harm_nothing(folder):
    stop = threading.Event()

    def churn():
        while not stop.is_set():
            for name, number in (("2.png", 20), ("3.png", 30)):
                (folder / name).unlink(missing_ok=True)
                show(folder, name, number)

    churning = threading.Thread(target=churn)
    churning.start()
    try:
        camera = FolderCamera(folder)
        assert {number_of(next_of(camera)) for _ in range(6)} <= {10, 20, 30}
    finally:
        stop.set()
        churning.join()


def test_an_empty_folder_is_waited_for_until_the_deadline(tmp_path):
    camera = FolderCamera(tmp_path)
    with pytest.raises(CameraError, match="no frame in time") as refusal:
        camera.next_frame(boottime(), boottime() + 0.1)
    assert "no picture" in refusal.value.why
    later = threading.Timer(0.1, show, (tmp_path, "1.png", 70))
    later.start()
    assert number_of(next_of(camera)) == 70
    later.join()


def test_a_folder_that_is_not_there_or_goes_away_is_named(folder):
    with pytest.raises(CameraError, match="nowhere"):
        FolderCamera(folder / "nowhere")
    camera = FolderCamera(folder)
    shutil.rmtree(folder)
    with pytest.raises(CameraError, match=str(folder)):
        next_of(camera)


def test_hours_old_frames_of_a_webcam_are_not_taken_for_new_ones():
    webcam = Webcam("none")
    camera = UsbCamera(webcam, "webcam")
    webcam.kept = [0.0] * 4  # and one in the driver's hands
    asked = boottime()
    camera.next_frame(asked, asked + 1.0)
    assert webcam.taken > time.monotonic() - 0.1


def test_a_frame_already_being_exposed_is_not_taken_for_one_of_after():
    webcam = Webcam("none", interval_s=0.04)
    camera = UsbCamera(webcam, "webcam")
    time.sleep(0.1)
    asked = boottime() + 0.1
    offset = boottime() - time.monotonic()
    camera.next_frame(asked, asked + 1.0)
    assert webcam.taken + offset > asked


def test_a_webcam_that_is_pulled_out_is_an_error_at_once():
    webcam = Webcam()
    camera = UsbCamera(webcam, "/dev/video7")
    webcam.gone = True
    asked = boottime()
    with pytest.raises(CameraError, match="/dev/video7"):
        camera.next_frame(asked, asked + 5.0)
    assert boottime() - asked < 0.2


def test_a_webcam_that_gives_nothing_from_the_start_is_closed_again():
    webcam = Webcam()
    webcam.gone = True
    with pytest.raises(CameraError):
        UsbCamera(webcam, "webcam")
    assert not webcam.open


def test_a_webcam_that_is_not_plugged_in_is_named():
    with pytest.raises(CameraError, match="/dev/video63: there is no such camera"):
        open_usb(63)


def test_a_film_is_shown_in_order_by_opencvs_own_capture(film):
    camera = UsbCamera(film, "film")
    shown = [number_of(next_of(camera)) // 5 for _ in range(2)]
    # As many as can have been kept are taken out before each.
    assert shown[0] >= 2 * KEPT
    assert shown[1] > shown[0] + KEPT


def test_a_film_plays_frame_by_frame_at_its_own_pace_and_begins_again(film_file):
    camera = open_camera(f"film:{film_file}", rotate=0)
    frames = [next_of(camera) for _ in range(42)]
    shown = [number_of(frame) / 5 for frame in frames]
    assert shown[:40] == pytest.approx(range(40), abs=0.5)
    assert shown[40:] == pytest.approx([0, 1], abs=0.5)
    assert np.diff([frame.taken for frame in frames]).min() >= 1.0 / 25.0
    assert frames[-1].taken - frames[0].taken < 41 / 25.0 + 1.0


@pytest.mark.parametrize("kind", ["nothing", "folder", "text"])
def test_what_is_no_film_is_refused_with_its_name(tmp_path, kind):
    path = tmp_path / "door.mp4"
    if kind == "folder":
        path.mkdir()
    elif kind == "text":
        path.write_text("not a film")
    with pytest.raises(CameraError, match=r"door\.mp4") as refusal:
        open_camera(f"film:{path}", rotate=0)
    assert ".mp4 or .avi" in refusal.value.remedy


def test_the_pi_camera_streams_a_quarter_of_the_sensors_side_and_gives_every_request_back():
    device = Picamera2()
    camera = PiCamera(device)
    frame = next_of(camera)
    assert frame.pixels.shape == (616, 820, 3)
    assert frame.pixels[0, 0].tolist() == [200, 0, 0]
    assert device.held == 0
    camera.close()
    assert device.closed


def test_a_pi_camera_that_stalls_is_an_error_and_its_job_is_cancelled():
    device = Picamera2()
    camera = PiCamera(device)
    device.stalled = True
    asked = boottime()
    with pytest.raises(CameraError, match="no frame in time"):
        camera.next_frame(asked, asked + 0.1)
    assert device.flushed


def test_a_pi_camera_that_gives_another_format_than_asked_for_is_understood_or_refused():
    device = Picamera2()
    device.given_format = "NV12"
    pixels = next_of(PiCamera(device)).pixels
    assert pixels.shape == (616, 820, 3)
    assert np.abs(pixels.astype(int) - [200, 0, 0]).max() < 3
    device = Picamera2()
    device.given_format = "MJPEG"
    with pytest.raises(CameraError) as refusal:
        PiCamera(device)
    assert "MJPEG" in refusal.value.why
    assert device.closed


@pytest.mark.parametrize(
    ("encoding", "range_", "wanted"),
    [
        ("Rec709", "Limited", ("Rec709", False)),
        ("Rec601", "Full", ("Rec601", True)),
        ("Null", "Full", ("Rec601", True)),  # asked for red, green and blue, and not given them
    ],
)
def test_luma_is_understood_as_libcamera_says_that_it_was_made(encoding, range_, wanted):
    main = {"format": "NV12", "size": (64, 48), "stride": 64}
    space = SimpleNamespace(
        ycbcrEncoding=SimpleNamespace(name=encoding), range=SimpleNamespace(name=range_)
    )
    layout = layout_of({"main": main, "colour_space": space})
    assert (layout.encoding, layout.full_range) == wanted


def test_a_pi_frames_exposure_began_before_its_stamp_and_without_a_stamp_never():
    assert began({"SensorTimestamp": 12_000_000_000, "ExposureTime": 20_000}) == pytest.approx(
        11.98
    )
    assert began({"SensorTimestamp": 12_000_000_000}) == 12.0
    assert began({}) == 0.0


def test_without_picamera2_the_remedy_is_apt(monkeypatch):
    monkeypatch.setitem(sys.modules, "picamera2", None)
    with pytest.raises(CameraError, match="needs picamera2") as refusal:
        open_pi()
    assert "apt install python3-picamera2" in refusal.value.remedy


def test_a_pi_without_a_camera_is_an_error_with_libcameras_words(monkeypatch):
    module = ModuleType("picamera2")

    def none_there():
        raise IndexError("list index out of range")

    module.Picamera2 = none_there
    monkeypatch.setitem(sys.modules, "picamera2", module)
    with pytest.raises(CameraError, match="cannot be opened") as refusal:
        open_pi()
    assert "list index out of range" in refusal.value.why


@pytest.mark.parametrize(
    ("degrees", "corner"), [(0, (0, 0)), (90, (0, -1)), (180, (-1, -1)), (270, (-1, 0))]
)
def test_a_camera_mounted_askew_is_turned_clockwise(tmp_path, degrees, corner):
    marked = picture(0)
    marked[:12, :12] = 250  # its upper left corner
    cv2.imwrite(str(tmp_path / "1.png"), marked)
    frame = next_of(open_camera(f"folder:{tmp_path}", rotate=degrees))
    assert frame.pixels.shape[:2] == (SIZE if degrees % 180 == 0 else SIZE[::-1])
    assert frame.pixels.flags.c_contiguous
    corners = {(row, column): frame.pixels[row, column, 0] for row in (0, -1) for column in (0, -1)}
    assert [place for place, value in corners.items() if value == 250] == [corner]


@pytest.mark.parametrize("source", ["", "usb", "usb:", "usb:-1", "usb:x", "folder:", "webcam:0"])
def test_a_source_that_is_none_is_refused_with_those_there_are(source):
    with pytest.raises(CameraError, match="is no camera") as refusal:
        open_camera(source, rotate=0)
    assert "usb:N" in refusal.value.remedy
