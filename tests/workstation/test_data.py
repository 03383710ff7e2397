"""The three layouts of pictures, and the split by people."""

from __future__ import annotations

import io
import tarfile

import cv2
import numpy as np
import pytest

from edge.contract.errors import DataError, MissingError
from tests.workstation.drawn import draw_people, encode, pack, spread_out
from train.data import NOBODY, SEED_PERSON, for_network, load_faces, split_people


@pytest.fixture(scope="module")
def few():
    return draw_people(people=3, pictures=2, seed=5)


def test_a_tar_and_a_folder_hold_the_same_people(few, tmp_path):
    packed = load_faces([pack(few, tmp_path / "few.tar")])
    folder = load_faces([spread_out(few, tmp_path / "few")])
    for found in (packed, folder):
        assert found.names == tuple(sorted(few))
        assert found.person.tolist() == [0, 0, 1, 1, 2, 2]
        assert found.crops.shape == (6, 112, 112, 3)
    assert np.array_equal(folder.crops[0], few[folder.names[0]][0])
    assert packed.files[0] == "few.tar:person_00/0.png"


def test_a_tars_crops_are_brought_to_the_template_of_the_door(few, tmp_path):
    from edge.contract.align import realign_packed

    packed = load_faces([pack(few, tmp_path / "few.tar")])
    assert np.array_equal(packed.crops[0], realign_packed(few["person_00"][0]))
    assert not np.array_equal(packed.crops[0], few["person_00"][0])


def test_the_seeds_folders_give_the_owner_and_the_negatives_by_name(few, tmp_path):
    own, other, third = few.values()
    negatives = ("Ada_Byron_0001.png", "Ada_Byron_0002.png", "Bea_0001.png")
    spread_out({"anchor": own, "positive": own[:1]}, tmp_path)
    (tmp_path / "negative").mkdir()
    for name, picture in zip(negatives, [*other, third[0]], strict=True):
        (tmp_path / "negative" / name).write_bytes(encode(picture))
    found = load_faces([tmp_path])
    assert found.names == ("Ada_Byron", "Bea", SEED_PERSON)
    assert [found.names[p] for p in found.person].count(SEED_PERSON) == 3
    assert [found.names[p] for p in found.person].count("Ada_Byron") == 2


def test_a_tars_members_without_a_folder_show_nobody_and_are_never_held_out(few, tmp_path):
    path = tmp_path / "faces.tar"
    with tarfile.open(path, "w") as tar:
        for number, picture in enumerate(few["person_00"]):
            data = encode(picture)
            member = tarfile.TarInfo(f"{number}.png")
            member.size = len(data)
            tar.addfile(member, io.BytesIO(data))
    found = load_faces([path, pack(few, tmp_path / "few.tar")])
    assert found.person.tolist()[:2] == [NOBODY, NOBODY]
    assert NOBODY in split_people(found, 0.99)[0].person
    assert NOBODY not in split_people(found, 0.99)[1].person


def test_no_person_is_on_both_sides_and_a_side_never_changes(faces):
    train, held_out = split_people(faces, 0.25)
    assert not train.people() & held_out.people()
    assert train.people() | held_out.people() == set(faces.names)
    assert len(train) + len(held_out) == len(faces)
    smaller = faces.of(faces.person % 2 == 0)
    assert split_people(smaller, 0.25)[1].people() <= held_out.people()
    assert held_out.people() <= split_people(faces, 0.5)[1].people()


def test_unusable_pictures_are_left_out_and_counted(few, tmp_path, capsys):
    folder = spread_out(few, tmp_path / "few")
    (folder / "person_00" / "torn.jpg").write_bytes(b"\xff\xd8\xff\xe0 no picture")
    assert len(load_faces([folder])) == 6
    assert "1 pictures left out" in capsys.readouterr().err


def test_what_is_missing_empty_or_damaged_is_named(few, tmp_path):
    with pytest.raises(MissingError, match="nowhere"):
        load_faces([tmp_path / "nowhere"])
    with pytest.raises(DataError, match="no picture"):
        load_faces([tmp_path])
    whole = pack(few, tmp_path / "few.tar").read_bytes()
    (tmp_path / "no.tar").write_bytes(b"\0\1\2" * 1000)
    with pytest.raises(DataError, match="not a tar"):
        load_faces([tmp_path / "no.tar"])
    (tmp_path / "cut.tar").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(DataError, match=r"cut\.tar"):
        load_faces([tmp_path / "cut.tar"])


def test_a_network_of_another_size_sees_the_same_picture_smaller(few):
    crops = np.stack(few["person_00"])
    grey = for_network(crops, (56, 56, 1))
    whole = cv2.cvtColor(crops[0], cv2.COLOR_RGB2GRAY).reshape(56, 2, 56, 2).mean((1, 3))
    assert np.abs(grey[0, ..., 0] - whole).max() <= 1
    assert for_network(crops, (112, 112, 3)) is crops
