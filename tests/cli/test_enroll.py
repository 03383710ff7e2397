"""`onelook enroll`: one photograph is enough, and only a good one of somebody new is kept."""

from __future__ import annotations

import shutil
from dataclasses import replace

import pytest

from edge.contract.bundle import MANIFEST, SIGNATURE, load_bundle
from edge.contract.manifest import to_bytes
from edge.contract.signing import UNCHECKED
from edge.shipped import shipped


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


@pytest.fixture
def for_two(door):
    """A door whose bundle was measured for one person, and for two with a stricter threshold."""
    folder = shutil.copytree(shipped("models", "faces"), door.folder / "bundle")
    manifest = load_bundle(folder, UNCHECKED).manifest
    level = manifest.level("normal")
    one = level.steps[0]
    steps = (replace(one, people=1), replace(one, people=2, distance=one.distance * 0.9))
    levels = (replace(level, steps=steps),)
    (folder / MANIFEST).write_bytes(to_bytes(replace(manifest, levels=levels)))
    (folder / SIGNATURE).unlink()
    door.configure(recognition={"bundle": str(folder), "allow_unsigned": True})
    return door


def test_r1_10_a_person_beyond_the_measured_gallery_is_refused(for_two, obama, pictures):
    first, _ = for_two.json("enroll", "Ada", obama)
    assert (first["gallery"]["measured_for"], first["gallery"]["changed"]) == (1, False)
    (cut,) = {p["threshold"] for p in for_two.json("test", obama)[0]["presses"]}
    assert first["gallery"]["threshold"] == cut
    done = for_two("enroll", "Bea", pictures / "stranger_harris.jpg")
    assert (done.returncode, done.stderr) == (0, "")
    assert "from now on the threshold is that for 2 people" in done.stdout
    assert f"({cut:.5f} before)" in done.stdout
    (stricter,) = {p["threshold"] for p in for_two.json("test", obama)[0]["presses"]}
    assert stricter == pytest.approx(0.9 * cut)
    before = for_two.gallery()
    done = for_two("enroll", "Cleo", pictures / "biden_3.jpg")
    assert (done.returncode, done.stdout) == (1, "")
    assert "the gallery is full" in done.stderr
    assert "measured for 2 people of 5 photographs" in done.stderr
    assert for_two.gallery() == before


def test_r1_11_five_templates_are_kept_for_one_person_and_those_are_spread(
    for_two, obama, pictures, tmp_path
):
    for number in range(6):  # other bytes, the same picture
        (tmp_path / f"{number}.jpg").write_bytes(obama.read_bytes() + bytes([number]))
    copies = sorted(tmp_path.glob("?.jpg"))
    others = [pictures / "obama_2.jpg", pictures / "obama_3.jpg"]
    document, code = for_two.json("enroll", "Ada", *copies, *others)
    (ada,) = document["people"]
    assert (code, ada["templates"], len(ada["kept"]), len(ada["left_out"])) == (0, 5, 5, 3)
    assert {str(photo) for photo in others} <= {*ada["kept"]}
    assert {*ada["kept"]} | {*ada["left_out"]} == {str(p) for p in (*copies, *others)}
    assert document["gallery"]["measured_for"] == 1  # five are a person: the step stays


def test_r1_11_a_new_look_takes_the_place_of_a_copy(door, obama, pictures, tmp_path):
    for number in range(5):
        (tmp_path / f"{number}.jpg").write_bytes(obama.read_bytes() + bytes([number]))
    copies = sorted(tmp_path.glob("?.jpg"))
    assert door("enroll", "Ada", "--label", "copy", *copies).returncode == 0
    added = door("enroll", "Ada", "--add", pictures / "obama_3.jpg")
    assert added.returncode == 0
    assert "kept 1 of 1" in added.stdout
    assert "Ada has 5 templates, the most for one person" in added.stdout
    assert "(copy) made room" in added.stderr
    (ada,) = door.json("list")[0]["people"]
    assert [t["label"] for t in ada["templates"]] == ["copy"] * 4 + [""]
    before = door.gallery()
    (tmp_path / "6.jpg").write_bytes(obama.read_bytes() + b"6")
    again, _ = door.json("enroll", "Ada", "--add", tmp_path / "6.jpg")
    assert (again["people"][0]["kept"], again["people"][0]["dropped"]) == ([], [])
    assert again["people"][0]["left_out"] == [str(tmp_path / "6.jpg")]
    assert door.gallery() == before


