"""`onelook config show` and `config check`."""

from __future__ import annotations

import tomllib


def test_what_show_prints_is_a_configuration_that_can_be_read_again(door, tmp_path):
    door.configure(door={"pulse": "1500ms"})
    shown = door("config", "show").stdout
    again = tmp_path / "again.toml"
    again.write_text(shown)
    assert tomllib.loads(shown)["door"]["pulse"] == "1500ms"
    from edge.config import load_config

    first, second = load_config(door.config), load_config(again)
    assert (second.door, second.gates, second.paths) == (first.door, first.gates, first.paths)


def test_show_tells_where_each_value_comes_from(door):
    door.configure(door={"pulse": "1500ms"})
    document, code = door.json("config", "show")
    assert (code, document["schema"]) == (0, "onelook.config/1")
    assert document["settings"]["door"]["pulse"]["value"] == "1500ms"
    assert document["settings"]["door"]["pulse"]["origin"].startswith(f"{door.config}:")
    assert document["settings"]["lockout"]["free"] == {"value": 5, "origin": "default"}


def test_check_names_bundle_and_level(door):
    document, code = door.json("config", "check")
    assert code == 0
    assert document["level"] == "normal"
    assert document["bundle"].endswith("faces")


def test_check_tells_every_fault_at_once(door):
    door.configure(door={"pulse": 5}, button={"gap": "1h"}, cellar={"x": 1})
    done = door("config", "check")
    assert (done.returncode, done.stdout) == (78, "")
    for words in ("3 faults", "[door] pulse", "[button] gap", "[cellar]"):
        assert words in done.stderr


def test_a_missing_file_is_named_and_66(onelook, tmp_path):
    done = onelook("config", "show", "--config", tmp_path / "none.toml")
    assert (done.returncode, done.stdout) == (66, "")
    assert str(tmp_path / "none.toml") in done.stderr
