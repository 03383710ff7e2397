"""The door between two events: what it has in hand, and how it carries the machine's actions out.

What the disk, a pin or the eye does wrong is a refusal here, and the door goes on, locked.
"""

from __future__ import annotations

from contextlib import ExitStack, suppress
from dataclasses import replace
from typing import Any

from edge.clock import boottime
from edge.config import Config
from edge.contract.bundle import Bundle, Promise
from edge.contract.errors import BundleError, OnelookError, PinError, StorageError
from edge.contract.reasons import Reason
from edge.contract.wire import Enough, Look, Seen
from edge.core import lights as said
from edge.core import machine, moves
from edge.core.burst import Verdict
from edge.core.lockout import Lockout
from edge.door.devices.lights import Lights
from edge.door.devices.strike import Strike
from edge.door.judge import Judge
from edge.door.link import Link, LostError
from edge.door.mode import Mode
from edge.door.outputs import lamp_pins
from edge.door.people import People
from edge.door.records import Records, Show, tell_fault
from edge.door.sitting import NO_PRESS, Sittings
from edge.store.events import EventStore


class Door:
    """What it opens is closed by `stack`. `armed`: the eye has answered once."""

    def __init__(
        self,
        config: Config,
        promise: Bundle | Promise,
        strike: Strike,
        stack: ExitStack,
        show: Show | None,
    ) -> None:
        """show: gets each event document, or None.

        Raises:
            OnelookError: store or pins are not to be had.
        """
        manifest, limits = promise.manifest, config.lockout
        self._policy, self._bundle = _policy(config), manifest.name
        self._strike = strike
        self.events = stack.enter_context(EventStore(config.paths.state_dir))
        lockout = Lockout(limits.free, limits.first_s, limits.cap_s)
        self._records = Records(self.events, lockout, model=manifest.model, show=show)
        self._mode = Mode(config.door.mode, config.hours)
        self.set_mode(self.events.mode())
        level = manifest.level(config.recognition.level)
        self._people = People(config.paths.state_dir, self.events, manifest, level)
        self._judge = Judge(self._people, self._records, config.recognition)
        self.link = Link(config.paths.socket, manifest.model, manifest.dimensions)
        stack.callback(self.link.close)
        self._lights = Lights(lamp_pins(config))
        stack.callback(self._lights.close)
        self._lights.rest(said.Show.NOT_ARMED)
        self.sittings = Sittings(self.link, self._lights)
        self.state = machine.State()
        self._verdict = Verdict(Reason.TIMEOUT)
        self.armed = False

    @property
    def idle(self) -> bool:
        """Nobody is looked at, and the lock is shut."""
        locked = self.state.phase is machine.Phase.LOCKED and self.state.energised is None
        return locked and self.sittings.until is None

    def set_mode(self, mode: str | None) -> str:
        """Take the owner's mode, or None for the configured one; returns the one that counts."""
        current = self._mode.set(mode)
        self._policy = replace(self._policy, shadow=self._mode.shadow)
        self._records.set_mode(current)
        return current

    def described(self) -> dict[str, Any]:
        """What the owner may know of the door, now. Raises: StorageError."""
        with suppress(OnelookError):  # whoever was enrolled since the last press counts
            self._people.refresh()
        now, state, fault = boottime(), self.state, self.link.fault
        counter, left = self.events.counter(), self._records.lockout_left(now)
        faults = {
            "the door was forced or stands open": state.alarm is not None,
            "the unit's case is open": state.tampered,
            "the button hangs": state.stuck,
            f"the eye does not see ({fault.value if fault else ''})": fault is not None,
        }
        return {
            "mode": self._mode.current,
            "configured_mode": self._mode.configured,
            "armed": self.armed,
            "phase": state.phase.value,
            "strike": "on" if self._strike.energised else "off",
            "door": "open" if state.opened is not None else "shut or without a contact",
            "lockout": {"failures": counter.failures, "left_ms": round(left * 1000)},
            "people": self._people.matcher.people,
            "level": self._people.level,
            "bundle": self._bundle,
            "faults": [what for what, is_so in faults.items() if is_so],
        }

    def feel(self, event: moves.Event) -> None:
        """Something at the door moved. A press of now is looked at only if nothing is against it.

        Raises: as `feed`.
        """
        if isinstance(event, moves.Pressed) and self.state.phase is machine.Phase.LOCKED:
            event = moves.Pressed(event.at, self._refusal(event.at))
        self.feed(event)

    def see(self, seen: Seen) -> None:
        """A frame, of the press that runs, of a sitting, or of nothing any more."""
        if seen.press == NO_PRESS:
            self.sittings.hear(seen)
        elif self.state.phase is machine.Phase.VERIFYING:
            try:
                verdict = self._judge.see(seen)
            except StorageError as e:
                tell_fault(e)
                verdict = Verdict(Reason.STORAGE_ERROR)
            if verdict is not None:
                self.decide(verdict)

    def lose_eye(self) -> None:
        """No frame comes any more."""
        self.sittings.end(interrupted=True)
        self.decide(Verdict(Reason.CAMERA_ERROR))

    def decide(self, verdict: Verdict) -> None:
        """End the press that runs, if one does."""
        if self.state.phase is not machine.Phase.VERIFYING:
            return
        if verdict.reason is Reason.GRANTED:  # and may be closed since the press
            admitted = self._people.admitted(verdict.person, self._mode.clock())
            verdict = replace(verdict, reason=self._mode.closed() or admitted)
        self._verdict, press = verdict, self._judge.press.number
        self.feed(moves.Decided(boottime(), press, verdict.reason))
        if self.link.fault is None:
            self._send(Enough(press))

    def tend(self, now: float) -> None:
        """Do what time asks for, at CLOCK_BOOTTIME seconds. Raises: as `feed`."""
        if self.state.phase is machine.Phase.VERIFYING and now >= self.state.until:
            self.decide(self._judge.conclude())
        self.feed(moves.Tick(now))
        self.sittings.tend(now)
        self._lights.rest(self._at_rest(now))

    def due(self) -> list[float]:
        """When `tend` has something to do at the latest, CLOCK_BOOTTIME seconds."""
        ends = machine.due(self.state, self._policy)
        return ends if self.sittings.until is None else [*ends, self.sittings.until]

    def feed(self, event: moves.Event) -> None:
        """Step the machine; an action that fails stops the rest and is told back.

        Raises:
            PinError: the lock's line cannot be driven off.
        """
        self.state, actions = machine.step(self.state, event, self._policy)
        for action in actions:
            try:
                self._carry_out(action, event)
            except (StorageError, PinError) as e:
                tell_fault(e)
                if isinstance(action, moves.Release):
                    raise  # a line that cannot be driven off is let go of with the process
                storage = isinstance(e, StorageError)
                reason = Reason.STORAGE_ERROR if storage else Reason.PULSE_FAILED
                self.feed(moves.Failed(boottime(), getattr(action, "press", 0), reason))
                return

    def _refusal(self, at: float) -> Reason | None:
        """Why nobody may be looked at now; the lock-out comes first."""
        try:
            if self._records.lockout_left(at) > 0.0:
                return Reason.LOCKOUT
            if (closed := self._mode.closed()) is not None:
                return closed
            self._judge.renew()
        except BundleError as e:
            tell_fault(e)
            return Reason.NOT_ARMED
        except OnelookError as e:
            tell_fault(e)
            return Reason.STORAGE_ERROR
        fault = self.link.fault
        if fault is not None:
            never_seen = fault is Reason.CAMERA_ERROR and not self.armed
            return Reason.NOT_ARMED if never_seen else fault
        return Reason.EMPTY_GALLERY if self._people.matcher.empty else None

    def _at_rest(self, now: float) -> said.Show:
        """What the lamps say while nobody presses."""
        if self.state.alarms(now):
            return said.Show.ALARM
        if not self.armed:
            return said.Show.NOT_ARMED
        works = self.link.fault is None and not self.state.stuck
        return said.Show.DARK if works else said.Show.FAULT

    def _carry_out(self, action: moves.Action, event: moves.Event) -> None:
        match action:
            case moves.Look(press, not_before, deadline):
                self.sittings.end(interrupted=True)
                self._judge.begin(press, not_before)
                self._lights.show(said.Show.LOOKING, deadline - not_before)
                self._send(Look(press, not_before, deadline, self._judge.rule.frames))
            case moves.Record(press, reason):
                self._record(press, reason, event.at)
            case moves.Pulse(_, seconds):
                self._strike.pulse(seconds)
                self._lights.show(said.Show.GRANTED, seconds)
            case moves.Release():
                self._strike.release()
                self._lights.show(said.Show.DARK, 0.0)  # the door shut before its time was up
            case moves.Note(what, needed):
                said_why = {k: getattr(event, k) for k in ("who", "because") if hasattr(event, k)}
                self._records.note(what, event.at, needed=needed, **said_why)

    def _record(self, press: int, reason: Reason, at: float) -> None:
        if press != self._judge.press.number:  # refused without a look
            self._judge.begin(press, at)
        person = self._people.person(self._verdict.person if reason.recognised else None)
        self._records.commit(self._judge.press, reason, person, self._judge.rule.threshold)
        if reason is not Reason.GRANTED or self._policy.shadow:  # else when the lock opens
            show = said.of_reason(reason)
            self._lights.show(show, said.lasts(show))

    def _send(self, message: Look | Enough) -> None:
        try:
            self.link.send(message)
        except LostError:
            self.decide(Verdict(Reason.CAMERA_ERROR))


def _policy(config: Config) -> machine.Policy:
    door = config.door
    return machine.Policy(
        config.recognition.decide_within_s,
        door.pulse_s,
        config.button.gap_s,
        exit_opens=door.exit_opens,
        relock_on_close=door.relock_on_close,
        held_s=door.held_after_s,
    )
