"""The rule of a burst: who is let in, and which word a refusal has."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.contract.reasons import Reason
from edge.core.burst import Finding, Nearest, Rule, Verdict, conclude, decide, find

OF_A_FRAME = [
    Reason.NO_FACE,
    Reason.TOO_DARK,
    Reason.BLURRED,
    Reason.NOT_RECOGNISED,
    Reason.AMBIGUOUS,
    Reason.CAMERA_ERROR,
    Reason.ENGINE_ERROR,
]
ADA, BEA = Finding("ada", None), Finding("bea", None)

rules = st.integers(1, 8).flatmap(
    lambda frames: st.builds(
        Rule,
        st.just(frames),
        st.integers(1, frames),
        st.sampled_from([0.2, 0.3, 0.4]),
        st.sampled_from([0.0, 0.1]),
    )
)
findings = st.one_of(
    st.sampled_from([ADA, ADA, BEA]),
    st.sampled_from(OF_A_FRAME).map(lambda reason: Finding(None, reason)),
)
bursts = st.lists(findings, max_size=8)
# Few values, so that thresholds, margins and ties are hit.
few = st.sampled_from([0.0, 0.1, 0.2, 0.25, 0.3, 0.4, 1.0, math.nan, math.inf])
nearest = st.one_of(st.none(), st.builds(Nearest, st.sampled_from(["ada", "bea"]), few, few))


def no(reason):
    return Finding(None, reason)


def told(frames, rule):
    """The verdict as the door comes to it: frame by frame, until it is decided or none is left."""
    for n in range(len(frames) + 1):
        verdict = decide(frames[:n], rule)
        if verdict is not None:
            return verdict, n
    return conclude(frames, rule), len(frames)


@given(bursts, rules)
@settings(max_examples=300)
def test_a_grant_needs_enough_frames_of_one_person(frames, rule):
    verdict, looked_at = told(frames, rule)
    votes = sum(f.person == verdict.person for f in frames[:looked_at])
    if verdict.reason is Reason.GRANTED:
        assert verdict.person is not None
        assert votes >= rule.agree
        assert looked_at <= rule.frames
    else:
        assert verdict.person is None
        within = frames[: rule.frames]
        assert all(within.count(one) < rule.agree for one in (ADA, BEA))


@given(bursts, rules)
@settings(max_examples=300)
def test_deciding_early_changes_nothing_that_a_further_frame_could(frames, rule):
    frames = frames[: rule.frames]
    verdict, n = told(frames, rule)
    if verdict.reason is not Reason.GRANTED and n < rule.frames:
        for person in (ADA, BEA) if n < len(frames) else ():
            rest = [person] * (rule.frames - n)
            assert conclude([*frames[:n], *rest], rule).reason is not Reason.GRANTED


@given(bursts, rules)
@settings(max_examples=200)
def test_a_burst_of_all_its_frames_is_decided(frames, rule):
    full = (frames + [no(Reason.NO_FACE)] * rule.frames)[: rule.frames]
    assert decide(full, rule) is not None


@given(bursts, rules, st.randoms())
@settings(max_examples=200)
def test_the_order_of_the_frames_changes_no_conclusion(frames, rule, random):
    shuffled = random.sample(frames, len(frames))
    assert conclude(shuffled, rule) == conclude(frames, rule)


@given(st.lists(nearest, max_size=8), rules, st.sampled_from([0.05, 0.1, 0.2, 0.3]))
@settings(max_examples=500)
def test_a_stricter_threshold_never_turns_a_refusal_into_a_grant(found, rule, by):
    stricter = Rule(rule.frames, rule.agree, rule.threshold - by, rule.margin)
    before, _ = told([find(one, rule) for one in found], rule)
    after, _ = told([find(one, stricter) for one in found], stricter)
    if after.reason is Reason.GRANTED:
        assert before.reason is Reason.GRANTED


@given(nearest, rules)
@settings(max_examples=300)
def test_a_frame_names_a_person_only_below_the_threshold_and_beyond_the_margin(found, rule):
    finding = find(found, rule)
    if finding.person is not None:
        assert found.person == finding.person
        assert found.distance < rule.threshold
        assert found.next_distance - found.distance > rule.margin


@pytest.mark.parametrize(
    ("found", "reason"),
    [
        (None, Reason.NOT_RECOGNISED),
        (Nearest("ada", 0.3, 1.0), Reason.NOT_RECOGNISED),  # at the threshold is not below it
        (Nearest("ada", math.nan, 1.0), Reason.NOT_RECOGNISED),
        (Nearest("ada", math.inf, math.inf), Reason.NOT_RECOGNISED),
        (Nearest("ada", 0.1, math.nan), Reason.AMBIGUOUS),
        (Nearest("ada", 0.1, 0.1), Reason.AMBIGUOUS),
    ],
)
def test_who_is_not_clearly_one_person_is_nobody(found, reason):
    assert find(found, Rule(1, 1, 0.3, 0.0)) == Finding(None, reason)


def test_who_is_alone_in_the_gallery_has_no_rival_at_any_margin():
    assert find(Nearest("ada", 0.29, math.inf), Rule(1, 1, 0.3, 0.5)).person == "ada"


@pytest.mark.parametrize(
    ("frames", "reason"),
    [
        ([], Reason.TIMEOUT),
        ([no(Reason.TOO_DARK), no(Reason.NO_FACE), no(Reason.TOO_DARK)], Reason.TOO_DARK),
        ([no(Reason.BLURRED), no(Reason.NO_FACE)], Reason.NO_FACE),  # equals: the earlier word
        ([no(Reason.NO_FACE), no(Reason.NO_FACE), no(Reason.NOT_RECOGNISED)], "not_recognised"),
        ([no(Reason.NOT_RECOGNISED), no(Reason.CAMERA_ERROR)], Reason.CAMERA_ERROR),
        ([no(Reason.ENGINE_ERROR), no(Reason.CAMERA_ERROR)], Reason.ENGINE_ERROR),
        ([ADA, no(Reason.CAMERA_ERROR)], Reason.CAMERA_ERROR),
        ([ADA, no(Reason.NO_FACE), no(Reason.NO_FACE)], Reason.INCONSISTENT),
        ([ADA, BEA], Reason.INCONSISTENT),
        ([ADA, BEA, ADA, BEA], Reason.INCONSISTENT),
    ],
)
def test_the_word_of_a_refusal(frames, reason):
    assert conclude(frames, Rule(4, 2, 0.3, 0.0)) == Verdict(Reason(reason))


@pytest.mark.parametrize(
    ("person", "reason"),
    [(None, None), ("ada", Reason.NO_FACE), (None, Reason.GRANTED), ("ada", Reason.GRANTED)],
)
def test_a_frame_that_says_no_one_thing_does_not_exist(person, reason):
    with pytest.raises(ValueError, match="one thing"):
        Finding(person, reason)
