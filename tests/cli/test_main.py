"""The rules that every command follows: where output goes, which options exist, how errors look."""

from __future__ import annotations

import json

import pytest

COMMANDS = [
    *("run", "eye", "demo", "enroll", "list", "remove", "test", "recognise"),
    *("model", "config", "version"),
]


def test_help_shows_every_command_and_an_example(onelook):
    done = onelook("--help")
    assert done.returncode == 0
    for command in COMMANDS:
        assert f"\n    {command} " in done.stdout
    assert "onelook enroll Ada ada.jpg" in done.stdout
    assert "A printed photograph may open" in done.stdout


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_an_example_of_itself(onelook, command):
    done = onelook(command, "--help")
    assert done.returncode == 0
    example = done.stdout.partition("example:")[2]
    assert f"onelook {command}" in example


def test_hidden_options_stay_hidden(onelook):
    shown = onelook("run", "--help").stdout + onelook("eye", "--help").stdout
    assert "--wires" not in shown
    assert "--with-parent" not in shown


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("unlock-everything",),
        ("list", "--js"),
        ("list", "--frobnicate"),
        ("remove",),
        ("remove", "Ada", "--ye"),
        ("config",),
        ("enroll",),
        ("enroll", "Ada"),
        ("test",),
        ("demo", "--webcam", "first"),
        ("demo", "--webcam", "0", "--images", "photos"),
    ],
)
def test_a_wrong_command_line_is_one_message_on_stderr_and_2(onelook, arguments):
    done = onelook(*arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("onelook: ")
    assert 2 <= len(done.stderr.splitlines()) <= 3
    assert "Traceback" not in done.stderr


def test_a_wrong_command_line_with_json_is_one_document(onelook):
    done = onelook("list", "--frobnicate", "--json")
    document = json.loads(done.stdout)
    assert done.stderr == ""
    assert document["schema"] == "onelook.error/1"
    assert (document["ok"], document["code"], document["exit"]) == (False, "usage", 2)
    assert done.returncode == 2
    assert document["remedy"]


def test_common_options_stand_before_or_after_the_command(onelook, tmp_path):
    missing = tmp_path / "nowhere.toml"
    for arguments in (["--config", missing, "list"], ["list", "--config", missing]):
        done = onelook(*arguments)
        assert done.returncode != 0
        assert str(missing) in done.stderr


def test_a_reader_that_goes_away_is_no_fault(door, repository):
    import subprocess
    import sys

    command = f"{sys.executable} -m edge config show --config {door.config} | true"
    done = subprocess.run(
        ["bash", "-c", command], cwd=repository, capture_output=True, text=True, check=False
    )
    assert done.stderr == ""


def test_what_nobody_foresaw_is_one_message_and_70(capsys, monkeypatch):
    from edge.cli import main, version

    monkeypatch.setattr(version, "_version", lambda _args: 1 // 0)
    assert main.main(["version"]) == 70
    said = capsys.readouterr()
    assert said.out == ""
    assert "ZeroDivisionError" in said.err
    assert "Traceback" not in said.err


def test_an_unforeseen_fault_shows_its_traceback_on_request(capsys, monkeypatch):
    from edge.cli import main, version

    monkeypatch.setattr(version, "_version", lambda _args: 1 // 0)
    assert main.main(["version", "--verbose"]) == 70
    assert "Traceback" in capsys.readouterr().err
