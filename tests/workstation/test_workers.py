"""Worker processes are planned, watched and started again; what they learn is in workers.py."""

from __future__ import annotations

import sys
import textwrap
import time

import pytest

from edge.contract.errors import UsageError
from train import workers
from train.workers import Plan, plan, work


def test_a_number_means_this_machine_and_addresses_mean_several():
    assert plan("3", None) == Plan(3, (0, 1, 2))
    assert plan("10.0.0.1:7788,10.0.0.2", 1) == Plan(2, (1,), "10.0.0.1:7788")
    assert plan("door.lan:7788,b", 0).chief
    assert not plan("door.lan:7788,b", 1).chief


@pytest.mark.parametrize(
    ("given", "worker", "said"),
    [
        ("0", None, "that many on this machine"),
        ("2", 1, "that many on this machine"),
        ("a,b", 0, "the first needs a port"),
        ("a:b,c", 0, "the first needs a port"),
        ("a:1,", 0, "the first needs a port"),
        ("a:1,b", None, "which of these 2"),
        ("a:1,b", 2, "which of these 2"),
    ],
)
def test_what_contradicts_itself_is_refused(given, worker, said):
    with pytest.raises(UsageError, match=said):
        plan(given, worker)


@pytest.fixture
def played(tmp_path, monkeypatch):
    """`played(code)`: work() on two workers that run this code; (exit code, what was said)."""
    monkeypatch.setattr(workers, "_PAUSE_S", 0.0)

    def play(code):
        script = tmp_path / "worker.py"
        script.write_text(
            "import os, sys, time\n"
            "from pathlib import Path\n"
            "number, of = os.environ['ONELOOK_WORKER'].partition('@')[0].split('/')\n"
            f"here = Path({str(tmp_path)!r})\n" + textwrap.dedent(code)
        )
        said = []
        return work(plan("2", None), [sys.executable, str(script)], said.append), said

    return play


def test_all_end_well(played, tmp_path):
    assert played("(here / number).touch()") == (0, [])
    assert (tmp_path / "0").exists()
    assert (tmp_path / "1").exists()


def test_one_that_is_killed_ends_the_others_and_all_begin_again(played, tmp_path):
    code, said = played("""
        with (here / f"began-{number}").open("a") as file:
            file.write("x")
        if number == "1" and not (here / "killed").exists():
            (here / "killed").touch()
            while not (here / "began-0").exists():
                time.sleep(0.01)
            os.kill(os.getpid(), 9)
        if len((here / f"began-{number}").read_text()) < 2:
            time.sleep(1000)  # waits for the other, as in a step
    """)
    assert code == 0
    assert said == ["worker 1 was ended by SIGKILL; going on from the last checkpoint"]
    assert (tmp_path / "began-0").read_text() == "xx"


def test_what_a_worker_says_itself_is_not_tried_again(played, tmp_path):
    code, said = played("""
        (here / number).open("a").write("x")
        if number == "0":
            sys.exit(65)
        time.sleep(1000)
    """)
    assert (code, said) == (65, [])
    assert (tmp_path / "0").read_text() == "x"


def test_it_does_not_try_for_ever(played):
    code, said = played("sys.exit(1)")
    assert code == 1
    assert len(said) == 5
    assert said[-1].endswith("5 times in a row: no further try, --resume goes on")


def test_workers_end_with_whoever_started_them(tmp_path):
    """Killed, it can end nobody: their standard input does."""
    import subprocess

    from train.together import Part

    child = (
        "import threading, time, train.together as t;"
        "threading.Thread(target=t._end_with_parent, daemon=True).start();"
        "print('up', flush=True); time.sleep(60)"
    )
    parent = (
        "import sys, time\n"
        "from train.workers import _start\nfrom train.together import Part\n"
        f"process = _start(Part(0, 2, 'here:1'), [sys.executable, '-c', {child!r}])\n"
        "print(process.pid, flush=True); time.sleep(60)"
    )
    assert Part(1, 2, "here:1").environment()["ONELOOK_WORKER"] == "1/2@here:1"
    started = subprocess.Popen(
        [sys.executable, "-c", parent], stdout=subprocess.PIPE, text=True, cwd=tmp_path
    )
    lines = {started.stdout.readline().strip() for _ in range(2)}
    pid = int((lines - {"up"}).pop())
    started.kill()
    with started:
        assert started.stdout.read() == ""  # the child holds it open until it ends, too
    deadline = time.monotonic() + 30
    while _runs(pid):
        assert time.monotonic() < deadline
        time.sleep(0.05)


def _runs(pid):
    from pathlib import Path

    try:
        return Path(f"/proc/{pid}/stat").read_text().split()[2] != "Z"
    except FileNotFoundError:
        return False
