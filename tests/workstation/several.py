"""Training by several processes, killed and not, and from ten times the pictures.

`make test-workers`. SHARDS= names a folder of tars of faces; without it people are drawn. What it
prints belongs into docs/experiments.md.
"""

from __future__ import annotations

import csv
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from edge.contract.tasks import FACES
from tests.workstation.drawn import draw_people, pack
from train.checkpoint import newest
from train.command import MOST_MEASURED
from train.data import open_sharded, split_people
from train.models import PRESETS

pytest.importorskip("jax", reason="jax is not installed: pip install 'onelook[workers]'")

EPOCHS, STEPS, BATCH = 4, 40, 48
SHAPE, SHARE = PRESETS["glyph"].input_shape, 0.15
WHAT = [
    *("--preset", "glyph", "--batch", str(BATCH), "--held-out-share", str(SHARE)),
    *("--steps", str(STEPS), "--epochs", str(EPOCHS)),
]


@pytest.fixture(scope="module")
def shards(tmp_path_factory):
    if given := os.environ.get("SHARDS"):
        return Path(given)
    out = tmp_path_factory.mktemp("shards")
    for number in range(4):
        drawn = draw_people(100, 8, seed=number)
        pack({f"{number}_{name}": some for name, some in drawn.items()}, out / f"{number}.tar")
    return out


def start(shards, out, *more, seed=1, flags=""):
    """`python -m train fit`, begun. flags: XLA_FLAGS."""
    command = [sys.executable, "-m", "train", "fit", "--data", str(shards), "--out", str(out)]
    log = out.with_suffix(".log").open("w")
    with log:
        return subprocess.Popen(
            [*command, *WHAT, "--seed", str(seed), *more],
            stdout=log,
            stderr=log,
            env=os.environ | {"KERAS_BACKEND": "jax", "XLA_FLAGS": flags},
        )


def losses(out):
    with (out / "history-fit.csv").open() as file:
        return np.array([float(row["loss"]) for row in csv.DictReader(file)])


@pytest.fixture(scope="module")
def curves(shards, tmp_path_factory):
    """(epochs,) losses of one process, of it summing otherwise, by another seed, and of two."""
    folder = tmp_path_factory.mktemp("curves")
    other_sums = "--xla_cpu_prefer_vector_width=128"
    runs = (("one", 1, 1, ""), ("sums", 1, 1, other_sums), ("seed", 1, 2, ""), ("two", 2, 1, ""))
    found = {}
    for name, workers, seed, flags in runs:
        out, began = folder / name, time.monotonic()
        assert start(shards, out, "--workers", str(workers), seed=seed, flags=flags).wait() == 0
        found[name] = losses(out)
        shown = " ".join(f"{loss:.4f}" for loss in found[name])
        sys.stdout.write(f"\n{name:>6}: {shown}   {time.monotonic() - began:.0f} s")
    return found


def test_several_processes_learn_as_one_does(curves):
    """As far off as one process is from itself when only the order of its sums is another."""
    one = curves["one"]
    sums, seed, two = (np.abs(curves[name] - one).mean() for name in ("sums", "seed", "two"))
    sys.stdout.write(f"\noff an epoch: two {two:.5f}, other sums {sums:.5f}, seed {seed:.5f}")
    assert two < 3 * sums
    assert two < seed / 3
    assert one[-1] < one[0]


@pytest.mark.parametrize("victim", [0, 1])
def test_a_killed_worker_costs_what_came_after_the_last_checkpoint(
    curves, shards, tmp_path, victim
):
    out = tmp_path / "killed"
    running = start(shards, out, "--workers", "2")
    while (newest(out / "checkpoint" / "fit") or ((0, 0),))[0] < (2, 0):
        assert running.poll() is None, out.with_suffix(".log").read_text()[-3000:]
        time.sleep(0.1)
    place = newest(out / "checkpoint" / "fit")[0]
    os.kill(_worker(victim), signal.SIGKILL)
    assert running.wait() == 0
    log = out.with_suffix(".log").read_text()
    assert "going on from the last checkpoint" in log
    assert "Traceback" not in log
    again = int(re.search(rf"Epoch (\d+)/{EPOCHS}", log.partition("last checkpoint")[2])[1])
    assert again > place[0]  # counted from 1, so the epoch after the checkpoint, or a later one
    off = np.abs(losses(out)[-1] - curves["two"][-1])
    sys.stdout.write(
        f"\nworker {victim} killed after {place[0]} epochs: last loss off by {off:.4f}"
    )
    assert off < 0.05 * curves["two"][-1]


def _worker(number):
    """The process that was started as this worker."""
    said = f"ONELOOK_WORKER={number}/2@".encode()
    for folder in Path("/proc").iterdir():
        try:
            if folder.name.isdecimal() and said in (folder / "environ").read_bytes():
                return int(folder.name)
        except OSError:
            continue
    raise AssertionError(f"no worker {number}")


def test_ten_times_the_pictures_need_no_more_memory(shards, tmp_path):
    """The same tars ten times by other names: ten times the pictures of the same people.

    Of so many that even the fewer fill the sample on which a finished run is measured.
    """
    held_out = split_people(open_sharded([shards], task=FACES, shape=SHAPE), SHARE)[1]
    enough = -(-MOST_MEASURED // len(held_out))
    peaks = {}
    for times in (enough, 10 * enough):
        folder = tmp_path / str(times)
        folder.mkdir()
        for tar in shards.glob("*.tar"):
            for number in range(times):
                (folder / f"{tar.stem}-{number}.tar").symlink_to(tar.resolve())
        running = start(folder, tmp_path / f"run{times}")
        _, status, usage = os.wait4(running.pid, 0)
        running.returncode = os.waitstatus_to_exitcode(status)
        assert running.returncode == 0, (tmp_path / f"run{times}.log").read_text()[-3000:]
        peaks[times] = usage.ru_maxrss / 1000
    once, ten_times = peaks.values()
    sys.stdout.write(f"\npeak RSS: {once:.0f} MB, with ten times the pictures {ten_times:.0f}")
    assert ten_times < 1.05 * once
