"""The small part of the fault histories; `make test-faults` plays a thousand times as many."""

from __future__ import annotations

import pytest

from tests.faults.check import check, explain
from tests.faults.generate import history
from tests.faults.plants import planted
from tests.faults.stage import stage
from tests.faults.told import facts_of, steps_of

A_FEW = 200


@pytest.fixture
def here(tmp_path):
    with stage(tmp_path) as made:
        yield made


def test_a_few_histories_hold(here):
    outcomes = [check(here, seed) for seed in range(A_FEW)]
    assert [one for one in outcomes if one.broken] == []
    assert sum(one.met["pulses"] for one in outcomes) > A_FEW / 4


@pytest.mark.parametrize(
    "plant",
    ["pulse before record", "never counted before", "gallery read once", "press while open"],
)
def test_a_planted_fault_is_found(here, plant):
    with planted(plant):
        assert any(check(here, seed).broken for seed in range(A_FEW))


def test_a_history_is_the_same_whenever_it_is_played(here):
    seeds = range(A_FEW, A_FEW + 20)
    first = [list(facts_of(here.play(history(seed)))) for seed in seeds]
    again = [list(facts_of(here.play(history(seed)))) for seed in reversed(seeds)]
    assert first == again[::-1]
    assert len({tuple(steps_of(history(seed))) for seed in seeds}) == len(seeds)


def test_what_breaks_is_told_with_no_more_steps_than_it_takes(here):
    with planted("pulse before record"):
        found = next(one for one in (check(here, seed) for seed in range(A_FEW)) if one.broken)
        said = explain(here, found)
    before, _, after = said.partition("what was seen:")
    assert "I1: " in before
    assert f"seed {found.seed}" in before
    assert before.count("Press frames=") == 1
    assert "Drove on=True by='loop'" in after
