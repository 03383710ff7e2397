"""A bundle on disk -> one in memory: nothing passes that the manifest does not promise."""

from __future__ import annotations

import hashlib
from dataclasses import replace

import numpy as np
import pytest

from edge.contract.bundle import (
    EMBEDDING,
    MANIFEST,
    MAX_MODEL_BYTES,
    SIGNATURE,
    load_bundle,
    load_manifest,
    model_id,
)
from edge.contract.errors import BundleError, MissingError
from edge.contract.manifest import File, to_bytes
from edge.contract.matching import Difference, Head, Quantization
from edge.contract.signing import UNCHECKED, Trust, key_id, sign_manifest

CARD = b"# A network\n"


def promise(data):
    return File(len(data), hashlib.sha256(data).hexdigest())


@pytest.fixture
def files():
    return {EMBEDDING: b"net!", "card.md": CARD}


@pytest.fixture
def whole(manifest, files):
    """The manifest of a bundle with two files."""
    return replace(manifest, files={name: promise(data) for name, data in files.items()})


@pytest.fixture
def write(tmp_path, files):
    """Write a bundle's folder; returns it."""

    def written(manifest):
        (tmp_path / MANIFEST).write_bytes(to_bytes(manifest))
        for name, data in files.items():
            (tmp_path / name).write_bytes(data)
        return tmp_path

    return written


def test_a_whole_bundle_is_kept_in_memory(write, whole, files):
    folder = write(whole)
    bundle = load_bundle(folder, UNCHECKED)
    assert bundle.files == files
    assert bundle.manifest.model == whole.model
    for path in folder.iterdir():
        path.unlink()
    assert bundle.files == files  # and read no more


@pytest.mark.parametrize("name", [EMBEDDING, "card.md"])
def test_a_file_that_is_missing_or_cut_short_refuses_the_bundle(write, whole, name):
    path = write(whole) / name
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(BundleError, match=name):
        load_bundle(path.parent, UNCHECKED)
    path.unlink()
    with pytest.raises(BundleError, match=name):
        load_bundle(path.parent, UNCHECKED)


def test_r4_1_a_file_that_the_manifest_does_not_list_refuses_the_bundle(write, whole):
    folder = write(whole)
    (folder / "more.tflite").write_bytes(b"x")
    with pytest.raises(BundleError, match=r"not the files .* \(more\.tflite\)"):
        load_bundle(folder, UNCHECKED)


def test_r4_1_more_files_than_a_bundle_has_are_refused(write, whole):
    many = {f"{n}.md": promise(CARD) for n in range(8)}
    with pytest.raises(BundleError, match="the manifest names"):
        load_bundle(write(replace(whole, files=many)), UNCHECKED)


@pytest.mark.parametrize("name", [MANIFEST, EMBEDDING])
def test_r4_3_a_link_is_not_followed(write, whole, tmp_path_factory, name):
    folder, elsewhere = write(whole), tmp_path_factory.mktemp("elsewhere") / name
    (folder / name).rename(elsewhere)
    (folder / name).symlink_to(elsewhere)
    with pytest.raises(BundleError, match="cannot be read"):
        load_bundle(folder, UNCHECKED)


def test_r4_1_a_bundle_for_a_newer_program_is_refused(write, whole):
    load_manifest(write(replace(whole, needs="0.1.9")), UNCHECKED)
    with pytest.raises(BundleError, match=r"needs onelook 99\.0\.0"):
        load_manifest(write(replace(whole, needs="99.0.0")), UNCHECKED)
    with pytest.raises(BundleError, match="not a version"):
        load_manifest(write(replace(whole, needs="new")), UNCHECKED)


@pytest.fixture
def signed(write, whole, key):
    folder = write(whole)
    raw = (folder / MANIFEST).read_bytes()
    (folder / SIGNATURE).write_bytes(sign_manifest(raw, key))
    return folder


@pytest.fixture
def trusted(key, public):
    return Trust((public(key),))


