"""Tars that are read as they are needed show what the same pictures in memory show."""

from __future__ import annotations

import io
import tarfile

import cv2
import numpy as np
import pytest

from edge.contract.errors import DataError, OutputError, UsageError
from edge.contract.tasks import FACES, PICTURES
from tests.workstation.drawn import draw_people, encode, pack
from train.data import NOBODY, load_crops, open_sharded, split_people
from train.fit import PeopleBatches
from train.pack import pack as pack_into
from train.together import Part

SHAPE = (112, 112, 3)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """People in two tars, one of them in both, as shards and as one tar for memory."""
    out = tmp_path_factory.mktemp("people")
    drawn = draw_people(6, 4)
    first = dict(list(drawn.items())[:4])
    second = dict(list(drawn.items())[3:])
    second["person_03"] = draw_people(4, 8, seed=5)["person_03"][4:]
    pack(first, out / "a.tar")
    pack({name: pictures * 2 for name, pictures in second.items()}, out / "b.tar")
    return out


def opened(folder, task=FACES, shape=SHAPE):
    return open_sharded([folder], task=task, shape=shape)


def members(folder):
    return load_crops([folder / "a.tar", folder / "b.tar"], task=FACES, shape=SHAPE)


def test_shards_are_the_same_people_and_pictures_as_in_memory(folder):
    shards, faces = opened(folder), members(folder)
    assert shards.names == faces.names
    assert shards.people() == faces.people()
    assert np.array_equal(shards.person, faces.person)
    assert np.array_equal(shards.read(np.arange(len(shards))), faces.crops)
    assert shards.files[0] == f"{folder.name}:person_00/0.png"
    whole = load_crops([folder], task=FACES, shape=SHAPE)
    assert (whole.digest(), whole.files) == (shards.digest(), shards.files)


def test_people_are_held_out_as_from_memory(folder):
    for of_shards, of_memory in zip(
        split_people(opened(folder), 0.4), split_people(members(folder), 0.4), strict=True
    ):
        assert of_shards.people() == of_memory.people()
        assert np.array_equal(of_shards.read(range(len(of_shards))), of_memory.crops)


@pytest.mark.parametrize("workers", [1, 2, 4])
def test_batches_are_those_of_memory_and_workers_share_them_out(folder, workers):
    how = {"batch": 8, "steps": 3, "seed": 5, "how": "door"}
    crops, person = PeopleBatches(members(folder), (32, 32, 3), **how)[2]
    parts = [
        PeopleBatches(opened(folder), (32, 32, 3), **how, part=Part(n, workers, "here"))[2]
        for n in range(workers)
    ]
    assert np.array_equal(np.concatenate([part[0] for part in parts]), crops)
    assert np.array_equal(np.concatenate([part[1] for part in parts]), person)


def test_a_batch_that_cannot_be_shared_out_is_refused(folder):
    with pytest.raises(UsageError, match="8 crops cannot be shared out evenly among 3"):
        PeopleBatches(opened(folder), SHAPE, batch=8, steps=1, seed=0, part=Part(0, 3, "here"))


def samples(path, *parts):
    with tarfile.open(path, "w") as tar:
        for name, data in parts:
            member = tarfile.TarInfo(name)
            member.size = len(data)
            tar.addfile(member, io.BytesIO(data))


def test_a_sample_of_webdataset_says_its_class_in_a_part_of_its_own(tmp_path):
    ada, bea = (encode(draw_people(2, 1)[f"person_0{n}"][0]) for n in (0, 1))
    samples(
        tmp_path / "0.tar",
        ("one.cls", b"Ada\n"),
        ("one.png", ada),
        ("two.png", bea),
        ("two.json", b"{}"),
        ("two.cls", b"Bea"),
        ("deep/three.png", ada),
        ("four.png", bea),
    )
    shards = opened(tmp_path)
    assert [shards.names[p] if p != NOBODY else "" for p in shards.person] == [
        "Ada", "Bea", "deep", "",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda data: data[: len(data) // 2], "ends in the middle|not a plain tar"),
        (lambda _: b"x" * 3000, "not a plain tar"),
        (lambda _: b"", "not a plain tar|no picture"),
    ],
)
def test_a_tar_that_is_none_is_told_when_it_is_opened(tmp_path, folder, spoil, said):
    (tmp_path / "a.tar").write_bytes(spoil((folder / "a.tar").read_bytes()))
    with pytest.raises(DataError, match=said):
        opened(tmp_path)


def test_a_picture_that_is_none_is_told_when_it_is_needed(tmp_path):
    good = encode(draw_people(1, 1)["person_00"][0])
    large = cv2.imencode(".png", np.zeros((200, 200, 3), np.uint8))[1].tobytes()
    samples(tmp_path / "a.tar", ("A/1.png", good), ("A/2.png", b"none"), ("A/3.png", large))
    shards = opened(tmp_path)
    assert len(shards.read([0])) == 1
    with pytest.raises(DataError, match="not a picture"):
        shards.read([0, 1])
    with pytest.raises(DataError, match="no 112x112 crop"):
        shards.read([2])


def test_a_folder_of_tars_comes_alone(folder):
    with pytest.raises(UsageError, match="comes alone"):
        load_crops([folder, folder / "a.tar"], task=FACES, shape=SHAPE)


def test_packed_pictures_are_what_they_were(folder, tmp_path):
    done = pack_into([folder / "a.tar"], tmp_path / "out", task=FACES, per_tar=7)
    assert (done.pictures, done.tars, done.left_out, len(done.people)) == (16, 3, 0, 4)
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        f"shard-00000{n}.tar" for n in range(3)
    ]
    packed = load_crops([tmp_path / "out"], task=FACES, shape=SHAPE)
    before = load_crops([folder / "a.tar"], task=FACES, shape=SHAPE)
    assert np.array_equal(packed.person, before.person)
    assert np.array_equal(packed.crops, before.crops)
    with pytest.raises(OutputError, match="holds tars already"):
        pack_into([folder / "a.tar"], tmp_path / "out", task=FACES)


def test_packed_characters_are_kept_to_the_pixel_and_by_the_whole_path(tmp_path):
    rng = np.random.default_rng(0)
    for name in ("Greek/c1", "Greek/c2", "Latin/c1"):
        (tmp_path / "in" / name).mkdir(parents=True)
        picture = rng.integers(0, 2, (40, 30, 1), np.uint8).repeat(3, 2) * 255
        cv2.imwrite(str(tmp_path / "in" / name / "1.png"), picture)
    pack_into([tmp_path / "in"], tmp_path / "out", task=PICTURES)
    before = load_crops([tmp_path / "in"], task=PICTURES, shape=(32, 32, 1))
    shards = opened(tmp_path / "out", PICTURES, (32, 32, 1))
    assert shards.names == before.names == ("Greek/c1", "Greek/c2", "Latin/c1")
    assert np.array_equal(shards.read([0, 1, 2]), before.crops)
