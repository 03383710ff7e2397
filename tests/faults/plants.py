"""Faults that are planted in the door, one at a time: a lane that lets one live is too weak.

Each is small, and such that somebody could have written it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import UTC
from unittest.mock import patch

import numpy as np

import edge.clock
from edge.contract.errors import StorageError
from edge.contract.reasons import Reason
from edge.core import lockout, machine, moves
from edge.core.burst import Nearest, find
from edge.door import link, people, records
from edge.door.devices.strike import Strike
from edge.door.judge import Judge
from edge.door.match import Matcher
from edge.door.mode import Mode
from edge.door.people import People
from edge.door.press import Judged, Press
from edge.door.records import Records
from edge.store import events

# What takes the place of an attribute, made from what is there.
Change = tuple[object, str, Callable[[object], object]]


@contextmanager
def planted(name: str) -> Iterator[None]:
    """With that fault in the door; "" is none."""
    if not name:
        yield
        return
    target, attribute, change = PLANTS[name]
    with patch.object(target, attribute, change(target.__dict__[attribute])):
        yield


def _pulse_before_record(decided):
    def wrong(state, event, policy):
        after, actions = decided(state, event, policy)
        return after, actions[::-1]

    return wrong


def _late_grant(decided):
    return lambda state, event, policy: decided(replace(state, until=math.inf), event, policy)


def _compared_before_counted(judged):
    def wrong(self, seen):
        nearest = self._people.matcher.nearest(seen.embedding) if not seen.reason else None
        made = judged(self, seen)
        return made if nearest is None else Judged(seen, find(nearest, self.rule), nearest)

    return wrong


def _never_counted_before(_count):
    def wrong(self, press):
        press.before = self._events.counter()

    return wrong


def _counted_twice(count):
    def wrong(self, press):
        press.before = None
        count(self, press)

    return wrong


def _camera_error_counts(counter_after):
    def wrong(self, press, reason):
        return None if reason is Reason.CAMERA_ERROR else counter_after(self, press, reason)

    return wrong


def _failure_given_back(counter_after):
    def wrong(self, press, reason):
        return press.before if reason.counts_as_failure else counter_after(self, press, reason)

    return wrong


def _pulse_without_end(pulse):
    def wrong(self, seconds):
        self._line.blink = lambda **_: None
        pulse(self, seconds)

    return wrong


def _pulse_too_long(pulse):
    return lambda self, seconds: pulse(self, 2 * seconds)


def _left_on_at_the_end(_close):
    return lambda self: self._line.close()


def _older_answer_taken(see):
    return lambda self, seen: see(self, replace(seen, press=self.press.number))


def _stale_frame_taken(_last_taken):
    return property(lambda self: self.frames[-1].seen.taken if self.frames else -math.inf)


def _same_frame_twice(last_taken):
    return property(lambda self: math.nextafter(last_taken.fget(self), -math.inf))


def _gallery_read_once(refresh):
    return lambda self: refresh(self) if self._generation == -1 else None


def _damaged_gallery_overlooked(_refresh):
    def wrong(self):
        generation = self._store.generation()
        if generation != self._generation:
            with suppress(StorageError):
                gallery = self._store.load()
                self.matcher = Matcher(self._manifest, gallery)
                self.step = people.step_for(self._level, self.matcher)
                self._gallery, self._generation = gallery, generation

    return wrong


def _threshold_of_nobody(new_rule):
    return lambda self: replace(new_rule(self), threshold=0.5)


def _threshold_of_few(_step_for):
    return lambda level, _matcher: level.steps[0]


def _threshold_nearly_the_same(new_rule):
    def wrong(self):
        rule = new_rule(self)
        return replace(rule, threshold=float(np.float32(rule.threshold)))

    return wrong


def _one_frame_is_enough(new_rule):
    return lambda self: replace(new_rule(self), agree=1)


def _margin_ignored(new_rule):
    return lambda self: replace(new_rule(self), margin=-1.0)


def _lockout_by_the_date(lockout_left):
    def wrong(self, now):
        date = edge.clock.datetime.now(UTC).timestamp() - 1_796_040_000.0
        self.drift = getattr(self, "drift", date - now)
        return lockout_left(self, date - self.drift)

    return wrong


def _lockout_ends_with_the_start(lockout_left):
    def wrong(self, now):
        return lockout_left(self, now) if self._events.counter().boot_id == self._boot else 0.0

    return wrong


def _time_of_another_start(remaining):
    """Seconds of a start that is over are taken for this one's."""
    return lambda *known, same_boot: remaining(*known, same_boot=bool(same_boot) or True)


