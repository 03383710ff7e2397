"""What `convert` answers to what it cannot do: one error, its exit code, nothing written."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from convert.cli import main


def build(run, output, *more):
    return main(["build", str(run), "-o", str(output), *map(str, more)])


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ([], "required"),
        (["build"], "required"),
        (["build", "run", "-o", "x", "--target-fmr", "2"], "'2' is not a share between 0 and 1"),
        (["build", "run", "-o", "x", "--held-out-share", "nan"], "'nan' is not a share"),
        (["build", "run", "-o", "x", "--serial", "0"], "'0' is not a whole number"),
        (["build", "run", "-o", "x", "--name", "../x"], "'../x' is not a name"),
        (["build", "run", "-o", "x", "--calib", "y"], "unrecognized arguments: --calib"),
        (["signs"], "invalid choice"),
    ],
)
def test_a_wrong_option_is_named(arguments, says, capsys):
    assert main(arguments) == 2
    said = capsys.readouterr().err
    assert said.startswith("convert: ")
    assert says in said
    assert "--help" in said


def test_version_says_which_program_answers(capsys, monkeypatch, tmp_path):
    program = tmp_path / "convert"
    program.touch()
    monkeypatch.setattr(sys, "argv", [str(program)])
    with pytest.raises(SystemExit, match="0"):
        main(["--version"])
    said = capsys.readouterr().out
    assert said.startswith("onelook convert ")
    assert str(program) in said


def test_a_run_that_is_not_there(tmp_path, capsys):
    assert build(tmp_path / "nowhere", tmp_path / "new") == 66
    assert "nowhere: no trained network there" in capsys.readouterr().err


@pytest.mark.parametrize("damage", [lambda _: b"no network", lambda data: data[: len(data) // 2]])
def test_a_damaged_network(run_folder, tmp_path, capsys, damage):
    (tmp_path / "siamese.keras").write_bytes(damage((run_folder / "siamese.keras").read_bytes()))
    assert build(tmp_path, tmp_path / "new") == 65
    assert "not a Keras network that can be read" in capsys.readouterr().err


def test_a_damaged_config(run_folder, tmp_path, capsys):
    (tmp_path / "siamese.keras").write_bytes((run_folder / "siamese.keras").read_bytes())
    (tmp_path / "config.json").write_text("[1")
    assert build(tmp_path, tmp_path / "new") == 65
    assert "config.json: not the config of a run" in capsys.readouterr().err


def test_a_network_without_a_run_needs_people(run_folder, tmp_path, capsys):
    (tmp_path / "siamese.keras").write_bytes((run_folder / "siamese.keras").read_bytes())
    assert build(tmp_path / "siamese.keras", tmp_path / "new") == 2
    assert "--people is missing" in capsys.readouterr().err


def test_a_rate_that_the_people_cannot_show_is_refused_before_the_long_work(
    run_folder, others_tar, tmp_path, capsys
):
    more = "--people", others_tar, "--target-fmr", "1e-5"
    assert build(run_folder, tmp_path / "new", *more) == 65
    said = capsys.readouterr().err
    assert "people cannot show an FMR of 1e-05, at best 0." in said
    assert "rule of three" in said
    assert "converting" not in said
    assert not (tmp_path / "new").exists()


def test_people_who_were_trained_on_are_not_measured_on(run_folder, tmp_path, capsys):
    assert build(run_folder, tmp_path / "new", "--held-out-share", "0.6") == 2
    assert "of the people to measure on were trained on" in capsys.readouterr().err


def test_what_stands_at_the_target_is_not_overwritten(run_folder, tmp_path, capsys):
    (tmp_path / "letters").mkdir()
    (tmp_path / "letters" / "dear.txt").write_text("Ada")
    assert build(run_folder, tmp_path / "letters", "--force") == 73
    assert "exists and is not a bundle" in capsys.readouterr().err
    (tmp_path / "bundle").mkdir()
    (tmp_path / "bundle" / "manifest.json").write_text("{}")
    assert build(run_folder, tmp_path / "bundle") == 73
    assert "add --force" in capsys.readouterr().err


def test_a_card_or_a_report_that_cannot_be(run_folder, tmp_path, capsys):
    assert build(run_folder, tmp_path / "new", "--card", tmp_path / "card.md") == 66
    assert "check the path given with --card" in capsys.readouterr().err
    (tmp_path / "file").touch()
    assert build(run_folder, tmp_path / "new", "--report", tmp_path / "file") == 73
    assert "--report" in capsys.readouterr().err


@pytest.mark.parametrize("command", ["inspect", "verify"])
def test_no_bundle_is_one_error_and_with_json_one_document(command, tmp_path, capsys):
    assert main([command, str(tmp_path)]) == 66
    assert "no bundle there" in capsys.readouterr().err
    assert main([command, str(tmp_path), "--json"]) == 66
    said = capsys.readouterr()
    assert not said.err
    document = json.loads(said.out)
    assert (document["ok"], document["code"], document["exit"]) == (False, "missing", 66)
    assert document["remedy"]


def test_a_door_without_tensorflow_is_told_what_to_install(tmp_path, repository):
    """In a process of its own, in which tensorflow cannot be found."""
    (tmp_path / "siamese.keras").touch()
    code = (
        "import sys; sys.modules['keras'] = None; from convert.cli import main; "
        f"sys.exit(main(['build', {str(tmp_path)!r}, '-o', {str(tmp_path / 'new')!r}]))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=repository, capture_output=True, text=True, check=False
    )
    assert done.returncode == 84, done.stderr
    assert "keras is not installed here" in done.stderr
    assert "onelook[train]" in done.stderr
