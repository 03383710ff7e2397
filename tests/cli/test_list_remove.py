"""`onelook list` and `onelook remove`."""

from __future__ import annotations


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
    assert (done.returncode, done.stdout) == (0, "removed Ada and 1 template\n")
    assert [p["name"] for p in door.json("list")[0]["people"]] == ["Bea"]


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
