"""`onelook list` and `onelook remove`."""

from __future__ import annotations

import pytest


@pytest.fixture
def enrolled(door, obama):
    """A door with Ada enrolled."""
    assert door("enroll", "Ada", obama).returncode == 0
    return door


def test_an_empty_gallery_says_how_to_fill_it(door):
    done = door("list")
    assert (done.returncode, done.stderr) == (0, "")
    assert "onelook enroll NAME PHOTO" in done.stdout


def test_list_shows_everybody_and_warns_of_one_template(door, obama, pictures):
    door("enroll", "Ada", obama, pictures / "obama_2.jpg")
    door("enroll", "Bea", pictures / "stranger_harris.jpg")
    text = door("list").stdout
    assert "Ada\t2 templates" in text
    assert "Bea\t1 template\t" in text
    assert text.count("1 template: expect more refusals; add another with --add") == 1
    document, code = door.json("list")
    assert (code, document["schema"]) == (0, "onelook.list/1")
    assert [(p["name"], p["usable_templates"]) for p in document["people"]] == [
        ("Ada", 2),
        ("Bea", 1),
    ]


def test_remove_asks_and_without_a_terminal_names_the_option(door, obama):
    door("enroll", "Ada", obama)
    before = door.gallery()
    done = door("remove", "Ada")
    assert (done.returncode, done.stdout) == (2, "")
    assert "onelook remove 'Ada' --yes" in done.stderr
    assert door.gallery() == before


def test_remove_takes_one_person_away(door, obama, pictures):
    door("enroll", "Ada", obama)
    door("enroll", "Bea", pictures / "stranger_harris.jpg")
    done = door("remove", "ada", "--yes")
    assert done.returncode == 0
    assert done.stdout.startswith("removed Ada and 1 template\n")
    assert [p["name"] for p in door.json("list")[0]["people"]] == ["Bea"]


def test_the_step_of_the_threshold_table_is_told_whoever_comes_or_goes(door, obama, pictures):
    rate = "a stranger's press opens in 0.1"
    alone = door("enroll", "Ada", obama).stdout
    assert "the step of the threshold table stays as it was" in alone
    assert "level normal: threshold 0.01462, for galleries of up to 1 person" in alone
    assert rate in alone
    both, _ = door.json("enroll", "Bea", pictures / "stranger_harris.jpg")
    assert (both["gallery"]["people"], both["gallery"]["changed"]) == (2, True)
    assert both["gallery"]["threshold"] < both["gallery"]["threshold_before"]
    far = both["gallery"]["far"]
    assert far["value"] == far["errors"] / far["trials"] < far["upper"]
    listed = door.json("list")[0]["gallery"]
    assert listed.items() <= both["gallery"].items()
    assert "for galleries of up to 2 people" in door("list").stdout
    removed = door("remove", "Bea", "--yes").stdout
    assert "that for 1 person (0.00825 before): fewer templates" in removed
    assert rate in removed


def test_remove_of_nobody_names_the_nearest(door, obama):
    door("enroll", "Ada", obama)
    done = door("remove", "Adda", "--yes")
    assert (done.returncode, done.stdout) == (66, "")
    assert "Did you mean 'Ada'?" in done.stderr


def test_remove_with_json_is_one_document(door, obama):
    door("enroll", "Ada", obama)
    document, code = door.json("remove", "Ada", "--yes")
    assert code == 0
    assert (document["schema"], document["name"], document["templates"]) == (
        "onelook.remove/1",
        "Ada",
        1,
    )


def test_a_person_is_switched_off_given_hours_and_a_last_day_and_renamed(enrolled):
    told = enrolled("edit", "Ada", "--hours", "Mo-Fr 07:00-19:00", "--until", "2026-12-31")
    assert told.stdout == "Ada: until 2026-12-31, Mo-Fr 07:00-19:00\n"
    assert "until 2026-12-31, Mo-Fr 07:00-19:00" in enrolled("list").stdout
    assert enrolled("edit", "Ada", "--disable", "--rename", "Ada Lovelace").returncode == 0
    (ada,) = [p for p in enrolled.json("list")[0]["people"] if p["name"] == "Ada Lovelace"]
    assert (ada["disabled"], ada["until"]) == (True, "2026-12-31")
    done = enrolled("edit", "ada lovelace", "--enable", "--hours", "always", "--until", "always")
    assert done.stdout == "Ada Lovelace: in at any time\n"
    words = [event["reason"] for event in enrolled.json("events")[0]["events"]]
    assert words.count("edited") == 3


@pytest.mark.parametrize(
    ("options", "code", "said"),
    [
        ([], 2, "nothing to change"),
        (["--hours", "all day"], 2, "write it as"),
        (["--until", "tomorrow"], 2, "2026-12-31"),
        (["--rename", " "], 2, "no name"),
        (["--disable", "--enable"], 2, "not allowed with"),
    ],
)
def test_an_edit_that_makes_no_sense_changes_nothing(enrolled, options, code, said):
    before = enrolled.gallery()
    done = enrolled("edit", "Ada", *options)
    assert (done.returncode, said in done.stderr) == (code, True)
    assert enrolled.gallery() == before


def test_nobody_of_that_name_is_edited(enrolled):
    assert enrolled("edit", "Nobody", "--disable").returncode == 66
