"""The gates that a face must pass, on real photographs and on ones made worse."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest

from edge.contract.align import align
from edge.contract.face import Face
from edge.contract.gates import Gate, Limits
from edge.contract.geometry import TEMPLATE
from edge.contract.picture import read_picture
from edge.contract.quality import MAX_CUT_OFF, cut_off, judge, sharpness
from edge.contract.reasons import Reason
from edge.eye.locator import shipped_locator

PEOPLE = [
    "input_images/biden_2.jpg",
    "input_images/biden_3.jpg",
    "input_images/obama_2.jpg",
    "input_images/obama_3.jpg",
    "input_images/stranger_collins.jpg",
    "input_images/stranger_harris.jpg",
    "input_images/stranger_hopper.jpg",
    "verification_images/obama_1.jpg",
]
BLURS = {
    "out of focus": lambda frame, px: cv2.GaussianBlur(frame, (0, 0), 2.0 * px),
    "moved sideways": lambda frame, px: cv2.blur(frame, (round(15 * px), 1)),
    "moved up": lambda frame, px: cv2.blur(frame, (1, round(15 * px))),
}


@pytest.fixture(scope="module")
def located(request):
    """Each photograph with its one face."""
    folder = request.config.rootpath / "application_data"
    frames = {name: read_picture(folder / name) for name in PEOPLE}
    return {name: (frame, shipped_locator().find_faces(frame)[0]) for name, frame in frames.items()}


def judged(frame, face, limits=None):
    reason, gates = judge(face, frame.shape, align(frame, face.points), limits or Limits())
    return reason, {gate.name: gate for gate in gates}


@pytest.mark.parametrize("name", PEOPLE)
def test_a_photograph_of_a_person_passes_every_gate(located, name):
    reason, gates = judged(*located[name])
    assert reason is None, gates
    assert list(gates) == [
        *("eyes_px", "cut_off", "face_light_255", "clipped_dark", "clipped_bright"),
        *("sharpness", "roll_deg", "yaw_deg", "pitch_deg"),
    ]
    assert all(gate.passed for gate in gates.values())
    assert gates["sharpness"].measured > 0.55  # with room to the limit


@pytest.mark.parametrize("blur", BLURS)
@pytest.mark.parametrize("name", PEOPLE)
def test_the_same_photograph_blurred_is_refused(located, name, blur):
    frame, face = located[name]
    blurred = BLURS[blur](frame, face.eyes_px / 35.2)  # in pixels of the crop
    reason, gates = judged(blurred, face)
    assert reason is Reason.BLURRED, gates["sharpness"]


def test_sharpness_falls_with_every_step_of_blur_and_not_with_contrast(located):
    crop = align(located[PEOPLE[2]][0], located[PEOPLE[2]][1].points)
    steps = [crop, *(cv2.GaussianBlur(crop, (0, 0), sigma) for sigma in (0.7, 1.2, 2.0, 3.0))]
    measured = [sharpness(step) for step in steps]
    assert measured == sorted(measured, reverse=True)
    flat = (crop * 0.5 + 60.0).round().astype(np.uint8)
    assert sharpness(flat) == pytest.approx(measured[0], abs=0.02)
    assert 0.0 <= min(measured) < max(measured) <= 1.0


def test_sharpness_is_of_the_more_blurred_direction(located):
    crop = align(located[PEOPLE[2]][0], located[PEOPLE[2]][1].points)
    for moved in (cv2.blur(crop, (9, 1)), cv2.blur(crop, (1, 9))):
        assert sharpness(moved) < 0.6 * sharpness(crop)
        assert sharpness(moved.transpose(1, 0, 2)) == pytest.approx(sharpness(moved), abs=1e-9)


def test_a_picture_of_one_colour_has_no_sharpness():
    assert sharpness(np.full((112, 112, 3), 90, np.uint8)) == 0.0


@pytest.mark.parametrize(
    ("factor", "offset", "reason"), [(0.25, 0, Reason.TOO_DARK), (0.2, 200, Reason.TOO_BRIGHT)]
)
def test_light_is_judged_on_the_face(located, factor, offset, reason):
    frame, face = located[PEOPLE[0]]
    changed = (frame * factor + offset).astype(np.uint8)
    assert judged(changed, face)[0] is reason


def test_light_on_the_scene_does_not_excuse_a_dark_face(located):
    frame, face = located[PEOPLE[0]]
    x, y, width, height = (round(v) for v in face.box)
    backlit = np.full_like(frame, 250)
    margin = width // 4
    around = (slice(max(0, y - margin), y + height + margin), slice(max(0, x - margin), None))
    backlit[around] = frame[around] // 5
    assert judged(backlit, face)[0] is Reason.TOO_DARK


@pytest.mark.parametrize(
    ("level", "gate", "reason"),
    [(0, "clipped_dark", Reason.TOO_DARK), (255, "clipped_bright", Reason.TOO_BRIGHT)],
)
def test_half_a_face_in_a_shadow_or_a_lamp_is_refused_though_its_mean_is_not(
    located, level, gate, reason
):
    frame, face = located[PEOPLE[2]]
    half = frame.copy()
    half[:, : round(face.points[2, 0])] = level
    found, gates = judged(half, face)
    assert gates["face_light_255"].passed
    assert found is reason
    assert 0.3 < gates[gate].measured < 0.7


def test_a_face_smaller_than_the_limit_is_too_small(located):
    frame, face = located[PEOPLE[4]]
    reason, gates = judged(frame, face, Limits(min_eyes_px=face.eyes_px + 0.5))
    assert reason is Reason.TOO_SMALL
    assert gates["eyes_px"].measured == face.eyes_px


@pytest.mark.parametrize("degrees", [-30.0, 30.0])
def test_a_tilt_beyond_the_limit_is_off_angle_to_either_side(degrees):
    reason, gates = judged(*synthetic(degrees=degrees))
    assert reason is Reason.OFF_ANGLE
    assert gates["roll_deg"].measured == pytest.approx(degrees, abs=0.5)
    assert judged(*synthetic(degrees=degrees * 0.8))[0] is None


# A head of ordinary proportions, in distances between the eyes: aside, below the eyes, before them.
HEAD = 35.2 * np.array(
    [[-0.5, 0, 0], [0.5, 0, 0], [0, 0.583, 0.5], [-0.41, 0.988, 0.2], [0.41, 0.988, 0.2]]
)


def turned_head(*, yaw=0.0, pitch=0.0, roll=0.0):
    """The head turned to the picture's right, bowed, tilted, seen from afar; 90 px between eyes."""
    y, p, r = np.radians([yaw, pitch, roll])
    aside = np.array([[np.cos(y), 0, np.sin(y)], [0, 1, 0], [-np.sin(y), 0, np.cos(y)]])
    bowed = np.array([[1, 0, 0], [0, np.cos(p), np.sin(p)], [0, -np.sin(p), np.cos(p)]])
    tilt = np.array([[np.cos(r), -np.sin(r)], [np.sin(r), np.cos(r)]])
    seen = (HEAD @ (aside @ bowed).T)[:, :2] @ tilt.T
    return Face((0.0, 0.0, 1.0, 1.0), seen * 90 / 35.2 + [320.0, 240.0], 1.0)


