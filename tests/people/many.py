"""Ten thousand people, and every command still works: `make test-many`, which prints a table.

People with random embeddings of the shipped network, five each, in a bundle whose steps are made to
reach that far (the shipped one stops at what was measured). No time is asserted.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from shutil import copytree

import numpy as np
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from edge.contract.bundle import MANIFEST, SIGNATURE, load_bundle
from edge.contract.manifest import to_bytes
from edge.contract.signing import (
    UNCHECKED,
    make_key_list,
    owner_text,
    public_bytes,
    sign_manifest,
)
from edge.door.people import People
from edge.shipped import shipped
from edge.store.events import EventStore
from edge.store.gallery import GalleryStore
from edge.store.people import Gallery, Person, Template

SIZES = (1, 100, 10_000)
EACH = 5  # templates
MOST = 2 * SIZES[-1]
OWNER, KEY = (Ed25519PrivateKey.from_private_bytes(bytes([n] * 32)) for n in (1, 2))
REPOSITORY = Path(__file__).resolve().parents[2]
ADA = REPOSITORY / "application_data" / "verification_images" / "obama_1.jpg"
PROBES = 50


@pytest.fixture(scope="module")
def bundle(tmp_path_factory):
    """The shipped one, as if it had been measured for so many."""
    folder = copytree(shipped("models", "faces"), tmp_path_factory.mktemp("bundle") / "faces")
    manifest = load_bundle(folder, UNCHECKED).manifest
    levels = tuple(
        replace(level, steps=(*level.steps, replace(level.steps[-1], people=MOST)))
        for level in manifest.levels
    )
    raw = to_bytes(replace(manifest, levels=levels))
    (folder / MANIFEST).write_bytes(raw)
    (folder / SIGNATURE).write_bytes(sign_manifest(raw, KEY))
    (folder.parent / "owner.pub").write_bytes(owner_text(public_bytes(OWNER)))
    keys = make_key_list(1, [public_bytes(KEY)], OWNER)
    (folder.parent / "keys.json").write_bytes(keys)
    return folder


@pytest.fixture(scope="module")
def manifest(bundle):
    return load_bundle(bundle, UNCHECKED).manifest


@pytest.fixture(scope="module")
def times():
    """Size -> what was done -> seconds; printed at the end."""
    found: dict[int, dict[str, float]] = {}
    yield found
    told = ["", f"{'seconds, people:':34s}" + "".join(f"{size:>10,}" for size in found)]
    told += [
        f"{what:34s}" + "".join(f"{done[what]:10.4f}" for done in found.values())
        for what in next(iter(found.values()))
    ]
    sys.stdout.write("\n".join(told) + "\n")


class House:
    """A door with so many people, and `onelook` run on it."""

    def __init__(self, folder: Path, bundle: Path, times: dict[str, float]) -> None:
        self.state, self.times = folder / "state", times
        self._config = folder / "onelook.toml"
        trust = {name: str(bundle.parent / file) for name, file in _TRUST.items()}
        self._config.write_text(
            f'[paths]\nstate_dir = "{self.state}"\n[recognition]\nbundle = "{bundle}"\n'
            f'[trust]\nowner = "{trust["owner"]}"\nkeys = "{trust["keys"]}"\n'
        )

    def timed(self, what: str, do: Callable):
        began = time.perf_counter()
        done = do()
        self.times[what] = time.perf_counter() - began
        return done

    def __call__(self, *arguments):
        """`onelook ARGUMENTS --json`: its document."""
        words = [*map(str, arguments), "--config", str(self._config), "--json"]

        def run():
            command = [sys.executable, "-m", "edge", *words]
            return subprocess.run(command, cwd=REPOSITORY, capture_output=True, check=False)

        done = self.timed(f"onelook {arguments[0]}", run)
        assert done.returncode == 0, done.stdout + done.stderr
        return json.loads(done.stdout)


_TRUST = {"owner": "owner.pub", "keys": "keys.json"}


def crowd(size, manifest):
    """People who look like nobody."""
    made = np.random.default_rng(size).integers(-127, 128, (size, EACH, manifest.dimensions))
    return Gallery(
        tuple(
            Person(
                f"p-{number:06x}",
                f"Person {number}",
                tuple(
                    Template(e.tobytes(), manifest.model, f"{number:08x}{i:04x}", "2026-11-27", "")
                    for i, e in enumerate(embeddings)
                ),
            )
            for number, embeddings in enumerate(made.astype(np.int8))
        )
    )


@pytest.fixture(params=SIZES)
def house(request, tmp_path, bundle, manifest, times):
    """It with its people enrolled."""
    house = House(tmp_path, bundle, times.setdefault(request.param, {}))
    house.people = crowd(request.param, manifest).people
    with GalleryStore(house.state).change() as change:
        house.timed("one commit", lambda: change.commit(Gallery(house.people)))
    return house


def test_every_command_works_and_everybody_is_known(house, manifest):
    house.timed("gallery read", GalleryStore(house.state).load)
    level = manifest.level("normal")
    with EventStore(house.state) as events:
        door = house.timed(
            "gallery read by the door", lambda: People(house.state, events, manifest, level)
        )
    chance = np.random.default_rng(7)
    probes = [house.people[n] for n in chance.integers(len(house.people), size=PROBES)]
    nearest = house.timed(
        f"{PROBES} frames matched",
        lambda: [door.matcher.nearest(person.templates[2].embedding) for person in probes],
    )
    assert [found.person for found in nearest] == [person.id for person in probes]

    added = house("enroll", "Ada", ADA)["people"][0]
    assert [p["name"] for p in house("list")["people"]] == [
        *(person.name for person in house.people),
        "Ada",
    ]
    assert house("test", ADA)["presses"][0]["person"]["id"] == added["id"]
    last = house.people[-1]
    edited = house("edit", last.name, "--disable")["person"]
    assert (edited["id"], edited["disabled"]) == (last.id, True)
    removed = house("remove", last.name, "--yes")
    assert (removed["id"], removed["new_key"]) == (last.id, True)
    left = GalleryStore(house.state).load().people
    assert left[:-1] == house.people[:-1]
    assert left[-1].id == added["id"]
