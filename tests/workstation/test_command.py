"""`python -m train` as a person uses it: a real process, stopped with Ctrl-C and gone on with."""

from __future__ import annotations

import csv
import json
import signal
import subprocess
import sys
import time

import keras
import numpy as np
import pytest

from train.cli import main
from train.runs import load_run

LIMIT_S = 300  # of one process on a busy machine
EPOCHS = 8


def command(run, people_tar):
    return [
        *(sys.executable, "-m", "train", "fit", "--data", str(people_tar), "--out", str(run)),
        *("--preset", "koch2015", "--input-size", "65", "--epochs", str(EPOCHS), "--steps", "4"),
        *("--batch", "8", "--held-out-share", "0.25"),
    ]


@pytest.fixture(scope="module")
def stopped(people_tar, repository, tmp_path_factory):
    """A run that Ctrl-C met after its first epoch: (folder, exit code, what it said)."""
    run = tmp_path_factory.mktemp("runs") / "koch"
    # A session of its own, so that nothing but this process gets the signal.
    process = subprocess.Popen(
        command(run, people_tar),
        cwd=repository,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    until = time.monotonic() + LIMIT_S
    while not epochs(run) and process.poll() is None and time.monotonic() < until:
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=LIMIT_S)
    return run, process.returncode, said


def epochs(run):
    """The epochs in the run's history, as far as they are written."""
    file = run / "history-fit.csv"
    if not file.exists():
        return []
    return [int(row["epoch"]) for row in csv.DictReader(file.read_text().splitlines())]


def test_ctrl_c_leaves_a_network_and_says_how_to_go_on(stopped):
    run, code, said = stopped
    assert code == 130, said
    assert "--resume" in said
    assert "Traceback" not in said
    assert len(epochs(run)) < EPOCHS
    siamese, config = load_run(run)
    assert config["epochs"] == EPOCHS
    pair = np.zeros((1, 65, 65, 1), np.float32)
    assert 0 <= float(keras.ops.convert_to_numpy(siamese([pair, pair]))[0, 0]) <= 1


def test_the_same_command_with_resume_goes_on_to_the_report(stopped, people_tar, repository):
    run, _, _ = stopped
    done = subprocess.run(
        [*command(run, people_tar), "--resume"],
        cwd=repository,
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert epochs(run) == list(range(EPOCHS))
    assert not list((run / "checkpoint").rglob("*.h5"))
    assert "11 people who were not trained on" in done.stdout
    assert json.loads((run / "results.json").read_text())["n_people"] == 11
    assert (run / "report.html").is_file()


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (["fit", "--out", "x"], 2, "--data"),
        (["fit", "--data", "nowhere.tar", "--out", "{run}"], 66, "nowhere.tar: not there"),
        (["evaluate", "--model", "{run}"], 66, "no network there"),
    ],
)
def test_what_cannot_be_is_one_error(arguments, code, says, tmp_path, capsys):
    run = tmp_path / "run"
    assert main([a.replace("{run}", str(run)) for a in arguments]) == code
    said = capsys.readouterr().err
    assert said.startswith("train: ")
    assert says in said
    assert not run.exists()


def test_a_run_is_measured_again_on_the_people_it_held_out(run_folder, capsys):
    assert main(["evaluate", "--model", str(run_folder), "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["n_people"] == 11
    assert document["auc"] > 0.9
