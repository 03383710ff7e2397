"""What eye and door say to each other; neither believes a packet that is not exactly a message."""

from __future__ import annotations

import math

import msgpack
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.contract.gates import Gate
from edge.contract.reasons import Reason
from edge.contract.wire import (
    MAX_BYTES,
    VERSION,
    Enough,
    Hello,
    Look,
    Seen,
    WireError,
    decode,
    encode,
)

counts = st.integers(0, 2**53)
reals = st.floats(allow_nan=False, allow_infinity=False)
gates = st.builds(Gate, st.text(max_size=32), reals, reals, reals)
usable = st.tuples(st.none(), st.binary(min_size=1, max_size=512))
refused = st.tuples(st.sampled_from(Reason), st.just(b""))
seen = st.builds(
    lambda outcome, *rest: Seen(*rest[:3], *outcome, *rest[3:]),
    usable | refused,
    counts,
    st.integers(0, 64),
    reals,
    st.just(()) | st.tuples(*[reals] * 14),
    st.lists(gates, max_size=8).map(tuple),
    st.tuples(reals, reals, reals),
)
messages = st.one_of(
    st.builds(Hello, st.text(max_size=64), st.integers(0, 4096)),
    st.builds(Look, counts, reals, reals, st.integers(0, 64)),
    st.builds(Enough, counts),
    seen,
)
A_LOOK = Look(7, 10.0, 12.0, 3)
A_SIGHT = Seen(
    7, 1, 10.5, None, b"\x01\x02", (), (Gate("eyes_px", 60.0, 40.0, 800.0),), (1.0, 2.0, 3.0)
)


@given(messages)
def test_every_message_arrives_as_it_was_sent(message):
    assert decode(encode(message)) == message


@given(st.binary(max_size=200))
def test_any_bytes_are_a_message_or_refused(packet):
    understood(packet)


nonsense = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**60), 2**60)
    | st.floats()
    | st.text(max_size=8)
    | st.binary(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=8) | st.dictionaries(st.text(max_size=3), inner, max_size=3)
    ),
    max_leaves=12,
)


@given(st.sampled_from(["hello", "look", "enough", "seen", "open"]) | nonsense, nonsense)
def test_anything_well_packed_is_a_message_or_refused(name, values):
    understood(msgpack.packb([VERSION, name, values]))


@given(messages, st.data())
def test_a_message_with_bytes_changed_is_a_message_or_refused(message, data):
    packet = bytearray(encode(message))
    for _ in range(data.draw(st.integers(1, 3))):
        packet[data.draw(st.integers(0, len(packet) - 1))] = data.draw(st.integers(0, 255))
    understood(bytes(packet))


def understood(packet):
    """No other exception than WireError, and nothing accepted that could not have been sent."""
    try:
        message = decode(packet)
    except WireError:
        return
    assert decode(encode(message)) == message


def packed(message, **changes):
    """The packet of a message with some of its values replaced, by position."""
    version, name, values = msgpack.unpackb(encode(message))
    for position, value in changes.items():
        values[int(position.removeprefix("_"))] = value
    return msgpack.packb([version, name, values])


@pytest.mark.parametrize(
    "packet",
    [
        b"",
        packed(A_LOOK) + b"\x00",
        packed(A_LOOK)[:-1],
        msgpack.packb([VERSION + 1, "enough", [7]]),
        msgpack.packb([VERSION, "open", []]),
        msgpack.packb([VERSION, "enough", [7, 8]]),
        msgpack.packb([VERSION, "enough", [True]]),
        msgpack.packb([VERSION, "enough", [-1]]),
        msgpack.packb([VERSION, "enough", [7.0]]),
        msgpack.packb([VERSION, "hello", ["m" * 65, 128]]),
        msgpack.packb([VERSION, "hello", [b"model", 128]]),
        packed(A_LOOK, _1=math.nan),
        packed(A_LOOK, _2=math.inf),
        packed(A_LOOK, _3=65),
        packed(A_SIGHT, _3="no_face"),  # a reason and an embedding
        packed(A_SIGHT, _4=b""),  # neither
        packed(A_SIGHT, _3="opened", _4=b""),
        packed(A_SIGHT, _4="text"),
        packed(A_SIGHT, _4=bytes(4097)),
        packed(A_SIGHT, _5=[1.0] * 13),
        packed(A_SIGHT, _6=[["eyes_px", 1.0, 2.0]]),
        packed(A_SIGHT, _6=[["g", 1.0, 2.0, 3.0]] * 33),
        packed(A_SIGHT, _6=[["g", math.nan, 2.0, 3.0]]),
        packed(A_SIGHT, _7=[1.0, 2.0]),
        bytes(MAX_BYTES + 1),
    ],
)
def test_what_is_almost_a_message_is_refused(packet):
    with pytest.raises(WireError):
        decode(packet)


def test_a_message_that_no_packet_holds_is_refused_where_it_is_made():
    with pytest.raises(WireError):
        encode(Hello("m" * MAX_BYTES, 128))


def test_the_largest_answer_fits_a_packet():
    gate = Gate("g" * 32, 1.5, 0.5, 2.5)
    largest = Seen(2**53, 64, 1e9, None, bytes(4096), (1.5,) * 14, (gate,) * 32, (1e3,) * 3)
    assert decode(encode(largest)) == largest
