"""`onelook model`: a network comes in only if it is signed, newer, and answers as promised."""

from __future__ import annotations

import hashlib
import os
import pty
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from edge.contract.bundle import EMBEDDING, MANIFEST, SELFTEST, SIGNATURE, load_bundle, model_id
from edge.contract.manifest import File, to_bytes
from edge.contract.signing import (
    UNCHECKED,
    key_id,
    make_key_list,
    owner_text,
    public_bytes,
    sign_manifest,
)
from edge.shipped import shipped
from edge.store.accepted import BUNDLE, accept
from edge.store.events import EventStore

SHIPPED = shipped("models", "faces")
OWNER, KEY, OTHER = (Ed25519PrivateKey.from_private_bytes(bytes([n] * 32)) for n in (1, 2, 3))


@pytest.fixture
def own(door):
    """A door whose owner is the test's, with a list of one key."""
    (door.folder / "owner.pub").write_bytes(owner_text(public_bytes(OWNER)))
    door.configure(paths={"models_dir": str(door.folder / "models")}, trust={"owner": "owner.pub"})
    trust_list(door, 1, KEY)
    return door


def trust_list(door, serial, *keys):
    file = door.folder / "list.json"
    file.write_bytes(make_key_list(serial, [public_bytes(key) for key in keys], OWNER))
    return door("model", "trust", file)


@pytest.fixture
def make(tmp_path):
    """A bundle like the shipped one, changed, and signed by KEY unless somebody else is named."""

    def made(name, *, key=KEY, files=None, **changes):
        folder = Path(shutil.copytree(SHIPPED, tmp_path / name))
        manifest = shipped_manifest()
        listed = dict(manifest.files)
        for file, data in (files or {}).items():
            (folder / file).write_bytes(data)
            listed[file] = File(len(data), hashlib.sha256(data).hexdigest())
        raw = to_bytes(replace(manifest, files=listed, **changes))
        (folder / MANIFEST).write_bytes(raw)
        (folder / SIGNATURE).write_bytes(sign_manifest(raw, key))
        return folder

    return made


def shipped_manifest():
    return load_bundle(SHIPPED, UNCHECKED).manifest


@pytest.fixture
def other_model():
    """What makes the same network another model: its templates do not fit."""
    bundle = load_bundle(SHIPPED, UNCHECKED)
    head = replace(bundle.manifest.head, bias=bundle.manifest.head.bias + 0.001)
    return {"head": head, "model": model_id(bundle.files[EMBEDDING], head)}


def shown(door):
    document, code = door.json("model", "show")
    assert code == 0, document
    return document


def assert_refused(done, code, *words):
    assert (done.returncode, done.stdout) == (code, ""), done.stderr
    assert "Traceback" not in done.stderr
    assert 2 <= len(done.stderr.splitlines()) <= 4
    for word in words:
        assert word in done.stderr


def test_show_names_the_shipped_network_its_signer_and_its_rates(door):
    document = shown(door)
    assert (document["schema"], document["name"]) == ("onelook.model/1", "face-6")
    assert len(document["signer"]) == 16
    assert 0 < document["presses"][0]["far_upper"] < 1
    text = door("model", "show").stdout
    assert f"signed by {document['signer']}" in text
    assert "a stranger's press opens with a chance below" in text


def test_a_signed_bundle_is_taken_and_the_one_before_can_be_had_back(own, make):
    for serial in (2, 3):
        done = own("model", "swap", make(f"b{serial}", serial=serial))
        assert (done.returncode, done.stderr) == (0, "")
        assert "answers its golden inputs as promised" in done.stdout
        assert "systemctl restart" in done.stdout
    document = shown(own)
    assert (document["serial"], document["signer"]) == (3, key_id(public_bytes(KEY)))
    assert own.json("config", "check")[0]["bundle"].startswith(str(own.folder / "models"))
    shutil.rmtree(own.folder / "b3")  # the door's copy is its own
    assert own.json("model", "rollback")[0]["serial"] == 2
    assert shown(own)["serial"] == 2
    assert_refused(own("model", "rollback"), 66, "no bundle to go back to")


def test_r4_4_going_back_is_an_event_and_the_door_takes_the_older_one(own, make):
    for serial in (2, 3):
        own("model", "swap", make(f"b{serial}", serial=serial))
    with EventStore(own.state) as events:  # as the door does at its start
        accept(events, BUNDLE, 3, load_bundle(own.folder / "b3", UNCHECKED).digest)
    assert_refused(own("model", "swap", own.folder / "b2"), 81, "serial 2", "model rollback")
    assert own("model", "rollback").returncode == 0
    with EventStore(own.state) as events:
        *_, (_, last) = events.rows()
        assert (last["reason"], last["serial"]) == ("bundle_rolled_back", 2)
        assert events.accepted(BUNDLE) == (2, load_bundle(own.folder / "b2", UNCHECKED).digest)
        assert events.verify() > 0


