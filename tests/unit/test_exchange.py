"""A file for other doors: opened by those it is for, and no change of it goes unseen."""

from __future__ import annotations

import secrets
from dataclasses import replace

import msgpack
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.contract.errors import DataError, OnelookError, PermissionsError, UsageError, VersionError
from edge.store import exchange as module
from edge.store.addresses import door_key_of, find_or_make_door_key, read_address
from edge.store.differences import Party
from edge.store.exchange import MAGIC, MAX_BYTES, make_exchange, open_exchange
from edge.store.letter import packed, unpacked
from edge.store.lineage import tracked
from edge.store.people import Gallery, Person, Template

MODEL, OTHER_MODEL = "0123456789abcdef", "fedcba9876543210"
FRONT, BACK, GARAGE, ROGUE = (door_key_of(bytes([n]) * 32) for n in range(1, 5))


def template(number, model=MODEL, **more):
    return Template(bytes([number]) * 128, model, f"s{number}", "2026-11-27", "", **more)


ADA = Person("p-a", "Ada", (template(1), template(2)), hours="Mo 07:00-08:00", until="2027-01-31")
BEA = Person("p-b", "Bea", (), disabled=True)


def party(*people, history=None):
    gallery = Gallery(people)
    return Party(gallery, tracked(history or {}, gallery, MODEL))


PEOPLE = party(ADA, BEA, history=tracked({}, Gallery((ADA, replace(ADA, id="p-x"))), MODEL))


def made(people=PEOPLE, serial=7, model=MODEL, key=FRONT, doors=(BACK,)):
    return make_exchange(people, serial, model, key, [door.address for door in doors])


def opened(data, key=BACK, trusted=(FRONT,), model=MODEL):
    return open_exchange(data, key, [door.address.signs for door in trusted], model)


def test_people_rules_and_history_arrive_at_each_of_the_doors():
    data = made(doors=(BACK, GARAGE))
    for door in (BACK, GARAGE):
        found = opened(data, door)
        assert found.people == PEOPLE
        assert (found.serial, found.model) == (7, MODEL)
        assert found.sender == FRONT.address.signs
    assert PEOPLE.history["p-x"].gone


def test_nothing_of_it_can_be_read_and_no_two_files_are_alike():
    data = made()
    for secret in (b"Ada", b"p-a", ADA.templates[0].embedding[:8], ADA.hours.encode()):
        assert secret not in data
    assert made() != data


def test_crops_and_other_networks_templates_stay_at_home():
    crop = b"\x89PNG" + bytes(100)
    person = replace(ADA, templates=(template(1, crop=crop), template(9, OTHER_MODEL)))
    (found,) = opened(made(party(person))).people.gallery.people
    assert found == replace(ADA, templates=(template(1),))


