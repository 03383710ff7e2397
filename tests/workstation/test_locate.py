"""From labelled frames to a locator: what is composed, what is asked for, what is measured."""

from __future__ import annotations

import io
import json
import tarfile
from dataclasses import replace

import cv2
import keras
import numpy as np
import pytest

from convert.cli import main as convert
from edge.contract.bundle import FINDER, POINTER
from edge.contract.errors import DataError, MissingError
from edge.contract.locate import (
    FRAME,
    PATCH_TEMPLATE,
    POINT_UNIT_PX,
    SIZES,
    Face,
    candidates,
    reduced,
)
from edge.contract.tensor import to_float
from edge.eye.locator import Locator
from tests.workstation.drawn import encode, pack
from train.cli import main
from train.locate.compose import Composer, Cutouts, Picture
from train.locate.evaluate import evaluate
from train.locate.fit import Finder
from train.locate.lessons import FrameLessons, PatchLessons, targets
from train.locate.limits import least_evidence
from train.locate.network import build_finder
from train.locate.networks import FILE, PARTS, load_locator
from train.locate.scenes import read_scenes
from train.runs import load_network

# Colours of the five points of a drawn face, so that a picture says which is where.
MARKS = [(255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 0), (0, 255, 255)]
PLACES = np.array([[0.3, 0.4], [0.7, 0.4], [0.5, 0.6], [0.35, 0.8], [0.65, 0.8]])