def test_r4_4_a_configured_bundle_that_is_older_counts_once_the_owner_says_so(own, make):
    own.configure(recognition={"bundle": str(make("b2", serial=2))})
    with EventStore(own.state) as events:
        accept(events, BUNDLE, 9, "f" * 64)
    assert own.json("model", "rollback")[0]["serial"] == 2
    with EventStore(own.state) as events:
        assert events.accepted(BUNDLE)[0] == 2
    assert_refused(own("model", "rollback"), 66)


@pytest.mark.parametrize("spoil", ["stranger", "nobody", "bit", "more", "link", "pipe"])
def test_who_can_write_the_bundle_but_not_the_key_changes_nothing(own, make, spoil):
    bundle = make("b2", serial=2, key=OTHER if spoil == "stranger" else KEY)
    if spoil == "nobody":
        (bundle / SIGNATURE).unlink()
    if spoil == "bit":
        data = bytearray((bundle / EMBEDDING).read_bytes())
        data[len(data) // 2] ^= 1
        (bundle / EMBEDDING).write_bytes(data)
    if spoil == "more":
        (bundle / "numpy.py").write_text("raise SystemExit(0)\n")
    if spoil == "link":
        (bundle / EMBEDDING).rename(bundle.with_name("elsewhere"))
        (bundle / EMBEDDING).symlink_to(bundle.with_name("elsewhere"))
    if spoil == "pipe":
        (bundle / SIGNATURE).unlink()
        os.mkfifo(bundle / SIGNATURE)
    before = content(own.folder / "models")
    assert_refused(own("model", "swap", bundle, "--yes"), 81, str(bundle))
    assert content(own.folder / "models") == before


def content(folder):
    return {p: p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def test_modules_that_lie_where_the_owner_stands_are_not_run(own, make, repository):
    """`cd` to where bundles lie, and swap one: whoever can write there must gain nothing."""
    trap = own.folder / "downloads"
    trap.mkdir()
    make("downloads/b2", serial=2)
    for name in ("numpy", "edge", "cryptography", "cv2"):
        (trap / f"{name}.py").write_text(f"open({str(own.folder / 'trapped')!r}, 'w')\n")
    start = f"import sys; sys.path[0] = {str(repository)!r}\nfrom edge.cli.main import main\n"
    command = ["model", "swap", "b2", "--config", str(own.config)]
    done = subprocess.run(
        [sys.executable, "-c", f"{start}sys.exit(main({command!r}))"],
        cwd=trap,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert not (own.folder / "trapped").exists()


def test_r4_6_a_network_that_answers_otherwise_is_not_taken(own, make):
    """Signed by the right key, and all the same not what it promises."""
    with np.load(SHIPPED / SELFTEST) as arrays:
        changed = dict(arrays)
    changed["embeddings"] = changed["embeddings"][::-1].copy()
    target = own.folder / "changed.npz"
    np.savez(target, **changed)
    bundle = make("b2", serial=2, files={SELFTEST: target.read_bytes()})
    before = content(own.folder / "models")
    done = own("model", "swap", bundle)
    assert_refused(done, 81, "does not answer", "answers otherwise", "The bundle that runs stays")
    assert content(own.folder / "models") == before


def test_r4_6_a_verdict_that_is_another_one_is_enough_to_refuse(own, make):
    with np.load(SHIPPED / SELFTEST) as arrays:
        changed = dict(arrays)
    changed["same"] = ~changed["same"]
    target = own.folder / "changed.npz"
    np.savez(target, **changed)
    bundle = make("b2", serial=2, files={SELFTEST: target.read_bytes()})
    assert_refused(own("model", "swap", bundle), 81, "pictures 0 and 1 are at")


def test_r4_5_a_network_that_kills_the_engine_kills_no_command(own, make):
    """Signed by mistake: what is in the file takes the trial down, or is refused by it."""
    head = shipped_manifest().head
    data = bytearray((SHIPPED / EMBEDDING).read_bytes()[:4096])
    bundle = make("b2", serial=2, files={EMBEDDING: bytes(data)}, model=model_id(bytes(data), head))
    assert_refused(own("model", "swap", bundle), 81, "does not answer")


def test_a_trial_run_says_everything_and_changes_nothing(own, make):
    before = content(own.folder / "models")
    document, code = own.json("model", "swap", make("b2", serial=2), "--dry-run")
    assert (code, document["changed"], document["serial"]) == (0, False, 2)
    assert content(own.folder / "models") == before


def test_people_who_must_come_again_are_named_and_asked_about(own, make, other_model, obama):
    own("model", "swap", make("b2", serial=2))
    own("enroll", "Ada", obama)
    bundle = make("b3", serial=3, **other_model)
    assert_refused(own("model", "swap", bundle), 2, "1 person would have to", "--yes")
    assert shown(own)["serial"] == 2
    for answer, code, serial in (("n", 1, 2), ("y", 0, 3)):
        assert answered(own, answer, "model", "swap", bundle) == code
        assert shown(own)["serial"] == serial
    assert "of no use with this one" in own("list").stdout
    assert own.json("model", "rollback")[0]["enrol_again"] == 0


def test_whose_crops_are_kept_need_not_come_again(own, make, other_model, obama, pictures):
    own.configure(privacy={"keep_crops": True})
    own("model", "swap", make("b2", serial=2))
    own("enroll", "Ada", obama)
    own.configure(privacy={"keep_crops": False})
    own("enroll", "Bea", pictures / "stranger_harris.jpg")
    bundle = make("b3", serial=3, **other_model)
    before = own.gallery()
    document, _ = own.json("model", "swap", bundle, "--dry-run")
    assert (document["embedded_anew"], document["enrol_again"]) == (1, 1)
    assert own.gallery() == before
    done = own("model", "swap", bundle, "--yes")
    assert "To be enrolled again: Bea." in done.stdout
    assert own("test", obama).returncode == 0
    usable = {p["name"]: p["usable_templates"] for p in own.json("list")[0]["people"]}
    assert usable == {"Ada": 1, "Bea": 0}
    # And the network before knows both as it did.
    assert own.json("model", "rollback")[0]["enrol_again"] == 0
    usable = {p["name"]: p["usable_templates"] for p in own.json("list")[0]["people"]}
    assert usable == {"Ada": 1, "Bea": 1}


def answered(door, answer, *arguments):
    """The exit code of a command that is asked for at a terminal."""
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "edge", *map(str, arguments), "--config", str(door.config)]
    with subprocess.Popen(
        command,
        cwd=Path(__file__).parents[2],
        stdin=theirs,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as child:
        os.close(theirs)
        os.write(ours, f"{answer}\n".encode())
        code = child.wait()
    os.close(ours)
    return code


def test_nobody_is_asked_where_everybody_stays_enrolled(own, make, obama):
    own("model", "swap", make("b2", serial=2))
    own("enroll", "Ada", obama)
    done = own("model", "swap", make("b3", serial=3))
    assert (done.returncode, done.stderr) == (0, "")
    assert "Everybody stays enrolled" in done.stdout


def test_r1_10_a_network_that_was_not_measured_for_the_gallery_is_not_taken(own, make, obama):
    own("model", "swap", make("b2", serial=2))
    own("enroll", "Ada", obama)
    own.configure(recognition={"level": "strict"})
    manifest = shipped_manifest()
    done = own("model", "swap", make("b3", serial=3, levels=manifest.levels[:1]))
    assert_refused(done, 81, "no thresholds for the level 'strict'")


def test_a_fixed_bundle_is_not_replaced_behind_the_configurations_back(own, make):
    own.configure(recognition={"bundle": str(make("b2", serial=2))})
    assert_refused(own("model", "swap", make("b3", serial=3)), 2, "[recognition] bundle")


def test_r4_2_keys_rotate_by_the_owners_list(own, make):
    new = make("b2", serial=2, key=OTHER)
    assert_refused(own("model", "swap", new), 81, "does not trust")
    done = trust_list(own, 2, KEY, OTHER)
    assert done.returncode == 0
    assert key_id(public_bytes(OTHER)) in done.stdout
    assert own("model", "swap", new).returncode == 0
    done = trust_list(own, 3, KEY)  # the other one is no longer trusted
    assert done.returncode == 0
    assert "no longer one to trust" in done.stderr
    assert_refused(own("config", "check"), 81, "does not trust")


def test_r4_4_an_older_list_of_keys_is_refused(own):
    trust_list(own, 2, KEY, OTHER)
    assert_refused(trust_list(own, 1, KEY), 81, "list of keys has the serial 1")
    assert_refused(trust_list(own, 2, KEY), 81, "is another one")
    with EventStore(own.state) as events:
        assert [row["serial"] for _, row in events.rows()] == [1, 2]


def test_r4_2_a_list_that_the_owner_did_not_sign_is_refused(own):
    file = own.folder / "forged.json"
    file.write_bytes(make_key_list(9, [public_bytes(OTHER)], OTHER))
    assert_refused(own("model", "trust", file), 81, "did not sign")
    file.write_bytes(b"x" * 5000)
    assert_refused(own("model", "trust", file), 81, "at most 4096 bytes")
    assert_refused(own("model", "trust", own.folder / "none.json"), 66, "none.json")


def test_an_unsigned_bundle_is_taken_only_where_that_is_allowed(own, make):
    bundle = make("b2", serial=2)
    (bundle / SIGNATURE).unlink()
    assert_refused(own("model", "swap", bundle), 81, "nobody signed")
    own.configure(recognition={"allow_unsigned": True})
    done = own("model", "swap", bundle)
    assert done.returncode == 0
    assert "signed by nobody" in done.stdout
    assert shown(own)["signer"] == ""