def test_r1_10_a_gallery_that_became_too_large_is_named_by_every_command(for_two, obama, pictures):
    for_two("enroll", "Ada", obama)
    for_two("enroll", "Bea", pictures / "stranger_harris.jpg")
    folder = for_two.folder / "bundle"
    manifest = load_bundle(folder, UNCHECKED).manifest
    (level,) = manifest.levels
    smaller = replace(manifest, levels=(replace(level, steps=level.steps[:1]),))
    (folder / MANIFEST).write_bytes(to_bytes(smaller))
    for command in (("test", obama), ("config", "check"), ("run",)):
        done = for_two(*command)
        assert (done.returncode, done.stdout) == (81, ""), command
        assert "measured for 1 people" in done.stderr
        assert "remove people or photographs" in done.stderr
    assert for_two.json("model", "show")[0]["too_many_people"] is True
    assert for_two("remove", "Bea", "--yes").returncode == 0
    assert for_two("config", "check").returncode == 0


def test_a_tutorial_projects_folder_is_imported(door, obama, pictures):
    seed = door.folder / "application_data"
    (seed / "verification_images").mkdir(parents=True)
    (seed / "input_images").mkdir()
    shutil.copy(obama, seed / "verification_images/1.jpg")
    shutil.copy(pictures / "stranger_harris.jpg", seed / "input_images/input_image.jpg")
    unnamed = door("import", seed)
    assert (unnamed.returncode, "whose name is missing" in unnamed.stderr) == (2, True)
    assert door("import", seed, "--name", "Ada").returncode == 0
    people = door.json("list")[0]["people"]
    assert [(p["name"], p["usable_templates"]) for p in people] == [("Ada", 1)]


def test_a_folder_for_each_person_is_imported_and_pickles_are_not(door, obama):
    (door.folder / "people/Ada").mkdir(parents=True)
    shutil.copy(obama, door.folder / "people/Ada/1.jpg")
    (door.folder / "people/encodings.pickle").write_bytes(b"cos\nsystem\n(S'true'\ntR.")
    refused = door("import", door.folder / "people")
    assert (refused.returncode, "runs whatever is in it" in refused.stderr) == (65, True)
    assert door.json("list")[0]["people"] == []
    (door.folder / "people/encodings.pickle").unlink()
    assert door("import", door.folder / "people").returncode == 0
    assert door("import", door.folder / "nowhere").returncode == 66


def test_the_tutorials_thresholds_are_understood_and_not_used(door):
    door.configure(compat={"detection_threshold": 0.5, "verification_threshold": 0.5})
    done = door("config", "check")
    assert done.returncode == 0
    assert done.stderr.count("is not used") == 2
    door.configure(compat={"detection_threshold": 5})
    assert door("config", "check").returncode == 78


def test_an_enrolment_ends_with_what_a_press_would_meet(door, obama, pictures):
    alone = door("enroll", "Ada", obama).stdout
    assert "not tried against itself; nobody else is enrolled" in alone
    document, _ = door.json("enroll", "Bea", pictures / "stranger_harris.jpg")
    tried = document["people"][0]["tried"]
    assert tried["own"] is None
    assert tried["other"][0] == "Ada"
    assert tried["other"][1] > tried["limit"]
    both = door("enroll", "Ada", "--add", pictures / "obama_2.jpg").stdout
    assert "the photographs match each other at 0." in both
    assert "the nearest other person is Bea at " in both
    assert ": good" in both