@pytest.mark.parametrize("roll", [-20.0, 0.0, 20.0])
@pytest.mark.parametrize("degrees", [-40.0, -20.0, 0.0, 20.0, 40.0])
def test_a_head_turned_or_bowed_is_measured_in_degrees_however_it_is_tilted(degrees, roll):
    aside, bowed = turned_head(yaw=degrees, roll=roll), turned_head(pitch=degrees, roll=roll)
    assert aside.yaw_deg == pytest.approx(degrees, abs=4)
    assert aside.pitch_deg == pytest.approx(0.0, abs=4)
    assert bowed.pitch_deg == pytest.approx(degrees, abs=5)
    assert bowed.yaw_deg == pytest.approx(0.0, abs=4)


@pytest.mark.parametrize("turn", [{"yaw": 56.0}, {"yaw": -56.0}, {"pitch": 38.0}, {"pitch": -38.0}])
def test_a_head_turned_away_is_off_angle(turn):
    frame, _ = synthetic()
    name = f"{next(iter(turn))}_deg"
    reason, gates = judged(frame, turned_head(**turn))
    assert reason is Reason.OFF_ANGLE
    assert not gates[name].passed
    assert judged(frame, turned_head(**{k: v / 3 for k, v in turn.items()}))[0] is None


def test_points_that_coincide_are_off_angle_and_no_fault():
    face = Face((0.0, 0.0, 1.0, 1.0), np.full((5, 2), 7.0), 1.0)
    assert face.pitch_deg == 90.0
    assert abs(face.yaw_deg) == 90.0


