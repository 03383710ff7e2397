"""The facts of a history, put together by press: what the invariants are about."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from edge.contract.manifest import to_bytes
from edge.contract.reasons import Reason
from edge.store.people import Gallery
from tests.faults.faces import distance, manifest, threshold
from tests.faults.facts import (
    Asked,
    Commanded,
    Dated,
    Ended,
    Enrolled,
    Fact,
    Kept,
    Moved,
    Said,
    Slipped,
    Started,
    Told,
    Tried,
)
from tests.faults.play import Played
from tests.faults.steps import Slip

RAW_MANIFEST = to_bytes(manifest())
SAME = 1e-6  # the door computes with fewer digits
GRANTED = Reason.GRANTED.value
_PRESS = re.compile(r"^onelook: press .* press=(\d+) ")
_DAY_S = 86400.0
_TURNS = range(8)  # in one it lets an owner in, in a later one it listens; there may be a few


@dataclass
class Life:
    """A process of the door's. booted_at: when this start of the machine began."""

    number: int
    boot: int
    booted_at: float
    ended: Fact | None = None


@dataclass
class Asking:
    """A press that was looked at. pushed: when, in seconds of the history.

    decided: the door began to say how it ended. raised: its failure was on the disk; before: how
    many there were without it.
    """

    life: Life
    number: int
    fact: Fact
    pushed: float
    felt: Fact | None
    deadline: float
    told: list[Fact] = field(default_factory=list)
    rows: list[tuple[Fact, Mapping[str, Any]]] = field(default_factory=list)
    decided: Fact | None = None
    raised: Fact | None = None
    before: int = 0

    def usable(self, until: Fact) -> list[Fact]:
        """Frames with an embedding, of after the press, that were told by then."""
        return [
            fact
            for fact in self.told
            if fact.place <= until.place
            and not fact.what.seen.reason
            and self.life.booted_at + fact.what.seen.taken > self.pushed
        ]


@dataclass(frozen=True)
class Counted:
    """The counter's truth: how many, and when the last of them was pushed, in which start."""

    failures: int
    at: float
    boot: int