@given(st.data())
def test_no_changed_bit_is_taken(data):
    spoilt = bytearray(made())
    at = data.draw(st.integers(0, 8 * len(spoilt) - 1))
    spoilt[at // 8] ^= 1 << at % 8
    with pytest.raises((DataError, VersionError, PermissionsError)):
        opened(bytes(spoilt))


def test_no_bit_of_the_head_and_of_the_doors_is_taken():
    whole = made(doors=(BACK, GARAGE))
    for at in range(8 * (module._HEAD.size + 2 * module._DOOR.size)):
        spoilt = bytearray(whole)
        spoilt[at // 8] ^= 1 << at % 8
        with pytest.raises((DataError, VersionError, PermissionsError)):
            opened(bytes(spoilt))


def test_no_cut_and_nothing_added_is_taken():
    data = made()
    for length in range(len(data)):
        with pytest.raises(DataError):
            opened(data[:length])
    with pytest.raises(DataError):
        opened(data + b"\0")
    with pytest.raises(DataError, match="16 MiB"):
        opened(MAGIC + bytes(MAX_BYTES))


def test_a_door_that_is_not_trusted_another_recipient_and_another_network_are_each_said():
    with pytest.raises(PermissionsError, match="not trusted here") as refusal:
        opened(made(), trusted=(GARAGE,))
    assert FRONT.address.id in refusal.value.what
    with pytest.raises(PermissionsError, match="for other doors"):
        opened(made(), GARAGE)
    with pytest.raises(VersionError, match=f"network {MODEL}, and this door has {OTHER_MODEL}"):
        opened(made(), model=OTHER_MODEL)
    newer = bytearray(made())
    newer[len(MAGIC)] = 2
    with pytest.raises(VersionError, match="newer onelook"):
        opened(bytes(newer))


def resigned(data, key):
    """By somebody whom the door trusts, too, and who changed what is not sealed."""
    return data[:-64] + key.signs.sign(module._OF_FILE + data[:-64])


def part(what):
    """Where it lies in the head."""
    starts = {"version": 16, "serial": 17, "sender": 25, "ephemeral": 57, "model": 89, "count": 105}
    return starts[what]


@pytest.mark.parametrize(
    ("what", "value"),
    [
        ("serial", (8).to_bytes(8, "big")),
        ("sender", ROGUE.address.signs),
        ("ephemeral", ROGUE.address.seals),
        ("ephemeral", bytes(32)),
        ("model", OTHER_MODEL.encode()),
    ],
)
def test_whoever_signs_anew_cannot_make_it_theirs_or_newer_or_of_another_network(what, value):
    data = bytearray(made())
    data[part(what) : part(what) + len(value)] = value
    signer = ROGUE if what == "sender" else FRONT
    wanted = OTHER_MODEL if what == "model" else MODEL
    with pytest.raises(DataError, match="damaged"):
        opened(resigned(bytes(data), signer), trusted=(FRONT, ROGUE), model=wanted)


def test_a_door_that_got_it_cannot_seal_it_for_another_one():
    """Its own key stands there under another door's name, signed by somebody who is trusted."""
    data = bytearray(made())
    start = module._HEAD.size
    data[start : start + 32] = GARAGE.address.seals
    with pytest.raises(DataError, match="damaged"):
        opened(resigned(bytes(data), FRONT), GARAGE)


def test_two_files_cannot_be_put_together_from_halves():
    one, other = made(serial=7), made(serial=8)
    end = module._HEAD.size + module._DOOR.size
    with pytest.raises(DataError, match="damaged"):
        opened(resigned(one[:end] + other[end:-64] + bytes(64), FRONT))


def lines(*people):
    gallery = Gallery(people)
    history = tracked({}, gallery, MODEL)
    return [[i, line.version, line.content, line.before] for i, line in history.items()]


def letter(people, history):
    return msgpack.packb([people, history])


def somebody(identity="p-a", name="Ada", until="", hours=""):
    """Whole but for what is said here."""
    person = Person(identity, name, (), until=until, hours=hours)
    return letter([[identity, name, False, until, hours, []]], lines(person))


OUT = ["p-a", "Ada", False, "", "", []]
PLAIN = Person("p-a", "Ada", ())


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xc1",
        b"\x91" * 5000,
        b"\xdd\xff\xff\xff\xff",  # a list of four thousand million
        b"\xc6\xff\xff\xff\xff",  # as many bytes
        msgpack.packb([[], [], []]),
        msgpack.packb({"people": []}),
        msgpack.packb([[OUT], [["p-a", b"x" * 16, b"y" * 16, []]]]),
        letter([OUT], []),
        letter([], lines(PLAIN)),
        letter([OUT, OUT], lines(PLAIN)),
        somebody(identity="../a"),
        somebody(name=" Ada"),
        somebody(name=""),
        somebody(name="A\x1b[31mda"),
        somebody(name="Ada" * 50),
        somebody(until="soon"),
        somebody(hours="x" * 2000),
        letter([["p-a", "Ada", 1, *OUT[3:]]], lines(PLAIN)),
        letter([["p-a", "Ada", False, "", "", [["text", "s", "a", ""]]]], lines(PLAIN)),
        letter([["p-a", "Ada", False, "", "", [[b"", "s", "a", ""]]]], lines(PLAIN)),
        letter([OUT], [[*lines(PLAIN)[0][:3], [b"x" * 16] * 65]]),
        letter([OUT], [[*lines(PLAIN)[0][:3], [b"short"]]]),
    ],
)
def test_what_a_trusted_door_signed_and_yet_no_onelook_wrote_is_refused(content, monkeypatch):
    monkeypatch.setattr(module, "packed", lambda *_: content)
    with pytest.raises(DataError, match="damaged"):
        opened(made(PEOPLE))


@given(st.binary(max_size=200))
def test_any_bytes_are_people_or_a_clear_refusal(data):
    with pytest.raises((TypeError, ValueError)):
        unpacked(data, MODEL)


def test_what_is_whole_is_read():
    assert [p.name for p in unpacked(somebody(), MODEL).gallery.people] == ["Ada"]


def test_what_another_door_would_not_read_does_not_leave_this_one():
    long = replace(ADA, templates=(replace(template(1), label="x" * 2000),))
    with pytest.raises(DataError, match="cannot go to another door"):
        packed(party(long), MODEL)
    with pytest.raises(UsageError, match="1 to 64 doors"):
        made(doors=())
    with pytest.raises(UsageError, match="1 to 64 doors"):
        made(doors=[door_key_of(secrets.token_bytes(32)) for _ in range(65)])


def test_an_address_is_copied_whole_or_refused():
    text = FRONT.address.text
    assert read_address(text) == FRONT.address
    assert len(text) == 98
    for at in range(len(text)):
        for wrong in (text[:at] + text[at + 1 :], text[:at] + "A" + text[at + 1 :]):
            if wrong != text:
                with pytest.raises(UsageError):
                    read_address(wrong)
    # A point for which every secret is 0: no door has it.
    with pytest.raises(UsageError):
        read_address(replace(FRONT.address, seals=bytes(32)).text)


def test_a_doors_key_is_made_once_and_is_its_own(tmp_path):
    state = tmp_path / "state"
    first = find_or_make_door_key(state)
    assert find_or_make_door_key(state).address == first.address
    path = state / "door.key"
    assert path.stat().st_mode & 0o777 == 0o600
    path.chmod(0o644)
    with pytest.raises(PermissionsError):
        find_or_make_door_key(state)
    path.chmod(0o600)
    path.write_bytes(b"short")
    with pytest.raises(OnelookError, match="not a key"):
        find_or_make_door_key(state)