def draw(frame, box):
    x, y, width, height = box
    points = PLACES * [width, height] + [x, y]
    cv2.rectangle(frame, (x, y), (x + width, y + height), (200, 180, 160), -1)
    for (px, py), colour in zip(points, MARKS, strict=True):
        cv2.circle(frame, (round(px), round(py)), max(2, width // 12), colour, -1)
    return points


@pytest.fixture(scope="module")
def scenes_tar(tmp_path_factory):
    """Six frames with a drawn face, seven without, of which the last is kept out of training."""
    tar = tmp_path_factory.mktemp("scenes") / "scenes.tar"
    rng, lines = np.random.default_rng(0), []
    with tarfile.open(tar, "w") as archive:
        for number in range(13):
            frame = np.full((240, 320, 3), 90 + 10 * number, np.uint8)
            row = {"file": f"{number}.png", "source": "drawn", "boxes": [], "landmarks": []}
            if number < 6:
                box = (int(rng.integers(20, 180)), int(rng.integers(20, 100)), 70, 90)
                row["boxes"] = [list(box)]
                row["landmarks"] = [draw(frame, box).ravel().tolist()]
            row |= {"confirmed": [number != 0] * len(row["boxes"]), "ignore": []}
            lines.append(json.dumps(row))
            data = encode(frame)
            member = tarfile.TarInfo(row["file"])
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    tar.with_suffix(".jsonl").write_text("\n".join(lines) + "\n")
    return tar


@pytest.fixture(scope="module")
def composer(scenes_tar):
    crop = np.full((112, 112, 3), 120, np.uint8)
    points = draw(crop, (22, 10, 68, 92))
    box = np.array([[22, 10, 68, 92]], np.float32)
    return Composer(read_scenes(scenes_tar), Cutouts(crop[None], box, points[None]), FRAME)


def test_frames_come_with_their_labels_and_doubtful_ones_are_to_be_ignored(scenes_tar):
    scenes = read_scenes(scenes_tar)
    assert [len(scene.boxes) for scene in scenes] == [0, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0]
    assert len(scenes[0].ignore) == 1
    (x, y), *_ = scenes[1].points[0]
    assert np.abs(scenes[1].frame[round(y), round(x)].astype(int) - MARKS[0]).max() < 20


def test_frames_without_their_labels_are_refused(scenes_tar, tmp_path):
    (tmp_path / "x.tar").touch()
    with pytest.raises(MissingError, match="jsonl"):
        read_scenes(tmp_path / "x.tar")
    (tmp_path / "x.jsonl").write_text('{"file": "0.png"}\n')
    (tmp_path / "x.tar").write_bytes(scenes_tar.read_bytes())
    with pytest.raises(DataError, match="not frames with labels"):
        read_scenes(tmp_path / "x.tar")


def test_points_stay_on_their_marks_however_a_picture_is_turned_and_mirrored(composer, monkeypatch):
    monkeypatch.setattr("train.locate.compose.lit", lambda frame, _: frame)
    right = seen = 0
    for seed in range(60):
        picture = composer.picture(np.random.default_rng(seed))
        for box, points in zip(picture.boxes, picture.points, strict=True):
            if box[3] < 40:
                continue
            # Left stays left: a mirrored face's points change places, so colours may swap too.
            assert points[0, 0] < points[1, 0] + 0.7 * box[2]
            for mark, mirrored in zip(range(5), (1, 0, 2, 4, 3), strict=True):
                x, y = points[mark].round().astype(int)
                if not (0 <= x < FRAME[1] and 0 <= y < FRAME[0]):
                    continue
                seen += 1
                colour = picture.frame[y, x].astype(int)
                right += min(np.abs(colour - MARKS[m]).max() for m in (mark, mirrored)) < 60
    assert seen > 150
    assert right / seen > 0.95


def test_the_same_seed_composes_the_same_picture(composer):
    first, again, other = (composer.picture(np.random.default_rng(s)) for s in (3, 3, 4))
    assert np.array_equal(first.frame, again.frame)
    assert np.array_equal(first.boxes, again.boxes)
    assert not np.array_equal(first.frame, other.frame)


def perfect(picture):
    """What a finder says that learnt its lesson by heart."""
    wanted = targets(picture)
    return {
        stride: (
            np.where(wanted[f"score{stride}"][..., 0] >= 1.0, 5.0, -5.0),
            wanted[f"shape{stride}"][..., :-1],
        )
        for stride in SIZES
    }


def test_what_is_asked_for_is_what_a_door_reads(composer):
    """Lesson and door know the same numbers: asked, answered and read a face is where it was."""
    faces = 0
    for seed in range(40):
        picture = composer.picture(np.random.default_rng(seed))
        boxes, points, _ = candidates(perfect(picture), 0.0)
        for box, wanted in zip(picture.boxes, picture.points, strict=True):
            at = np.abs(boxes - box).max(axis=1).argmin()
            assert boxes[at] == pytest.approx(box, abs=0.05)
            assert points[at] == pytest.approx(wanted, abs=0.05)
            faces += 1
        assert len(boxes) == len(picture.boxes)
    assert faces > 30


def test_where_a_face_may_be_nothing_is_asked():
    ignore = np.array([[100, 60, 60, 60]], np.float32)
    none = np.zeros((0, 4), np.float32)
    picture = Picture(
        np.zeros((*FRAME, 3), np.uint8), none, np.zeros((0, 5, 2), np.float32), ignore
    )
    wanted = targets(picture)
    heat = wanted["score16"][..., 0]
    assert (heat[4:7, 7:9] == -1).all()
    assert heat[0, 0] == 0
    assert (wanted["shape16"][..., -1] == 0).all()


def finds_nothing(_frame):
    return {
        stride: (np.full(shape, -9.0, np.float32), np.zeros((*shape, 14), np.float32))
        for stride, shape in ((8, (30, 40)), (16, (15, 20)), (32, (8, 10)))
    }


def test_batches_follow_from_epoch_and_seed(composer):
    how = {"batch": 4, "steps": 2, "seed": 1}
    patches = PatchLessons(composer, finds_nothing, pictures=12, **how)
    for lessons in (FrameLessons(composer, **how), patches):
        first, again = lessons[1], lessons[1]
        assert np.array_equal(first[0], again[0])
        lessons.epoch = 1
        assert not np.array_equal(lessons[1][0], first[0])


def test_a_patch_has_its_points_where_the_lesson_says(composer, monkeypatch):
    monkeypatch.setattr("train.locate.compose.lit", lambda frame, _: frame)
    monkeypatch.setattr("train.locate.lessons.lit", lambda patch, _: patch)
    lessons = PatchLessons(composer, finds_nothing, pictures=60, batch=64, steps=1, seed=2)
    patches, wanted = lessons[0]
    faces = wanted["score"][:, 0] > 0
    assert 0.2 < faces.mean() < 0.95
    right = []
    for patch, numbers in zip(patches[faces], wanted["points"][faces], strict=True):
        places = PATCH_TEMPLATE + POINT_UNIT_PX * numbers[:10].reshape(5, 2)
        for (x, y), mark, mirrored in zip(places, range(5), (1, 0, 2, 4, 3), strict=True):
            if 0 <= round(x) < 64 and 0 <= round(y) < 64:
                colour = (patch[round(y), round(x)] + 1) * 128
                near = min(np.abs(colour - MARKS[m]).max() for m in (mark, mirrored))
                right.append(near < 90)
    assert np.mean(right) > 0.8


def test_the_pointer_learns_from_what_the_finder_hands_over(composer, monkeypatch):
    """Faces as they are guessed, four pixels too far right, and a mistake, as no face."""
    monkeypatch.setattr("train.locate.lessons.lit", lambda frame, _: frame)
    pictures, mistakes = [], 0

    class Kept:
        def plain(self, rng):
            pictures.append(composer.plain(rng))
            return pictures[-1]

    def find(frame):
        picture = next(p for p in pictures if p.frame is frame)
        outputs = perfect(picture)
        for stride in SIZES:
            outputs[stride][1][..., 4::2] += 4.0 / SIZES[stride]
        outputs[16][0][13, 18] = 4.0
        outputs[16][1][13, 18] = np.r_[np.zeros(4), (PLACES - 0.5).ravel()]
        return outputs

    lessons = PatchLessons(Kept(), find, pictures=40, batch=96, steps=1, seed=5)
    _, wanted = lessons[0]
    assert 0.5 < wanted["score"].mean() < 0.95
    for picture in pictures:
        guesses, others = lessons._proposed(picture, picture.frame, find)
        for number, guess in guesses.items():
            assert guess == pytest.approx(picture.points[number] + [4.0, 0.0], abs=0.05)
        mistakes += len(others)
        assert all(points.mean(axis=0) == pytest.approx([296, 216], abs=8) for points in others)
    assert mistakes > 0.5 * len(pictures)


def test_a_yunet_that_is_none_is_named(tmp_path):
    with pytest.raises(MissingError, match=r"yunet\.onnx"):
        load_locator(tmp_path / "yunet.onnx")
    (tmp_path / "other.onnx").write_bytes(b"no network")
    with pytest.raises(DataError, match="not a YuNet"):
        load_locator(tmp_path / "other.onnx")


def test_recall_false_detections_and_errors_are_counted_as_said(scenes_tar):
    scenes = read_scenes(scenes_tar)[:8]

    def locator(frame):
        scene = next(s for s in scenes if np.array_equal(s.frame, frame))
        faces = [
            Face(tuple(map(float, box)), points + np.array([0.0, 1.4]), 1.0)
            for box, points in zip(scene.boxes, scene.points, strict=True)
        ]
        if scene.name in {"1.png", "6.png"}:  # one missed, one seen where nothing is
            faces = (
                [] if len(scene.boxes) else [Face((5.0, 5.0, 30.0, 30.0), np.zeros((5, 2)), 1.0)]
            )
        return faces

    found = evaluate(locator, scenes)
    assert (found["recall"]["80"]["found"], found["recall"]["80"]["faces"]) == (4, 5)
    assert found["recall"]["40"]["faces"] == 0
    assert (found["false_empty"], found["empty_frames"]) == (1, 2)
    # The eyes are 0.4 of 70 pixels apart, every point is 1.4 off.
    assert found["point_error"]["mean"] == pytest.approx(1.4 / 28)
    assert found["recall_sure"] == found["recall"]


def test_points_that_nobody_knows_are_not_held_against_a_locator(scenes_tar):
    scenes = read_scenes(scenes_tar)[1:3]
    scenes[0] = replace(scenes[0], sure=np.array([False]))

    def locator(frame):
        scene = next(s for s in scenes if np.array_equal(s.frame, frame))
        off = 0.0 if scene.sure.all() else 50.0
        return [Face(tuple(map(float, scene.boxes[0])), scene.points[0] + off, 1.0)]

    found = evaluate(locator, scenes)
    assert found["point_error"] == {"faces": 1, "mean": 0.0, "median": 0.0, "p95": 0.0}
    assert found["recall"]["80"]["faces"] == 2
    assert found["recall_sure"]["80"]["faces"] == 1


@pytest.fixture(scope="module")
def run(scenes_tar, tmp_path_factory):
    """A run of both networks that learnt next to nothing; the finder, which takes long, nothing."""
    crops = scenes_tar.with_name("crops.tar")
    pack({"Ada": [np.full((112, 112, 3), 120, np.uint8)]}, crops)
    folder = tmp_path_factory.mktemp("runs") / "locate"
    (folder / "finder").mkdir(parents=True)
    build_finder().save(folder / "finder" / FILE)
    with pytest.MonkeyPatch.context() as patch:
        # The teacher is a file of others; what it would say of the only crop is given.
        crop = np.full((1, 112, 112, 3), 120, np.uint8)
        points = draw(crop[0], (22, 10, 68, 92))
        labels = Cutouts(crop, np.array([[22, 10, 68, 92]], np.float32), points[None])
        patch.setattr("train.locate.command.cutouts", lambda *_: labels)
        given = ["--part", "pointer", "--scenes", str(scenes_tar), "--crops", str(crops)]
        how = ["--epochs", "1", "--steps", "2", "--batch", "2", "--pictures", "8"]
        where = ["--teacher", str(crops), "--out", str(folder)]
        assert main(["locate", "fit", *given, *how, *where]) == 0
    return folder


@pytest.fixture(scope="module")
def files(run, scenes_tar, tmp_path_factory):
    folder = tmp_path_factory.mktemp("locator")
    assert convert(["locator", str(run), "-o", str(folder), "--scenes", str(scenes_tar)]) == 0
    return folder


def test_int8_says_what_float_says(run, files, scenes_tar):
    """Every map in its place and unit, with the door's engine."""
    finder, pointer = (load_network(run / part / FILE) for part in PARTS)
    frame = reduced(read_scenes(scenes_tar)[2].frame)[0]
    locator = Locator(*((files / name).read_bytes() for name in (FINDER, POINTER)))
    wanted = finder.predict_on_batch(to_float(frame[None]))
    found = locator.find(frame)
    ours, theirs = [], []
    for stride, maps in found.items():
        exact = wanted[f"score{stride}"][0, ..., 0], wanted[f"shape{stride}"][0]
        assert [a.shape for a in maps] == [b.shape for b in exact]
        ours += [a.mean(axis=(0, 1)).ravel() for a in maps]
        theirs += [b.mean(axis=(0, 1)).ravel() for b in exact]
    ours, theirs = np.concatenate(ours), np.concatenate(theirs)
    assert np.abs(ours - theirs).max() < 0.15 * np.ptp(theirs)
    patch = frame[:64, :64]
    logit, numbers = locator.point(patch)
    theirs = pointer.predict_on_batch(to_float(patch[None]))
    assert logit == pytest.approx(theirs["score"][0, 0], abs=0.3)
    assert numbers == pytest.approx(theirs["points"][0], abs=0.3)


@pytest.mark.parametrize(("share", "passing"), [(0.0, 0), (0.3, 3), (0.9, 10)])
def test_the_limit_lets_so_many_false_faces_through_as_was_asked(share, passing):
    """Two rooms, six views each, one proposal in every view, each with other evidence."""
    evidence = iter(np.linspace(-0.5, 0.6, 12))
    rooms = [np.zeros((120, 160, 3), np.uint8)] * 2

    def find(_frame):
        outputs = finds_nothing(None)
        outputs[16][0][4, 4] = -1.0
        outputs[16][1][4, 4, 4:] = (PLACES - 0.5).ravel()
        return outputs

    def point(_patch):
        point.looks += 1
        if point.looks % 2:  # the second look at a candidate counts
            point.said = next(evidence) + 1.0
        return point.said, np.zeros(10, np.float32)

    point.looks = 0
    limit = least_evidence(find, point, rooms, share)
    assert point.looks == 2 * 12
    assert sum(e >= limit for e in np.linspace(-0.5, 0.6, 12)) == passing


def test_frames_of_which_none_can_set_the_limit_are_refused(run, scenes_tar, tmp_path, capsys):
    few = tmp_path / "few.tar"
    few.write_bytes(scenes_tar.read_bytes())
    lines = list(map(json.loads, scenes_tar.with_suffix(".jsonl").read_text().splitlines()))
    lines[12]["ignore"] = [[10, 10, 50, 50]]
    few.with_suffix(".jsonl").write_text("\n".join(map(json.dumps, lines)))
    assert convert(["locator", str(run), "-o", str(tmp_path / "o"), "--scenes", str(few)]) == 65
    assert "none without a face" in capsys.readouterr().err


def test_the_right_answer_costs_next_to_nothing_and_silence_much(composer):
    frames, wanted = FrameLessons(composer, batch=4, steps=1, seed=3)[0]
    trainer = Finder(build_finder())
    right = {
        f"{name}{stride}": values
        for stride in SIZES
        for name, values in (
            ("score", np.where(wanted[f"score{stride}"] >= 1.0, 9.0, -9.0).astype(np.float32)),
            ("shape", wanted[f"shape{stride}"][..., :-1]),
        )
    }
    silent = {k: np.full_like(v, -9.0) if "score" in k else 0 * v for k, v in right.items()}
    costs = [
        float(keras.ops.convert_to_numpy(trainer.compute_loss(frames, wanted, answer)))
        for answer in (right, silent)
    ]
    assert costs[0] < 0.5
    assert costs[1] > 5.0


def test_both_are_measured_by_the_same_command(run, files, scenes_tar, capsys):
    for model in (run, files):
        given = ["--model", str(model), "--scenes", str(scenes_tar), "--json"]
        assert main(["locate", "evaluate", *given]) == 0
        document = json.loads(capsys.readouterr().out)
        assert (document["frames"], document["empty_frames"]) == (13, 7)
        assert document["recall"]["80"]["faces"] == 5
