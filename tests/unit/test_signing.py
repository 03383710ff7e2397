"""R4.2: whose signature counts, and the owner's list of keys that says so."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.contract.errors import BundleError
from edge.contract.signing import (
    check_manifest,
    key_id,
    make_key_list,
    owner_text,
    read_key_list,
    read_owner,
    sign_manifest,
)

MANIFEST = b'{"model":"0"}\n'


def test_a_signature_is_one_line_always_the_same_and_names_its_key(key, public):
    signed = sign_manifest(MANIFEST, key)
    assert signed == sign_manifest(MANIFEST, key)
    assert signed.count(b"\n") == 1
    assert check_manifest(MANIFEST, signed, [public(key)], where="m") == key_id(public(key))


def test_every_bit_of_manifest_and_signature_counts(key, public):
    signed = sign_manifest(MANIFEST, key)
    for name, whole in (("manifest", MANIFEST), ("signature", signed)):
        for bit in range(8 * len(whole)):
            spoilt = bytearray(whole)
            spoilt[bit // 8] ^= 1 << bit % 8
            pair = (bytes(spoilt), signed) if name == "manifest" else (MANIFEST, bytes(spoilt))
            with pytest.raises(BundleError):
                check_manifest(*pair, [public(key)], where="m")


@given(st.binary(max_size=300))
def test_no_bytes_are_a_signature_by_chance(raw):
    with pytest.raises(BundleError):
        check_manifest(MANIFEST, raw, [], where="m")


def test_a_list_is_read_as_it_was_made(key, stranger, public):
    raw = make_key_list(3, [public(key), public(stranger)], key)
    listed = read_key_list(raw, public(key), where="keys.json")
    assert (listed.serial, listed.keys) == (3, (public(key), public(stranger)))


def test_r4_2_nobody_but_the_owner_makes_a_list(key, stranger, public):
    raw = make_key_list(3, [public(stranger)], stranger)
    with pytest.raises(BundleError, match=r"keys\.json: not a list") as refusal:
        read_key_list(raw, public(key), where="keys.json")
    assert "did not sign" in refusal.value.why


def test_a_signature_over_a_bundle_is_none_over_a_list(key, public):
    document = {"keys": [public(key).hex()], "schema": "onelook.keys/1", "serial": 9}
    bare = json.dumps(document, sort_keys=True, separators=(",", ":")).encode() + b"\n"
    document["signature"] = sign_manifest(bare, key).split()[1].decode()
    raw = json.dumps(document, sort_keys=True, separators=(",", ":")).encode() + b"\n"
    with pytest.raises(BundleError):
        read_key_list(raw, public(key), where="keys.json")


@pytest.mark.parametrize("count", [0, 3])
def test_a_list_holds_one_key_or_two(key, public, count):
    with pytest.raises(BundleError) as refusal:
        make_key_list(1, [public(key)] * count, key)
    assert "from one to 2 keys" in refusal.value.why


def test_every_bit_of_a_list_counts(key, public):
    raw = make_key_list(1, [public(key)], key)
    for bit in range(8 * len(raw)):
        spoilt = bytearray(raw)
        spoilt[bit // 8] ^= 1 << bit % 8
        with pytest.raises(BundleError):
            read_key_list(bytes(spoilt), public(key), where="keys.json")


def test_an_owners_key_is_a_line_of_hex(key, public):
    assert read_owner(owner_text(public(key)), where="owner.pub") == public(key)
    for wrong in (b"", b"xyz", public(key), b"00" * 31):
        with pytest.raises(BundleError, match=r"owner\.pub: no public key"):
            read_owner(wrong, where="owner.pub")
