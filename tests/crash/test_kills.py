"""SIGKILL at any moment: what is stored is from before or after, and the counter never falls."""

from __future__ import annotations

import random
import signal
import subprocess
import sys

import pytest

from edge.store.events import EventStore
from edge.store.gallery import GalleryStore

KILLS = 12

ENROL_FOR_EVER = """
import sys
from pathlib import Path
from edge.store.gallery import GalleryStore, Person, Template
store = GalleryStore(Path(sys.argv[1]))
print("ready", flush=True)
while True:
    with store.change() as change:
        n = len(change.gallery.people)
        templates = tuple(Template(bytes([n % 256]) * 128, "m", str(i), "", "") for i in range(n))
        change.commit(change.gallery.with_person(Person(f"p-{n}", str(n), templates)))
    print(n + 1, flush=True)
"""

PRESS_FOR_EVER = """
import sys
from pathlib import Path
from edge.store.events import EventStore
store = EventStore(Path(sys.argv[1]))
print("ready", flush=True)
while True:
    store.count_press(1.0)
    failures = store.counter().failures
    print("counted", failures, flush=True)
    print("recorded", store.record({"failures": failures}, counter=None), flush=True)
"""


def killed_at_random(code, folder, repository, rng):
    """Run, kill after a random number of lines and a random moment more; its whole lines."""
    with subprocess.Popen(
        [sys.executable, "-c", code, str(folder)], cwd=repository, stdout=subprocess.PIPE, text=True
    ) as child:
        said = [child.stdout.readline().strip() for _ in range(rng.randrange(1, 8))]
        # Whole milliseconds after a line end in the middle of the next write.
        pause = subprocess.Popen(["sleep", f"{rng.uniform(0, 0.004):.6f}"])
        pause.wait()
        child.send_signal(signal.SIGKILL)
        # The last line may be torn as well: only what ends in a newline was said.
        said += child.stdout.read().split("\n")[:-1]
    return said


@pytest.fixture
def rng():
    return random.Random(20261125)


def test_a_gallery_is_the_one_before_or_the_one_after(tmp_path, repository, rng):
    for _ in range(KILLS):
        said = killed_at_random(ENROL_FOR_EVER, tmp_path / "state", repository, rng)
        told = [int(line) for line in said if line.isdigit()]
        people = GalleryStore(tmp_path / "state").load().people
        if told:
            assert len(people) - told[-1] in {0, 1}
        for n, one in enumerate(people):
            assert (one.name, len(one.templates)) == (str(n), n)


def test_the_counter_never_falls_and_the_chain_holds(tmp_path, repository, rng):
    for _ in range(KILLS):
        said = killed_at_random(PRESS_FOR_EVER, tmp_path / "state", repository, rng)
        counted = [int(line.split()[1]) for line in said if line.startswith("counted")]
        recorded = [int(line.split()[1]) for line in said if line.startswith("recorded")]
        with EventStore(tmp_path / "state") as store:
            assert store.counter().failures >= max(counted, default=0)
            assert store.verify() >= max(recorded, default=0)
