"""`onelook enroll`: one photograph is enough, and only a good one of somebody new is kept."""

from __future__ import annotations

import shutil

import pytest


def test_one_photograph_is_enough_and_says_what_that_costs(door, obama):
    done = door("enroll", "Ada", obama)
    assert (done.returncode, done.stderr) == (0, "")
    assert "enrolled Ada: kept 1 of 1" in done.stdout
    assert "1 template: expect more refusals; add another with --add" in done.stdout


def test_the_document_names_what_was_kept(door, obama):
    document, code = door.json("enroll", "Ada", obama)
    assert code == 0
    assert (document["schema"], document["ok"]) == ("onelook.enroll/1", True)
    (person,) = document["people"]
    assert (person["name"], person["templates"], person["kept"]) == ("Ada", 1, [str(obama)])
    assert person["id"].startswith("p-")


def test_bad_photographs_among_several_are_named_and_skipped(door, obama, pictures):
    nobody, missing = pictures / "noface_coffee.jpg", door.folder / "nowhere.jpg"
    done = door("enroll", "Ada", obama, nobody, missing)
    assert done.returncode == 0
    assert "kept 1 of 3" in done.stdout
    assert f"not used: {nobody}" in done.stderr
    assert "no_face" in done.stderr
    assert f"not used: {missing}" in done.stderr


def test_no_usable_photograph_among_several_is_80_and_stores_nothing(door, pictures):
    done = door("enroll", "Ada", pictures / "noface_coffee.jpg", pictures / "group_1.jpg")
    assert (done.returncode, done.stdout) == (80, "")
    assert "none of the 2 photographs can be used" in done.stderr
    assert "two_faces" in done.stderr
    assert door.json("list")[0]["people"] == []


@pytest.mark.parametrize(
    ("picture", "reason"), [("noface_coffee.jpg", "no_face"), ("group_1.jpg", "two_faces")]
)
def test_a_photograph_without_one_face_is_refused_with_its_reason(door, pictures, picture, reason):
    done = door("enroll", "Ada", pictures / picture)
    assert (done.returncode, done.stdout) == (80, "")
    assert f"{pictures / picture}: no usable face: {reason}" in done.stderr


def test_a_name_that_exists_needs_add(door, obama, pictures):
    door("enroll", "Ada", obama)
    before = door.gallery()
    done = door("enroll", "ada", pictures / "obama_2.jpg")
    assert (done.returncode, done.stdout) == (1, "")
    assert "Ada is enrolled already" in done.stderr
    assert "--add" in done.stderr
    assert door.gallery() == before


def test_add_adds_and_the_same_photograph_is_not_stored_twice(door, obama, pictures, tmp_path):
    door("enroll", "Ada", obama)
    copy = tmp_path / "the-same-bytes.jpg"
    shutil.copy(obama, copy)
    done = door("enroll", "Ada", "--add", "--label", "speech", pictures / "obama_2.jpg", copy)
    assert done.returncode == 0
    assert "is enrolled already and was not stored twice" in done.stderr
    (person,) = door.json("list")[0]["people"]
    assert [t["label"] for t in person["templates"]] == ["", "speech"]


def test_add_to_somebody_unknown_names_the_nearest(door, obama):
    door("enroll", "Ada", obama)
    done = door("enroll", "Adda", "--add", obama)
    assert (done.returncode, done.stdout) == (66, "")
    assert "nobody called 'Adda'" in done.stderr
    assert "Did you mean 'Ada'?" in done.stderr


def test_somebody_who_looks_like_another_person_is_refused(door, obama, pictures):
    door("enroll", "Ada", obama)
    before = door.gallery()
    done = door("enroll", "Bea", pictures / "obama_2.jpg")
    assert (done.returncode, done.stdout) == (1, "")
    assert "Bea looks like Ada to this network" in done.stderr
    assert door.gallery() == before


def test_a_photograph_of_somebody_else_among_several_is_pointed_out(door, obama, pictures):
    other = pictures / "stranger_harris.jpg"
    done = door("enroll", "Ada", obama, pictures / "obama_2.jpg", other)
    assert done.returncode == 0
    assert f"{other} looks like no other photograph of Ada" in done.stderr
    assert str(obama) not in done.stderr


def test_from_a_flat_folder_is_one_person_whose_name_is_needed(door, repository):
    folder = repository / "application_data" / "verification_images"
    nameless = door("enroll", "--from", folder)
    assert (nameless.returncode, nameless.stdout) == (2, "")
    assert f"onelook enroll Ada --from {folder}" in nameless.stderr
    done = door("enroll", "Ada", "--from", folder)
    assert (done.returncode, done.stderr) == (0, "")
    assert "enrolled Ada: kept" in done.stdout


def test_from_a_folder_per_person_takes_all_who_can_be_taken(door, obama, pictures, tmp_path):
    people = {"Ada": obama, "Bea": pictures / "stranger_harris.jpg", "Cleo": pictures / "black.jpg"}
    for name, photo in people.items():
        (tmp_path / "people" / name).mkdir(parents=True)
        shutil.copy(photo, tmp_path / "people" / name)
    done = door("enroll", "--from", tmp_path / "people")
    assert done.returncode == 80
    assert "Cleo" in done.stderr
    assert [p["name"] for p in door.json("list")[0]["people"]] == ["Ada", "Bea"]


@pytest.mark.parametrize("name", ["", " Ada", "A\nB", "x" * 65])
def test_a_name_that_could_not_be_shown_is_refused(door, obama, name):
    done = door("enroll", name, obama)
    assert (done.returncode, done.stdout) == (2, "")


def test_an_empty_folder_is_named(door, tmp_path):
    (tmp_path / "empty").mkdir()
    done = door("enroll", "Ada", "--from", tmp_path / "empty")
    assert (done.returncode, done.stdout) == (66, "")
    assert str(tmp_path / "empty") in done.stderr