class Story:
    """Everything that the invariants ask for."""

    def __init__(self, played: Played) -> None:
        self.played, self.config, self.facts = played, played.config, played.facts
        self.lives: dict[int, Life] = {}
        self.askings: list[Asking] = []
        # As it was after each fact: counter and mode on the disk, the press that was looked at.
        self.counter: list[Counted] = []
        self.mode: list[str] = []
        self.running: list[Asking | None] = []
        self._life = Life(0, 1, -played.history.scene.uptime)
        self._felt: dict[float, Fact] = {}
        self._early: list[Fact] = []  # frames for a press that was not looked at as they were told
        self._known: dict[tuple[int, str, float], Counted] = {}
        self._enrolled: list[tuple[float, Gallery]] = []
        self._dated: list[tuple[float, Dated]] = []
        self._read()

    def of(self, *kinds: type) -> Iterator[Fact]:
        """All facts of these kinds."""
        return (fact for fact in self.facts if isinstance(fact.what, kinds))

    def rows(self) -> Iterator[tuple[Fact, Mapping[str, Any]]]:
        """How presses ended, as far as that came to be on the disk."""
        for fact in self.of(Kept):
            yield from ((fact, row) for row in fact.what.rows if row.get("kind") == "decision")

    def grants(self) -> Iterator[tuple[Fact, Mapping[str, Any], Asking | None]]:
        """Every granted row, with its press; None: the eye was not asked."""
        for fact, row in self.rows():
            if row["reason"] == GRANTED:
                yield fact, row, self.asking(fact.life, row["press"])

    def asking(self, life: int, press: int) -> Asking | None:
        """The press of that number that was looked at."""
        found = (a for a in self.askings if (a.life.number, a.number) == (life, press))
        return next(found, None)

    def galleries(self, since: float, until: float) -> list[Gallery]:
        """Whoever was enrolled at some moment of that time; of an unreadable gallery nobody."""
        current, found = Gallery(), []
        for at, gallery in self._enrolled:
            if at <= until:
                if at > since:
                    found.append(current)
                current = gallery
        return [*found, current]

    def clocks(self, since: float, until: float) -> list[tuple[datetime, bool]]:
        """(local time, whether it is known) as it was at the ends of that time, and in between."""
        found: list[tuple[datetime, bool]] = []
        current = self._dated[0][1]
        for at, dated in self._dated:
            if since < at <= until:
                found += [_clock(current, at), _clock(dated, at)]
            if at <= until:
                current = dated
            if at <= since:
                found = [_clock(current, since)]
        return [*found, _clock(current, until)]

    def commanded(self, do: str, before: Fact) -> list[Commanded]:
        """What the owner said so shortly before that the door has just come to hear it."""
        return [
            fact.what
            for fact in self.of(Commanded)
            if fact.what.do == do and fact.life == before.life and before.turn - fact.turn in _TURNS
        ]

    def slips(self, since: Fact, until: Fact, slip: Slip) -> list[Fact]:
        """The traps of that kind that sprang in between."""
        between = self.facts[since.place : until.place]
        return [f for f in between if isinstance(f.what, Slipped) and f.what.slip is slip]

    def cut(self, gallery: Gallery) -> float | None:
        """The manifest's threshold for that gallery; None: there is none, it is too large."""
        people = [who for who, _ in _usable(gallery)]
        level = self.config.recognition.level
        return threshold(RAW_MANIFEST, level, len(set(people)), len(people))

    def agreeing(self, asking: Asking, person: str, gallery: Gallery, until: Fact) -> int:
        """Frames of that press, each another and taken after it, that show that person."""
        cut, margin = self.cut(gallery), self.config.recognition.margin
        if cut is None:
            return 0
        shown = set()
        for fact in asking.usable(until):
            best, rival = _nearest(fact.what.seen.embedding, person, gallery)
            if best < cut + SAME and rival - best > margin - SAME:
                shown.add(fact.what.seen.taken)
        return len(shown)

    def locked_until(self, counted: Counted, life: Life) -> float:
        """When the lock-out ends that these failures mean, in seconds of the history."""
        rule, wait = self.config.lockout, 0.0
        beyond = counted.failures - rule.free
        if beyond >= 0:
            wait = min(rule.cap_s, rule.first_s * 2 ** min(beyond, 40))
        return self._since(counted, life) + wait

    def quiet_day(self, counted: Counted, life: Life, at: float) -> bool:
        """Whether a day has passed since the last failure, as far as anybody knows."""
        return at - self._since(counted, life) >= _DAY_S

    def _since(self, counted: Counted, life: Life) -> float:
        return counted.at if counted.boot == life.boot else life.booted_at

    def _read(self) -> None:
        counted, mode, running = Counted(0, 0.0, 0), self.config.door.mode, None
        for fact in self.facts:
            match fact.what:
                case Started() | Ended():
                    self._process(fact)
                    running = None
                case Asked():
                    running = self._asked(fact)
                case Told(seen=seen) if running and seen and seen.press == running.number:
                    running.told.append(fact)
                case Kept(rows):
                    mode = _mode(mode, self.config.door.mode, rows)
                    counted = self._kept(fact, running, counted)
                case _:
                    self._other(fact)
            self.counter.append(counted)
            self.mode.append(mode)
            self.running.append(running)

    def _process(self, fact: Fact) -> None:
        if isinstance(fact.what, Started):
            self._life, self._felt = Life(fact.life, fact.what.boot, fact.what.booted_at), {}
            self.lives[fact.life] = self._life
        else:
            self._life.ended = fact

    def _asked(self, fact: Fact) -> Asking:
        look, base = fact.what.look, self._life.booted_at
        felt = self._felt.get(round(look.not_before, 9))
        pushed, deadline = base + look.not_before, base + look.deadline
        # What an eye that lies told before, and nobody has read yet, waits at the socket already.
        early = [
            told
            for told in self._early
            if (told.life, told.what.seen.press) == (fact.life, look.press)
            and (told.turn, told.asleep) in {(fact.turn, True), (fact.turn - 1, False)}
        ]
        asking = Asking(self._life, look.press, fact, pushed, felt, deadline, early)
        self.askings.append(asking)
        return asking

    def _other(self, fact: Fact) -> None:
        match fact.what:
            case Moved("press", low=True):
                self._felt[round(fact.at - self._life.booted_at, 9)] = fact
            case Tried(row) if row.get("kind") == "decision":
                self._decided(fact, row["press"])
            case Said(line) if found := _PRESS.search(line):  # the disk may have taken nothing
                self._decided(fact, int(found[1]))
            case Told(seen=seen) if seen is not None:
                self._early.append(fact)
            case Enrolled(version):
                nobody = version is None
                gallery = Gallery() if nobody else self.played.galleries[version]
                self._enrolled.append((fact.at, gallery))
            case Dated():
                self._dated.append((fact.at, fact.what))

    def _decided(self, fact: Fact, press: int) -> None:
        asking = self.asking(fact.life, press)
        if asking and asking.decided is None:
            asking.decided = fact

    def _kept(self, fact: Fact, running: Asking | None, counted: Counted) -> Counted:
        """What the counter is after that."""
        kept = fact.what
        for row in kept.rows:
            asking = self.asking(fact.life, row.get("press", -1))
            if asking and row.get("kind") == "decision":
                asking.rows.append((fact, row))
        key = kept.failures, kept.boot_id, kept.counted_at
        if key not in self._known:
            self._known[key] = self._counted(fact, running, counted)
        return self._known[key]

    def _counted(self, fact: Fact, running: Asking | None, counted: Counted) -> Counted:
        """A counter that there was not yet: when the last failure was, by what was seen."""
        kept, life = fact.what, self._life
        if fact.life == 0:  # found so by the first process
            boot = int(kept.boot_id.removeprefix("boot-"))
            return Counted(kept.failures, life.booted_at + kept.counted_at, boot)
        if kept.failures <= counted.failures:
            return Counted(kept.failures, counted.at, counted.boot)
        if running is None or kept.rows:  # a log that was lost
            return Counted(kept.failures, fact.at, life.boot)
        if running.raised is None:
            running.raised, running.before = fact, counted.failures
        return Counted(kept.failures, running.pushed, life.boot)


def _clock(dated: Dated, at: float) -> tuple[datetime, bool]:
    return dated.zero + timedelta(seconds=at), dated.known


def _mode(mode: str, configured: str, rows: tuple[Mapping[str, Any], ...]) -> str:
    """What counts after these rows: the last one's that changed it; of a lost log none is known."""
    for row in rows:
        if row["reason"] == "mode_changed":
            mode = row["to"] if row["to"] != "as configured" else configured
        elif row["reason"] == "log_gap":
            mode = configured
    return mode


@cache
def _usable(gallery: Gallery) -> tuple[tuple[str, bytes], ...]:
    """(person, template) of this network's, as far as it is anybody's."""
    return tuple(
        (person.id, one.embedding)
        for person in gallery.people
        for one in person.templates
        if one.model == manifest().model and distance(one.embedding, one.embedding) < 1.0
    )


@cache
def _nearest(probe: bytes, person: str, gallery: Gallery) -> tuple[float, float]:
    """How far that person is, and the nearest of all others."""
    mine = [distance(probe, one) for who, one in _usable(gallery) if who == person]
    others = [distance(probe, one) for who, one in _usable(gallery) if who != person]
    return min(mine, default=1.0), min(others, default=float("inf"))