@pytest.mark.parametrize("shift", [(-300.0, 0.0), (300.0, 0.0), (0.0, -220.0), (25.0, 205.0)])
def test_the_share_outside_the_frame_is_what_the_crop_shows_black(shift):
    _, face = synthetic(shift=shift)
    white = np.full((480, 640, 3), 255, np.uint8)
    black = float((align(white, face.points) < 128).mean())
    assert black > 2 * MAX_CUT_OFF
    assert cut_off(face, white.shape) == pytest.approx(black, abs=0.01)
    assert judged(white, face)[0] is Reason.CUT_OFF


def test_a_face_wholly_inside_is_not_cut_off():
    frame, face = synthetic()
    assert cut_off(face, frame.shape) == 0.0


def test_of_several_faults_the_earliest_reason_is_reported():
    """A black frame, a face turned and half outside: each limit that is lifted shows the next."""
    black = np.zeros((480, 640, 3), np.uint8)
    outside = synthetic(degrees=40.0, shift=(300.0, 0.0))[1]
    inside = synthetic(degrees=40.0)[1]
    strict = Limits(min_eyes_px=100.0)
    near = replace(strict, min_eyes_px=1.0)
    light = replace(near, face_light_255=(0.0, 255.0), max_clipped=1.0)
    sharp = replace(light, min_sharpness=0.0)
    assert judged(black, outside, strict)[0] is Reason.TOO_SMALL
    assert judged(black, outside, near)[0] is Reason.CUT_OFF
    assert judged(black, inside, near)[0] is Reason.TOO_DARK
    assert judged(black, inside, replace(light, max_clipped=0.9))[0] is Reason.TOO_DARK
    assert judged(black, inside, light)[0] is Reason.BLURRED
    assert judged(black, inside, sharp)[0] is Reason.OFF_ANGLE
    assert judged(black, inside, replace(sharp, max_roll_deg=45.0))[0] is None


def test_the_bounds_of_a_gate_pass():
    assert Gate("g", 1.0, 1.0, 2.0).passed
    assert Gate("g", 2.0, 1.0, 2.0).passed
    assert not Gate("g", 2.1, 1.0, 2.0).passed
    assert not Gate("g", 0.9, 1.0, 2.0).passed
    assert not Gate("g", float("nan"), 1.0, 2.0).passed


def synthetic(*, degrees=0.0, shift=(0.0, 0.0), scale=1.5):
    """A frame full of fine structure, and a face of it: turned, and moved from its middle."""
    noise = np.random.default_rng(2).integers(60, 200, (480, 640, 3), np.uint8)
    c, s = scale * np.cos(np.radians(degrees)), scale * np.sin(np.radians(degrees))
    points = (TEMPLATE - 56.0) @ np.array([[c, -s], [s, c]]).T + [320.0, 240.0] + np.array(shift)
    x, y = points.min(axis=0) - 40.0
    return noise, Face((x, y, 140.0, 140.0), points, 1.0)