@pytest.mark.parametrize("name", [MANIFEST, SIGNATURE, EMBEDDING, "card.md"])
def test_one_flipped_bit_anywhere_refuses_the_bundle(signed, trusted, name):
    path = signed / name
    data = path.read_bytes()
    for at in {0, len(data) // 2, len(data) - 1}:
        spoilt = bytearray(data)
        spoilt[at] ^= 1
        path.write_bytes(spoilt)
        with pytest.raises(BundleError, match=str(path.parent)) as refusal:
            load_bundle(path.parent, trusted)
        assert refusal.value.remedy
    path.write_bytes(data)
    load_bundle(path.parent, trusted)


def test_r4_2_a_bundle_signed_by_a_trusted_key_says_which(signed, key, stranger, public):
    assert load_bundle(signed, Trust((public(stranger), public(key)))).signer == key_id(public(key))
    with pytest.raises(BundleError, match="does not trust") as refusal:
        load_bundle(signed, Trust((public(stranger),)))
    assert key_id(public(stranger)) in refusal.value.why
    with pytest.raises(BundleError, match="does not trust"):
        load_bundle(signed, Trust(()))


def test_r4_2_an_unsigned_bundle_is_taken_only_where_that_is_allowed(write, whole, key, public):
    folder = write(whole)
    with pytest.raises(BundleError, match="nobody signed") as refusal:
        load_manifest(folder, Trust((public(key),)))
    assert "allow_unsigned" in refusal.value.remedy
    assert load_manifest(folder, Trust((public(key),), allow_unsigned=True)).signer == ""


def test_r4_2_a_wrong_signature_is_refused_even_where_none_would_do(signed, stranger, public, key):
    raw = (signed / MANIFEST).read_bytes()
    forged = sign_manifest(raw, stranger).split()[1]
    line = key_id(public(key)).encode() + b" " + forged + b"\n"
    (signed / SIGNATURE).write_bytes(line)
    with pytest.raises(BundleError, match="not over this manifest"):
        load_manifest(signed, Trust((public(key),), allow_unsigned=True))


def test_no_bundle_at_all_is_missing(tmp_path):
    with pytest.raises(MissingError, match="no bundle there"):
        load_bundle(tmp_path, UNCHECKED)
    with pytest.raises(MissingError):
        load_manifest(tmp_path / "nowhere", UNCHECKED)


def test_a_network_or_head_of_another_model_is_refused(write, whole):
    folder = write(replace(whole, model="0" * 16))
    with pytest.raises(BundleError, match="model id"):
        load_bundle(folder, UNCHECKED)
    other = replace(whole.head, bias=whole.head.bias + 0.5)
    write(replace(whole, head=other))
    with pytest.raises(BundleError, match="model id"):
        load_bundle(folder, UNCHECKED)


def test_a_bundle_without_a_network_is_refused(write, whole):
    without = replace(whole, files={"card.md": promise(CARD)}, model=model_id(b"", whole.head))
    folder = write(without)
    (folder / EMBEDDING).unlink()
    with pytest.raises(BundleError, match="model id"):
        load_bundle(folder, UNCHECKED)


@pytest.mark.parametrize("name", ["../card.md", "/etc/hostname", "a/b"])
def test_a_manifest_that_names_files_elsewhere_is_refused(write, whole, name):
    folder = write(replace(whole, files={**whole.files, name: promise(CARD)}))
    with pytest.raises(BundleError, match="the manifest names"):
        load_bundle(folder, UNCHECKED)


def test_a_file_larger_than_any_network_is_not_read(write, whole):
    huge = File(MAX_MODEL_BYTES + 1, "0" * 64)
    folder = write(replace(whole, files={**whole.files, "card.md": huge}))
    with pytest.raises(BundleError, match="the manifest names"):
        load_bundle(folder, UNCHECKED)


def test_a_file_that_grew_without_end_is_read_to_the_limit_only(write, whole):
    folder = write(whole)
    with (folder / "card.md").open("r+b") as file:
        file.truncate(MAX_MODEL_BYTES + 1)
    with pytest.raises(BundleError, match="larger than"):
        load_bundle(folder, UNCHECKED)


def test_another_preprocessing_is_refused_with_both_names(write, whole):
    folder = write(replace(whole, preprocessing="rgb112x112-raised0.00-int8-1"))
    with pytest.raises(BundleError, match=r"raised0\.00") as refusal:
        load_manifest(folder, UNCHECKED)
    assert "raised1.25" in refusal.value.why


@pytest.mark.parametrize("quantization", [Quantization(1 / 127, 0), Quantization(1 / 128, -1)])
def test_an_input_that_is_not_the_crop_less_128_is_refused(write, whole, quantization):
    with pytest.raises(BundleError, match="the input is quantized"):
        load_manifest(write(replace(whole, input_quantization=quantization)), UNCHECKED)


def test_the_manifest_alone_needs_no_network(write, whole):
    folder = write(whole)
    (folder / EMBEDDING).unlink()
    assert load_manifest(folder, UNCHECKED).manifest.model == whole.model


def test_the_model_id_changes_with_everything_that_changes_a_distance():
    head = Head(Difference.SQUARED, np.array([1.0, 2.0], np.float32), 0.5)
    ids = {
        model_id(b"net!", head),
        model_id(b"net?", head),
        model_id(b"net!", replace(head, difference=Difference.ABSOLUTE)),
        model_id(b"net!", replace(head, weights=np.array([1.0, 2.5], np.float32))),
        model_id(b"net!", replace(head, bias=0.25)),
    }
    assert len(ids) == 5
    assert all(len(model) == 16 and int(model, 16) >= 0 for model in ids)
