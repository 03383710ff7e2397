"""R4.2, R4.5: no changed bundle is taken, whichever bit it is. Minutes long: `make test-bundle`."""

from __future__ import annotations

import random
import shutil

import pytest

from edge.contract.bundle import MANIFEST, SIGNATURE, load_bundle, load_manifest
from edge.contract.errors import BundleError
from edge.contract.signing import Trust, read_key_list, read_owner
from edge.shipped import shipped
from edge.trusted import SHIPPED_BUNDLE

RANDOM_CHANGES = 10_000


@pytest.fixture(scope="module")
def trust():
    owner = read_owner(shipped("models", "owner.pub").read_bytes(), where="owner.pub")
    raw = shipped("models", "keys.json").read_bytes()
    return Trust(read_key_list(raw, owner, where="keys.json").keys)


@pytest.fixture
def bundle(tmp_path, trust):
    folder = shutil.copytree(shipped(*SHIPPED_BUNDLE), tmp_path / "bundle")
    load_bundle(folder, trust)
    return folder


@pytest.mark.parametrize("name", [MANIFEST, SIGNATURE])
def test_r4_2_every_single_bit_of_manifest_and_signature_counts(bundle, trust, name):
    path = bundle / name
    whole = path.read_bytes()
    for bit in range(8 * len(whole)):
        spoilt = bytearray(whole)
        spoilt[bit // 8] ^= 1 << bit % 8
        path.write_bytes(spoilt)
        with pytest.raises(BundleError):
            load_manifest(bundle, trust)
    path.write_bytes(whole)
    load_bundle(bundle, trust)


def test_r4_5_ten_thousand_random_changes_of_the_other_files_are_refused(bundle, trust):
    rng = random.Random(20261125)
    files = sorted(f for f in bundle.iterdir() if f.name not in {MANIFEST, SIGNATURE})
    wholes = {file: file.read_bytes() for file in files}
    for _ in range(RANDOM_CHANGES):
        file = rng.choice(files)
        whole = wholes[file]
        at, kind = rng.randrange(len(whole)), rng.randrange(3)
        if kind == 0:
            changed = whole[:at]
        else:
            spoilt = bytearray(whole)
            for place in (at, *(rng.randrange(len(whole)) for _ in range(kind - 1))):
                spoilt[place] ^= 1 << rng.randrange(8)
            changed = bytes(spoilt)
        if changed == whole:
            continue
        file.write_bytes(changed)
        with pytest.raises(BundleError):
            load_bundle(bundle, trust)
        file.write_bytes(whole)
    load_bundle(bundle, trust)
