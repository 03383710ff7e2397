"""Private keys in files, and what they sign; nothing here needs a workstation's libraries."""

from __future__ import annotations

import shutil

import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from convert.keys import generate, load_private, needs_passphrase
from convert.sign import sign_bundle
from edge.contract.bundle import EMBEDDING, SIGNATURE, load_bundle
from edge.contract.errors import (
    BundleError,
    DataError,
    MissingError,
    OutputError,
    PermissionsError,
)
from edge.contract.signing import Trust, key_id, public_bytes
from edge.shipped import shipped

PHRASE = b"four words of one's own"


@pytest.fixture
def file(tmp_path):
    return tmp_path / "keys" / "signing.key"


@pytest.fixture
def bundle(tmp_path):
    return shutil.copytree(shipped("models", "faces"), tmp_path / "bundle")


def test_a_key_comes_back_with_its_passphrase_only(file):
    made = generate(file, PHRASE)
    assert public_bytes(load_private(file, PHRASE)) == public_bytes(made)
    assert needs_passphrase(file)
    assert made.private_bytes_raw() not in file.read_bytes()
    for wrong in (b"", b"another"):
        with pytest.raises(DataError, match=r"signing\.key: no key that this passphrase opens"):
            load_private(file, wrong)


def test_a_key_without_a_passphrase_is_a_choice_of_its_owner(file):
    made = generate(file, b"")
    assert not needs_passphrase(file)
    assert public_bytes(load_private(file, b"")) == public_bytes(made)


def test_a_key_file_is_its_owners_alone_and_is_never_overwritten(file):
    generate(file, PHRASE)
    assert file.stat().st_mode & 0o777 == 0o600
    before = file.read_bytes()
    with pytest.raises(OutputError, match="cannot be made"):
        generate(file, PHRASE)
    assert file.read_bytes() == before
    file.chmod(0o640)
    with pytest.raises(PermissionsError, match="others may read"):
        load_private(file, PHRASE)


def test_what_is_no_key_of_ours_is_named(file, tmp_path):
    with pytest.raises(MissingError, match=r"none\.key"):
        load_private(tmp_path / "none.key", PHRASE)
    assert not needs_passphrase(tmp_path / "none.key")
    file.parent.mkdir()
    other = X25519PrivateKey.generate()
    for data in (
        b"",
        b"no key",
        other.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()),
    ):
        file.write_bytes(data)
        file.chmod(0o600)
        with pytest.raises(DataError):
            load_private(file, b"")


def test_signing_again_gives_the_same_bytes_and_a_door_takes_them(bundle, key):
    (bundle / SIGNATURE).unlink()
    name = sign_bundle(bundle, key)
    first = (bundle / SIGNATURE).read_bytes()
    assert sign_bundle(bundle, key) == name == key_id(public_bytes(key))
    assert (bundle / SIGNATURE).read_bytes() == first
    assert load_bundle(bundle, Trust((public_bytes(key),))).signer == name


def test_another_key_takes_the_place_of_the_first(bundle, key, stranger):
    sign_bundle(bundle, key)
    sign_bundle(bundle, stranger)
    with pytest.raises(BundleError, match="does not trust"):
        load_bundle(bundle, Trust((public_bytes(key),)))
    assert load_bundle(bundle, Trust((public_bytes(stranger),))).signer


def test_a_bundle_that_is_not_whole_is_not_signed(bundle, key):
    (bundle / SIGNATURE).unlink()
    data = bytearray((bundle / EMBEDDING).read_bytes())
    data[0] ^= 1
    (bundle / EMBEDDING).write_bytes(data)
    with pytest.raises(BundleError, match="not the file that the manifest promises"):
        sign_bundle(bundle, key)
    assert not (bundle / SIGNATURE).exists()
