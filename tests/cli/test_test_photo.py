"""`onelook test`: the door's own decision on photographs, without a door."""

from __future__ import annotations

import pytest


@pytest.fixture
def with_ada(door, obama):
    assert door("enroll", "Ada", obama).returncode == 0
    return door


def test_another_photograph_of_an_enrolled_person_is_granted(with_ada, pictures):
    done = with_ada("test", pictures / "obama_2.jpg")
    assert (done.returncode, done.stderr) == (0, "")
    assert "granted" in done.stdout
    assert "Ada" in done.stdout


@pytest.mark.parametrize(
    ("picture", "reason"),
    [
        ("stranger_harris.jpg", "not_recognised"),
        ("biden_3.jpg", "not_recognised"),
        ("group_1.jpg", "two_faces"),
        ("noface_rocket.jpg", "no_face"),
    ],
)
def test_everything_else_is_refused_with_its_reason_and_1(with_ada, pictures, picture, reason):
    done = with_ada("test", pictures / picture)
    assert done.returncode == 1
    assert reason in done.stdout
    assert "granted" not in done.stdout


def test_several_photographs_are_as_many_presses_and_one_refusal_is_1(with_ada, pictures):
    document, code = with_ada.json("test", pictures / "obama_2.jpg", pictures / "noface_coffee.jpg")
    assert (document["schema"], document["ok"], code) == ("onelook.test/1", False, 1)
    assert [p["reason"] for p in document["presses"]] == ["granted", "no_face"]
    granted, refused = document["presses"]
    assert granted["distance"] < granted["threshold"]
    assert granted["person"]["name"] == "Ada"
    assert refused["distance"] is None


def test_an_empty_gallery_grants_nobody(door, pictures):
    done = door("test", pictures / "obama_2.jpg")
    assert done.returncode == 1
    assert "empty_gallery" in done.stdout


def test_a_test_changes_nothing_and_touches_no_pin(with_ada, pictures):
    before = {p: p.read_bytes() for p in with_ada.state.rglob("*") if p.is_file()}
    # A pin factory that does not exist: touching a pin would be an error.
    done = with_ada("test", pictures / "obama_2.jpg", GPIOZERO_PIN_FACTORY="nonesuch")
    assert done.returncode == 0
    assert {p: p.read_bytes() for p in with_ada.state.rglob("*") if p.is_file()} == before


def test_the_strict_level_has_its_own_threshold(with_ada, pictures):
    normal, _ = with_ada.json("test", pictures / "obama_2.jpg")
    with_ada.configure(recognition={"level": "strict"})
    strict, _ = with_ada.json("test", pictures / "obama_2.jpg")
    assert strict["presses"][0]["threshold"] < normal["presses"][0]["threshold"]
    assert strict["presses"][0]["distance"] == normal["presses"][0]["distance"]
