"""The machine: whatever happens in whatever order, the strike moves for grants alone."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.contract.reasons import Happening, Reason
from edge.core.machine import STUCK_S, Phase, Policy, State, step
from edge.core.moves import (
    CaseOpened,
    CaseShut,
    Closed,
    Decided,
    Exited,
    Failed,
    LetGo,
    Look,
    Note,
    Opened,
    Pressed,
    Pulse,
    Record,
    Release,
    Tick,
    Unlock,
)

POLICY = Policy(verify_s=3.0, unlock_s=4.0, gap_s=1.0)
REFUSALS = [reason for reason in Reason if reason is not Reason.GRANTED]

times = st.integers(0, 12).map(float)  # few values, so that deadlines and collisions are hit
presses = st.integers(1, 3)
events = st.one_of(
    st.builds(Pressed, times, st.sampled_from([None, None, None, Reason.LOCKOUT])),
    st.builds(Tick, times),
    st.builds(Decided, times, presses, st.sampled_from([Reason.GRANTED] * 3 + REFUSALS[:3])),
    st.builds(Failed, times, presses, st.just(Reason.STORAGE_ERROR)),
)
histories = st.lists(events, max_size=12).map(
    lambda rest: [Pressed(0.0), *sorted(rest, key=lambda event: event.at)]
)


def played(history, policy=POLICY):
    """(state before, event, state after, actions) of each step."""
    steps, state = [], State()
    for event in history:
        before, (state, actions) = state, step(state, event, policy)
        steps.append((before, event, state, actions))
    return steps


@given(histories)
@settings(max_examples=300)
def test_the_strike_moves_only_for_the_granted_running_press_in_time(history):
    for before, event, after, actions in played(history):
        if any(isinstance(action, Pulse) for action in actions):
            assert isinstance(event, Decided)
            assert event.reason is Reason.GRANTED
            assert before.phase is Phase.VERIFYING
            assert event.press == before.press
            assert event.at < before.until
            granted, pulse = actions
            assert granted == Record(before.press, Reason.GRANTED)  # on the disk first
            assert pulse == Pulse(before.press, POLICY.unlock_s)
            assert after.until == event.at + POLICY.unlock_s


@given(histories)
@settings(max_examples=300)
def test_a_press_ends_once_and_is_pulsed_for_at_most_once(history):
    records, pulses, looks = [], [], []
    failed = set()
    for before, event, _, actions in played(history):
        records += [a.press for a in actions if isinstance(a, Record)]
        pulses += [a.press for a in actions if isinstance(a, Pulse)]
        looks += [a.press for a in actions if isinstance(a, Look)]
        if isinstance(event, Failed) and before.phase is Phase.UNLOCKED and actions:
            failed.add(before.press)  # its grant could not be recorded, or not be carried out
    for press in set(records):
        assert records.count(press) == 1 + (press in failed)
    assert len(pulses) == len(set(pulses))
    assert set(pulses) <= set(looks)
    assert len(looks) == len(set(looks))


@given(histories)
@settings(max_examples=300)
def test_a_press_while_one_is_decided_or_the_door_is_open_starts_nothing(history):
    for before, event, after, actions in played(history):
        if isinstance(event, Pressed) and before.phase is not Phase.LOCKED:
            assert (after, actions) == (replace(before, held=event.at), [])


@given(histories)
@settings(max_examples=300)
def test_presses_are_apart_by_the_gap_and_a_refused_one_is_not_looked_at(history):
    taken = []
    for before, event, after, actions in played(history):
        if isinstance(event, Pressed) and after.press != before.press:
            taken.append(event.at)
            if event.refusal is not None:
                assert actions == [Record(after.press, event.refusal)]
                assert after.phase is Phase.LOCKED
            else:
                assert actions == [Look(after.press, event.at, event.at + POLICY.verify_s)]
    assert all(second - first >= POLICY.gap_s for first, second in pairwise(taken))


@given(histories)
@settings(max_examples=300)
def test_from_anywhere_time_alone_leads_back_to_locked_and_the_line_is_released(history):
    *_, (_, _, state, _) = played(history)
    later, actions = step(state, Tick(1000.0), POLICY)
    assert later.phase is Phase.LOCKED
    assert (Release() in actions) == (state.phase is Phase.UNLOCKED)
    assert later.press == state.press


@given(histories, st.integers(0, 11))
@settings(max_examples=200)
def test_a_failed_action_releases_the_strike_before_anything_else(history, at):
    steps = played(history)
    state = steps[min(at, len(steps) - 1)][2]
    after, actions = step(state, Failed(50.0, state.press, Reason.PULSE_FAILED), POLICY)
    assert after.phase is Phase.LOCKED
    if state.phase is not Phase.LOCKED:
        assert actions == [Release(), Record(state.press, Reason.PULSE_FAILED)]


@pytest.mark.parametrize("reason", REFUSALS)
def test_every_refusal_is_recorded_and_leaves_the_door_locked(reason):
    looking, _ = step(State(), Pressed(5.0), POLICY)
    locked, actions = step(looking, Decided(6.0, 1, reason), POLICY)
    assert (locked.phase, actions) == (Phase.LOCKED, [Record(1, reason)])


@pytest.mark.parametrize("at", [8.0, 8.5])
def test_a_grant_at_the_deadline_or_later_is_a_timeout(at):
    looking, _ = step(State(), Pressed(5.0), POLICY)
    locked, actions = step(looking, Decided(at, 1, Reason.GRANTED), POLICY)
    assert (locked.phase, actions) == (Phase.LOCKED, [Record(1, Reason.TIMEOUT)])


def test_silence_until_the_deadline_is_a_timeout():
    looking, _ = step(State(), Pressed(5.0), POLICY)
    assert step(looking, Tick(7.99), POLICY) == (looking, [])
    locked, actions = step(looking, Tick(8.0), POLICY)
    assert (locked.phase, actions) == (Phase.LOCKED, [Record(1, Reason.TIMEOUT)])


def test_the_first_press_is_taken_however_young_the_machine_is():
    _, actions = step(State(), Pressed(0.0), POLICY)
    assert actions == [Look(1, 0.0, 3.0)]


AT_THE_DOOR = Policy(verify_s=3.0, unlock_s=4.0, gap_s=1.0, exit_opens=True, held_s=5.0)
movements = st.one_of(
    events,
    st.builds(Exited, times),
    st.builds(Opened, times),
    st.builds(Closed, times),
    st.builds(LetGo, times),
)
lives = st.lists(movements, max_size=16).map(lambda all_: sorted(all_, key=lambda e: e.at))


def notes(actions):
    return [action.what for action in actions if isinstance(action, Note)]


@given(lives)
@settings(max_examples=300)
def test_with_exit_and_contact_too_the_strike_moves_for_a_grant_or_an_exit_alone(history):
    for _, event, after, actions in played(history, AT_THE_DOOR):
        pulses = [action for action in actions if isinstance(action, Pulse)]
        assert len(pulses) <= 1
        if pulses:
            granted = isinstance(event, Decided) and event.reason is Reason.GRANTED
            assert granted or isinstance(event, Exited)
            assert pulses[0].seconds == AT_THE_DOOR.unlock_s
        if after.phase is Phase.UNLOCKED:
            assert after.until <= event.at + AT_THE_DOOR.unlock_s
        if isinstance(event, Exited):
            assert (notes(actions), len(pulses)) == ([Happening.EXIT], 1)


@given(lives)
@settings(max_examples=300)
def test_an_alarm_is_told_once_and_ends_with_a_shut_door(history):
    for before, event, after, actions in played(history, AT_THE_DOOR):
        raised = [what for what in notes(actions) if what.alarms]
        assert len(raised) <= 1
        if raised:
            assert before.alarm is None
            assert after.alarm is raised[0]
        if isinstance(event, Closed) and before.opened is not None:
            assert after.alarm is after.opened is None
        assert after.alarm is None or after.opened is not None


def test_an_exit_that_opens_nothing_is_noted_and_expected():
    _, _, state, actions = played([Exited(10.0)])[-1]
    assert actions == [Note(Happening.EXIT)]
    assert state.phase is Phase.LOCKED
    assert notes(step(state, Opened(13.0), POLICY)[1]) == [Happening.DOOR_OPENED]
    assert Happening.DOOR_FORCED in notes(step(state, Opened(17.0), POLICY)[1])


def test_who_leaves_while_somebody_is_looked_at_stops_no_press():
    history = [Pressed(0.0), Exited(1.0), Decided(2.0, 1, Reason.NOT_RECOGNISED)]
    steps = played(history, AT_THE_DOOR)
    assert steps[1][3] == [Note(Happening.EXIT), Pulse(0, 4.0)]
    assert steps[1][2].phase is Phase.VERIFYING
    assert steps[2][3] == [Record(1, Reason.NOT_RECOGNISED)]


@pytest.mark.parametrize("opens", [Exited(1.0), Unlock(1.0, 4.0)])
@pytest.mark.parametrize("ended", [[], [Decided(2.0, 1, Reason.NO_FACE)]])
def test_the_end_of_a_pulse_is_said_although_a_press_is_or_was_looked_at(opens, ended):
    *_, (_, _, looking, _) = played([Pressed(0.0), opens, *ended], AT_THE_DOOR)
    assert looking.energised == 5.0
    patient = replace(AT_THE_DOOR, verify_s=9.0)
    assert Release() not in step(looking, Tick(4.9), patient)[1]
    after, actions = step(looking, Tick(5.0), patient)
    assert (actions[0], after.energised) == (Release(), None)


def test_a_door_that_was_opened_after_a_grant_shuts_the_lock_behind_it():
    history = [Pressed(0.0), Decided(1.0, 1, Reason.GRANTED), Opened(2.0), Closed(3.0)]
    *_, state, actions = played(history, AT_THE_DOOR)[-1]
    assert actions == [Release(), Note(Happening.DOOR_CLOSED)]
    assert state.phase is Phase.LOCKED
    # And whoever opens it again right after is nobody who was let in.
    assert Happening.DOOR_FORCED in notes(step(state, Opened(3.5), AT_THE_DOOR)[1])
    stays = Policy(verify_s=3.0, unlock_s=4.0, gap_s=1.0, relock_on_close=False)
    assert played(history, stays)[-1][2].phase is Phase.UNLOCKED


def test_a_door_that_stands_open_is_told_once_and_no_sooner():
    opened = played([Exited(0.0), Opened(1.0)], AT_THE_DOOR)[-1][2]
    state, actions = step(opened, Tick(5.9), AT_THE_DOOR)
    assert notes(actions) == []
    state, actions = step(state, Tick(6.0), AT_THE_DOOR)
    assert notes(actions) == [Happening.DOOR_HELD]
    assert step(state, Tick(60.0), AT_THE_DOOR)[1] == []
    assert step(opened, Tick(1e6), POLICY)[1] == [Release()]  # "off": for ever


@pytest.mark.parametrize("refusal", [None, Reason.LOCKOUT, Reason.CAMERA_ERROR])
def test_more_than_twenty_presses_a_minute_are_refused_and_that_is_recorded_once(refusal):
    policy = Policy(verify_s=0.5, unlock_s=4.0, gap_s=0.5)
    state, looked, busy = State(), 0, []
    for second in range(59):
        state, actions = step(state, Pressed(float(second), refusal), policy)
        taken = (
            [Record(state.press, refusal)] if refusal else [Look(state.press, second, second + 0.5)]
        )
        looked += actions == taken
        busy += [action for action in actions if action == Record(state.press, Reason.BUSY)]
        state, _ = step(state, Tick(second + 0.9), policy)
    assert (looked, len(busy)) == (20, 1)
    state, actions = step(state, Pressed(80.0), policy)
    assert isinstance(actions[0], Look)
    assert not state.flooded


def test_a_case_that_opens_is_an_alarm_until_it_is_shut_and_not_for_ever():
    state, actions = step(State(), CaseOpened(10.0), POLICY)
    assert actions == [Note(Happening.TAMPER)]
    assert Happening.TAMPER.alarms
    assert step(state, CaseOpened(11.0), POLICY) == (state, [])
    assert state.alarms(100.0)
    assert not state.alarms(191.0)
    shut, actions = step(state, CaseShut(20.0), POLICY)
    assert (shut.alarms(21.0), actions) == (False, [])
    # Nobody who opens the case ends another alarm by shutting it.
    forced = played([CaseOpened(10.0), Opened(11.0), CaseShut(12.0)])[-1][2]
    assert forced.alarms(13.0)


def test_a_button_that_stays_down_is_told_once_until_it_is_let_go():
    policy = Policy(verify_s=1.0, unlock_s=4.0, gap_s=1.0)
    state = played([Pressed(0.0), Tick(1.0)], policy)[-1][2]
    state, actions = step(state, Tick(STUCK_S - 0.1), policy)
    assert (actions, state.stuck) == ([], False)
    state, actions = step(state, Tick(STUCK_S), policy)
    assert (notes(actions), state.stuck) == ([Happening.BUTTON_STUCK], True)
    assert step(state, Tick(STUCK_S + 60.0), policy) == (state, [])
    state, actions = step(state, LetGo(100.0), policy)
    assert (state.stuck, state.held, actions) == (False, None, [])
    assert isinstance(step(state, Pressed(101.0), policy)[1][0], Look)
    # One that is let go in time says nothing, and one that was down from the start does.
    assert played([Pressed(0.0), LetGo(1.0), Tick(STUCK_S + 1.0)], policy)[-1][2].stuck is False
    assert notes(step(State(held=0.0), Tick(STUCK_S), policy)[1]) == [Happening.BUTTON_STUCK]


def test_in_shadow_a_grant_is_recorded_and_opens_nothing():
    shadow = Policy(verify_s=3.0, unlock_s=4.0, gap_s=1.0, shadow=True)
    _, _, state, actions = played([Pressed(0.0), Decided(1.0, 1, Reason.GRANTED)], shadow)[-1]
    assert actions == [Record(1, Reason.GRANTED)]
    assert state.phase is Phase.LOCKED
    # One that could not be recorded ends as what it is, once.
    lost = Failed(1.0, 1, Reason.STORAGE_ERROR)
    state, actions = step(state, lost, shadow)
    assert actions == [Record(1, Reason.STORAGE_ERROR)]
    assert step(state, lost, shadow)[1] == []
