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
    load_bundle,
    load_manifest,
    model_id,
)
from edge.contract.errors import BundleError, MissingError
from edge.contract.manifest import File, to_bytes
from edge.contract.matching import Difference, Head, Quantization

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
    bundle = load_bundle(folder)
    assert bundle.files == files
    assert bundle.manifest.model == whole.model
    for path in folder.iterdir():
        path.unlink()
    assert bundle.files == files  # and read no more


@pytest.mark.parametrize("name", [MANIFEST, EMBEDDING, "card.md"])
def test_one_flipped_bit_anywhere_refuses_the_bundle(write, whole, name):
    path = write(whole) / name
    data = path.read_bytes()
    for at in {0, len(data) // 2, len(data) - 1}:
        spoilt = bytearray(data)
        spoilt[at] ^= 1
        path.write_bytes(spoilt)
        with pytest.raises(BundleError, match=str(path.parent)) as refusal:
            load_bundle(path.parent)
        assert refusal.value.remedy
    path.write_bytes(data)
    load_bundle(path.parent)


@pytest.mark.parametrize("name", [EMBEDDING, "card.md"])
def test_a_file_that_is_missing_or_cut_short_refuses_the_bundle(write, whole, name):
    path = write(whole) / name
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(BundleError, match=name):
        load_bundle(path.parent)
    path.unlink()
    with pytest.raises(BundleError, match=name):
        load_bundle(path.parent)


def test_no_bundle_at_all_is_missing(tmp_path):
    with pytest.raises(MissingError, match="no bundle there"):
        load_bundle(tmp_path)
    with pytest.raises(MissingError):
        load_manifest(tmp_path / "nowhere")


def test_a_network_or_head_of_another_model_is_refused(write, whole):
    folder = write(replace(whole, model="0" * 16))
    with pytest.raises(BundleError, match="model id"):
        load_bundle(folder)
    other = replace(whole.head, bias=whole.head.bias + 0.5)
    write(replace(whole, head=other))
    with pytest.raises(BundleError, match="model id"):
        load_bundle(folder)


def test_a_bundle_without_a_network_is_refused(write, whole):
    without = replace(whole, files={"card.md": promise(CARD)}, model=model_id(b"", whole.head))
    with pytest.raises(BundleError, match="model id"):
        load_bundle(write(without))


@pytest.mark.parametrize("name", ["../card.md", "/etc/hostname", "a/b"])
def test_a_manifest_that_names_files_elsewhere_is_refused(write, whole, name):
    folder = write(replace(whole, files={**whole.files, name: promise(CARD)}))
    with pytest.raises(BundleError, match="the manifest names"):
        load_bundle(folder)


def test_a_file_larger_than_any_network_is_not_read(write, whole):
    huge = File(MAX_MODEL_BYTES + 1, "0" * 64)
    folder = write(replace(whole, files={**whole.files, "card.md": huge}))
    with pytest.raises(BundleError, match="the manifest names"):
        load_bundle(folder)


def test_a_file_that_grew_without_end_is_read_to_the_limit_only(write, whole):
    folder = write(whole)
    with (folder / "card.md").open("r+b") as file:
        file.truncate(MAX_MODEL_BYTES + 1)
    with pytest.raises(BundleError, match="larger than"):
        load_bundle(folder)


def test_another_preprocessing_is_refused_with_both_names(write, whole):
    folder = write(replace(whole, preprocessing="rgb112x112-raised0.00-int8-1"))
    with pytest.raises(BundleError, match=r"raised0\.00") as refusal:
        load_manifest(folder)
    assert "raised1.25" in refusal.value.why


@pytest.mark.parametrize("quantization", [Quantization(1 / 127, 0), Quantization(1 / 128, -1)])
def test_an_input_that_is_not_the_crop_less_128_is_refused(write, whole, quantization):
    with pytest.raises(BundleError, match="the input is quantized"):
        load_manifest(write(replace(whole, input_quantization=quantization)))


def test_the_manifest_alone_needs_no_network(write, whole):
    folder = write(whole)
    (folder / EMBEDDING).unlink()
    assert load_manifest(folder).model == whole.model


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
