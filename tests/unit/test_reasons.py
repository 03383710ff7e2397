"""The closed list of reason words."""

from __future__ import annotations

import re

import pytest

from edge.contract.reasons import Reason


@pytest.mark.parametrize("reason", Reason)
def test_every_reason_is_a_word_with_a_remedy_of_sentences(reason):
    assert re.fullmatch(r"[a-z]+(_[a-z]+)*", reason.value)
    assert reason.name == reason.value.upper()
    assert reason.remedy[0].isupper()
    assert reason.remedy.endswith(".")


def test_only_a_good_face_that_did_not_match_leads_towards_a_lockout():
    assert {reason.value for reason in Reason if reason.counts_as_failure} == {
        *("not_recognised", "ambiguous", "inconsistent")
    }


def test_a_refused_face_outranks_a_fault_and_the_nearer_cause_comes_first():
    """`edge.core` reports the earliest of equals, so the order is part of the contract."""
    order = list(Reason)
    for first, second in [
        ("no_face", "too_small"),
        ("two_faces", "not_recognised"),
        ("too_small", "blurred"),
        ("blurred", "off_angle"),
        ("not_recognised", "inconsistent"),
        ("timeout", "camera_error"),
    ]:
        assert order.index(Reason(first)) < order.index(Reason(second))
