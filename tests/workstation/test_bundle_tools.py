"""`inspect`, `diff` and `bench`: what a bundle is, how two differ, how long one takes here."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest

from convert import network
from convert.cli import main
from convert.keys import generate
from convert.quantize import twin_to
from convert.sign import sign_bundle
from edge.contract.bundle import EMBEDDING, MANIFEST, SIGNATURE, load_bundle, load_manifest
from edge.contract.errors import BundleError, EngineError
from edge.contract.manifest import from_bytes, to_bytes
from edge.contract.signing import UNCHECKED, Trust, public_bytes
from edge.eye.engine import Engine
from train.models import embedding_of

ROOT = Path(__file__).parents[2]


def convert_with_batch(batch):
    import tensorflow as tf

    x = entry = keras.Input((8, 8, 3), batch_size=batch, name="crop")
    x = keras.layers.Conv2D(4, 3, padding="same")(x)
    x = keras.layers.DepthwiseConv2D(3, padding="same")(x)
    x = keras.layers.Dense(5)(keras.layers.Flatten()(x))
    return tf.lite.TFLiteConverter.from_keras_model(keras.Model(entry, x)).convert()


def test_multiply_accumulates_are_those_of_a_hand_count():
    found = {op.name: op for op in network.look(convert_with_batch(1)).operators}
    assert found["CONV_2D"].macs == 8 * 8 * 4 * 3 * 3 * 3
    assert found["DEPTHWISE_CONV_2D"].macs == 8 * 8 * 4 * 3 * 3
    assert found["FULLY_CONNECTED"].macs == 8 * 8 * 4 * 5
    assert found["CONV_2D"].weights == 4 * (4 * 3 * 3 * 3 + 4)
    assert found["CONV_2D"].shape == (1, 8, 8, 4)


def test_a_batch_that_is_left_open_is_refused():
    with pytest.raises(BundleError, match=r"no door runs: .*'SHAPE'"):
        network.look(convert_with_batch(None))


def test_inspect_lists_every_operator_with_its_cost(bundle, capsys):
    assert main(["inspect", str(bundle), "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    counted = {}
    for op in document["network"]:
        counted[op["operator"]] = counted.get(op["operator"], 0) + 1
        assert op["delegated"]
    assert counted == document["operators"]
    assert sum(op["macs"] for op in document["network"]) > 100_000
    assert main(["inspect", str(bundle)]) == 0
    assert "int8 delegate" in capsys.readouterr().out


def test_a_bundle_is_equal_to_its_copy(bundle, tmp_path, capsys):
    copy = shutil.copytree(bundle, tmp_path / "copy")
    assert main(["diff", str(bundle), str(copy)]) == 0
    assert capsys.readouterr().out == "the same\n"


@pytest.fixture
def stricter(bundle, tmp_path):
    copy = shutil.copytree(bundle, tmp_path / "stricter")
    document = json.loads((copy / MANIFEST).read_bytes())
    for step in document["levels"][0]["steps"]:
        step["distance"] = repr(float(step["distance"]) / 2)
    raw = json.dumps(document, sort_keys=True, separators=(",", ":")).encode() + b"\n"
    (copy / MANIFEST).write_bytes(to_bytes(from_bytes(raw, where="m")))
    return copy


def test_another_threshold_shows_with_the_verdicts_that_it_changes(
    bundle, stricter, others_tar, capsys
):
    assert main(["diff", str(bundle), str(stricter), "--people", str(others_tar), "--json"]) == 1
    document = json.loads(capsys.readouterr().out)
    assert (document["ok"], document["templates_stay_usable"]) == (False, True)
    assert "levels.0.steps.0.distance" in document["differences"]
    normal = document["verdicts"][0]
    assert normal["genuine_lost"] > 0
    assert (normal["genuine_gained"], normal["impostor_gained"]) == (0, 0)
    assert main(["diff", str(bundle), str(stricter)]) == 1
    assert "templates stay usable" in capsys.readouterr().out


def test_bench_names_the_machine_and_times_every_step(bundle, capsys):
    assert main(["bench", str(bundle), "--runs", "3", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["machine"]
    assert {"embed", "match 1000 templates"} <= set(document["ms"])
    assert all(0 < ms["p50"] <= ms["p95"] for ms in document["ms"].values())


def test_variants_stand_beside_each_other_with_what_int8_costs(
    run_folder, others_tar, tmp_path, capsys
):
    asked = ("variants", str(run_folder), "--people", str(others_tar), "--runs", "2")
    assert main([*asked, "-o", str(tmp_path), "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)["variants"]
    assert list(rows) == ["keras", "float32", "float16", "dynamic", "int8"]
    for kind in list(rows)[1:]:
        assert rows[kind]["bytes"] == (tmp_path / f"{kind}.tflite").stat().st_size
        assert rows[kind]["cosine_mean"] > 0.97
    assert rows["float32"]["cosine_lowest"] > 0.999999
    assert rows["float32"]["tar_1e3"] == pytest.approx(rows["keras"]["tar_1e3"], abs=0.01)
    assert rows["float16"]["bytes"] < rows["float32"]["bytes"]
    assert rows["int8"]["cosine_mean"] < rows["float16"]["cosine_mean"]


@pytest.mark.parametrize("kind", ["float32", "float16", "dynamic"])
def test_a_door_takes_int8_alone(kind, siamese, held_out):
    with pytest.raises(EngineError, match="int8"):
        Engine(twin_to(kind, embedding_of(siamese), held_out.crops[:2]))


def test_a_reader_who_has_enough_is_no_fault(bundle):
    shown = f"{sys.executable} -m convert inspect {bundle} | head -n 1; echo ${{PIPESTATUS[0]}}"
    done = subprocess.run(
        ["bash", "-c", shown], capture_output=True, text=True, check=True, cwd=ROOT
    )
    assert done.stdout.splitlines()[1:] == ["0"]
    assert done.stderr == ""


def test_r4_2_from_two_new_keys_to_a_bundle_that_a_door_takes(bundle, tmp_path, capsys):
    copy = shutil.copytree(bundle, tmp_path / "copy")
    (tmp_path / "words").write_text("correct horse\n")
    words = ("--passphrase-file", str(tmp_path / "words"))
    for name in ("owner", "signing"):
        assert main(["keygen", "-o", str(tmp_path / f"{name}.key"), *words]) == 0
    keys = tmp_path / "keys.json"
    listed = ("keys", str(tmp_path / "signing.pub"), "--owner", str(tmp_path / "owner.key"))
    assert main([*listed, "-o", str(keys), *words]) == 0
    verify = ("verify", str(copy), "--keys", str(keys), "--owner", str(tmp_path / "owner.pub"))
    assert main([*verify]) == 81
    assert "nobody signed" in capsys.readouterr().err
    key = ("--key", str(tmp_path / "signing.key"))
    assert main(["sign", str(copy), *key, *words]) == 0
    first = (copy / SIGNATURE).read_bytes()
    assert main(["sign", str(copy), *key, *words]) == 0
    assert (copy / SIGNATURE).read_bytes() == first
    assert main([*verify]) == 0
    assert (tmp_path / "owner.key").stat().st_mode & 0o077 == 0
    assert main(["keygen", "-o", str(tmp_path / "owner.key"), *words]) == 73
    (tmp_path / "words").write_text("wrong\n")
    assert main(["sign", str(copy), *key, *words]) == 65
    assert "passphrase" in capsys.readouterr().err


def test_r4_2_a_signature_covers_the_networks_through_the_manifest(bundle, tmp_path):
    copy = shutil.copytree(bundle, tmp_path / "copy")
    private = generate(tmp_path / "key", b"")
    sign_bundle(copy, private)
    trust = Trust((public_bytes(private),))
    assert load_bundle(copy, trust).signer == load_manifest(copy, trust).signer
    data = bytearray((copy / EMBEDDING).read_bytes())
    at = int(np.random.default_rng(0).integers(len(data)))
    data[at] ^= 1
    (copy / EMBEDDING).write_bytes(data)
    with pytest.raises(BundleError, match="not the file that the manifest promises"):
        load_bundle(copy, trust)
    load_bundle(bundle, UNCHECKED)