def _grant_without_a_disk(commit):
    def wrong(self, press, reason, person, threshold):
        with suppress(StorageError):
            commit(self, press, reason, person, threshold)

    return wrong


def _exit_always_opens(exited):
    return lambda state, event, policy: exited(state, event, replace(policy, exit_opens=True))


def _shadow_opens(decided):
    return lambda state, event, policy: decided(state, event, replace(policy, shadow=False))


def _closed_lets_in(closed):
    def wrong(self):
        self.current = "normal"
        return closed(self)

    return wrong


def _press_while_deciding(step):
    def wrong(state, event, policy):
        if isinstance(event, moves.Pressed) and state.phase is machine.Phase.VERIFYING:
            state = replace(state, phase=machine.Phase.LOCKED)
        return step(state, event, policy)

    return wrong


def _press_while_open(step):
    def wrong(state, event, policy):
        if isinstance(event, moves.Pressed) and state.phase is machine.Phase.UNLOCKED:
            state = replace(state, phase=machine.Phase.LOCKED)
        return step(state, event, policy)

    return wrong


def _no_gap(step):
    return lambda state, event, policy: step(state, event, replace(policy, gap_s=0.0))


def _first_match_wins(_nearest):
    def wrong(self, embedding):
        if self.empty or not self._is_somebodys(embedding):
            return None
        probe = self._real(np.frombuffer(embedding, np.int8))
        found = self._templates.distances(probe)
        at = int(np.argmax(found < 0.3))
        owner = int(np.searchsorted(self._begins, at, side="right")) - 1
        return Nearest(self._people[owner], float(found[at]), math.inf)

    return wrong


def _owners_mixed_up(init):
    def wrong(self, *arguments):
        init(self, *arguments)
        self._people.reverse()

    return wrong


PLANTS: Mapping[str, Change] = {
    "pulse before record": (machine, "_decided", _pulse_before_record),
    "late grant": (machine, "_decided", _late_grant),
    "grant without a disk": (Records, "commit", _grant_without_a_disk),
    "pulse without end": (Strike, "pulse", _pulse_without_end),
    "pulse too long": (Strike, "pulse", _pulse_too_long),
    "line left on at the end": (Strike, "close", _left_on_at_the_end),
    "exit always opens": (machine, "_exited", _exit_always_opens),
    "shadow opens": (machine, "_decided", _shadow_opens),
    "closed lets in": (Mode, "closed", _closed_lets_in),
    "press while deciding": (machine, "step", _press_while_deciding),
    "press while open": (machine, "step", _press_while_open),
    "no gap": (machine, "step", _no_gap),
    "no limit a minute": (machine, "_PRESSES_A_MINUTE", lambda _: 1000),
    "compared before counted": (Judge, "_judged", _compared_before_counted),
    "never counted before": (Records, "count", _never_counted_before),
    "counted twice": (Records, "count", _counted_twice),
    "camera error counts": (Records, "_counter_after", _camera_error_counts),
    "failure given back": (Records, "_counter_after", _failure_given_back),
    "lock-out by the date": (Records, "lockout_left", _lockout_by_the_date),
    "lock-out ends with a start": (Records, "lockout_left", _lockout_ends_with_the_start),
    "time of another start": (records, "remaining", _time_of_another_start),
    "a quiet hour": (lockout, "_QUIET_S", lambda _: 3600.0),
    "lost log counts none": (events, "MOST_FAILURES", lambda _: 0),
    "older answer taken": (Judge, "see", _older_answer_taken),
    "stale frame taken": (Press, "last_taken", _stale_frame_taken),
    "same frame twice": (Press, "last_taken", _same_frame_twice),
    "the eye may grant": (link, "_OF_A_FRAME", lambda words: words | {Reason.GRANTED}),
    "one frame is enough": (Judge, "_new_rule", _one_frame_is_enough),
    "threshold of nobody": (Judge, "_new_rule", _threshold_of_nobody),
    "threshold of a small gallery": (people, "step_for", _threshold_of_few),
    "threshold nearly the same": (Judge, "_new_rule", _threshold_nearly_the_same),
    "margin ignored": (Judge, "_new_rule", _margin_ignored),
    "embeddings of any length": (Matcher, "_is_somebodys", lambda _: lambda _self, _e: True),
    "gallery read once": (People, "refresh", _gallery_read_once),
    "damaged gallery overlooked": (People, "refresh", _damaged_gallery_overlooked),
    "first match wins": (Matcher, "nearest", _first_match_wins),
    "owners mixed up": (Matcher, "__init__", _owners_mixed_up),
}
