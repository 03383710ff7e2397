"""The door's loop: waits for whatever comes first, steps the machine, carries its actions out.

What the disk, a pin or the eye does wrong is a refusal here, and the loop lives on, locked. What
nobody foresaw ends the process: the strike is released on the way out, systemd starts a new one.
"""

from __future__ import annotations

import select
from contextlib import ExitStack, suppress
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from edge import journal, notify
from edge.clock import boottime
from edge.config import Config
from edge.contract.errors import (
    BundleError,
    OnelookError,
    PinError,
    StorageError,
)
from edge.contract.reasons import Reason
from edge.contract.wire import Enough, Seen
from edge.contract.wire import Look as LookMessage
from edge.core import lights as said
from edge.core import machine
from edge.core.burst import Verdict
from edge.core.lockout import Lockout
from edge.door.commands import obey
from edge.door.control import open_control
from edge.door.devices.lights import Lights
from edge.door.devices.strike import Strike
from edge.door.inputs import Inputs, input_pins
from edge.door.judge import Judge
from edge.door.link import RETRY_S, Link, LostError
from edge.door.mode import Mode
from edge.door.newcomers import Newcomers
from edge.door.people import People
from edge.door.records import Records, tell_fault
from edge.door.upkeep import Upkeep
from edge.store.events import EventStore
from edge.trusted import key_list, trusted_manifest, warn_if_unsigned

if TYPE_CHECKING:
    from edge.door.wires import Wires

_IDLE_S = 5.0


class Loop:
    """All that the door has in hand. What it opens is closed by `stack`."""

    def __init__(
        self, config: Config, strike: Strike, wires: Wires | None, stack: ExitStack
    ) -> None:
        promise = trusted_manifest(config)
        manifest, recognition, limits = promise.manifest, config.recognition, config.lockout
        warn_if_unsigned(promise)
        self._policy = machine.Policy(
            recognition.decide_within_s,
            config.door.pulse_s,
            config.button.gap_s,
            exit_opens=config.door.exit_opens,
            relock_on_close=config.door.relock_on_close,
            held_s=config.door.held_after_s,
        )
        self._strike, self._wires = strike, wires
        self._bundle = manifest.name
        events = self.events = stack.enter_context(EventStore(config.paths.state_dir))
        self._upkeep = Upkeep(events, config.log)
        self._newcomers = Newcomers(events, promise, key_list(config))
        self._records = Records(
            events,
            Lockout(limits.free, limits.first_s, limits.cap_s),
            model=manifest.model,
            mode=config.door.mode,
            show=wires.tell if wires else None,
        )
        self._mode = Mode(config.door.mode, events.mode(), config.hours)
        self.set_mode(events.mode())
        level = manifest.level(recognition.level)
        self._people = People(config.paths.state_dir, manifest, level)
        self._judge = Judge(self._people, self._records, recognition)
        self.link = Link(config.paths.socket, manifest.model, manifest.dimensions)
        stack.callback(self.link.close)
        self._inputs = Inputs(config, stack)
        # A door that stands open: since when, and after what, nobody knows; no alarm but for long.
        now = boottime()
        self.state = machine.State(
            opened=now if self._inputs.stands_open else None,
            held=now if self._inputs.held else None,
        )
        self._control = open_control(config.paths.state_dir, partial(obey, self), stack)
        lamps = {name: pin for name, pin in vars(config.lights).items() if pin != "off"}
        self._lights = Lights({said.Lamp(name): pin for name, pin in lamps.items()})
        stack.callback(self._lights.close)
        if wires is not None:
            lock = config.door.lock_pin, config.door.lock_active == "high"
            lines = {"strike": lock} | {name: (line, True) for name, line in lamps.items()}
            wires.connect(inputs=input_pins(config), lines=lines)
        self._lights.rest(said.Show.NOT_ARMED)
        self._verdict = Verdict(Reason.TIMEOUT)
        self._armed = False

    def run(self, stop: int) -> None:
        """Turn until the descriptor `stop` can be read, or whoever played the door has gone."""
        watched = notify.watchdog_interval() is not None
        while self._turn(stop):
            if watched:
                notify.watchdog()

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
            "armed": self._armed,
            "phase": state.phase.value,
            "strike": "on" if self._strike.energised else "off",
            "door": "open" if state.opened is not None else "shut or without a contact",
            "lockout": {"failures": counter.failures, "left_ms": round(left * 1000)},
            "people": self._people.matcher.people,
            "bundle": self._bundle,
            "faults": [what for what, is_so in faults.items() if is_so],
        }

    def _turn(self, stop: int) -> bool:
        if self.link.socket is None:
            self.link.connect()
        sources = {self._inputs.waiting: self._take_felt}
        if self.link.socket is not None:
            sources[self.link.socket.fileno()] = self._hear_eye
        if self._control is not None:
            sources |= self._control.sources()
        waiting = [stop, *sources, *([self._wires.socket.fileno()] if self._wires else [])]
        ready, _, _ = select.select(waiting, [], [], self._patience())
        for source in ready:
            if source in sources:
                sources[source]()
            elif source == stop or (self._wires is not None and not self._wires.hear()):
                return False
        self._watch_the_time()
        self._lights.rest(self._at_rest())
        return True

    def _patience(self) -> float:
        """How long nothing may come: to the phase's end, the eye's next try, systemd's limit."""
        waits = [notify.watchdog_interval() or _IDLE_S]
        if self.link.socket is None:
            waits.append(RETRY_S)
        ends = [self.state.until] if self.state.phase is not machine.Phase.LOCKED else []
        if self.state.energised is not None:
            ends.append(self.state.energised)
        if self.state.opened is not None and self._policy.held_s is not None:
            ends += [self.state.opened + self._policy.held_s] * (self.state.alarm is None)
        if self.state.held is not None and not self.state.stuck:
            ends.append(self.state.held + machine.STUCK_S)
        waits += [max(0.0, end - boottime()) for end in ends]
        return min(waits)

    def _at_rest(self) -> said.Show:
        """What the lamps say while nobody presses."""
        if self.state.alarms(boottime()):
            return said.Show.ALARM
        if not self._armed:
            return said.Show.NOT_ARMED
        works = self.link.fault is None and not self.state.stuck
        return said.Show.DARK if works else said.Show.FAULT

    def _take_felt(self) -> None:
        for event in self._inputs.take():
            if isinstance(event, machine.Pressed) and self.state.phase is machine.Phase.LOCKED:
                self.feed(machine.Pressed(event.at, self._refusal(event.at)))
            else:
                self.feed(event)

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
            never_seen = fault is Reason.CAMERA_ERROR and not self._armed
            return Reason.NOT_ARMED if never_seen else fault
        return Reason.EMPTY_GALLERY if self._people.matcher.empty else None

    def _hear_eye(self) -> None:
        try:
            seen = self.link.receive()
        except LostError:
            self._decide(Verdict(Reason.CAMERA_ERROR))
            return
        if not self._armed and self.link.fault is None:
            if not self._accept_newcomers():
                self._decide(Verdict(Reason.STORAGE_ERROR))
                return
            self._armed = True
            journal.write("door_started")
            notify.ready()
            if self._wires is not None:
                self._wires.tell({"ready": True})
        if seen is not None:
            self._see(seen)

    def _accept_newcomers(self) -> bool:
        """The eye's engine has passed the golden inputs of this bundle: from now on none older."""
        try:
            self._newcomers.accept()
        except OnelookError as e:
            tell_fault(e)
            return False
        return True

    def _see(self, seen: Seen) -> None:
        """A frame, of the running press or of none."""
        if self.state.phase is not machine.Phase.VERIFYING:
            return
        try:
            verdict = self._judge.see(seen)
        except StorageError as e:
            tell_fault(e)
            verdict = Verdict(Reason.STORAGE_ERROR)
        if verdict is not None:
            self._decide(verdict)

    def _decide(self, verdict: Verdict) -> None:
        if self.state.phase is machine.Phase.VERIFYING:
            if verdict.reason is Reason.GRANTED:  # and may be closed since the press
                admitted = self._people.admitted(verdict.person, self._mode.clock())
                verdict = replace(verdict, reason=self._mode.closed() or admitted)
            self._verdict, press = verdict, self._judge.press.number
            self.feed(machine.Decided(boottime(), press, verdict.reason))
            if self.link.fault is None:
                self._send(Enough(press))

    def _watch_the_time(self) -> None:
        now = boottime()
        if self.state.phase is machine.Phase.VERIFYING and now >= self.state.until:
            self._decide(self._judge.conclude())
        self.feed(machine.Tick(now))
        self._upkeep.tend(now)

    def feed(self, event: machine.Event) -> None:
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
                if isinstance(action, machine.Release):
                    raise  # a line that cannot be driven off is let go of with the process
                storage = isinstance(e, StorageError)
                reason = Reason.STORAGE_ERROR if storage else Reason.PULSE_FAILED
                self.feed(machine.Failed(boottime(), getattr(action, "press", 0), reason))
                return

    def _carry_out(self, action: machine.Action, event: machine.Event) -> None:
        match action:
            case machine.Look(press, not_before, deadline):
                self._judge.begin(press, not_before)
                self._lights.show(said.Show.LOOKING, deadline - not_before)
                frames = self._judge.rule.frames
                self._send(LookMessage(press, not_before, deadline, frames))
            case machine.Record(press, reason):
                self._record(press, reason, event.at)
            case machine.Pulse(_, seconds):
                self._strike.pulse(seconds)
                self._lights.show(said.Show.GRANTED, seconds)
            case machine.Release():
                self._strike.release()
                self._lights.show(said.Show.DARK, 0.0)  # the door shut before its time was up
            case machine.Note(what, needed):
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

    def _send(self, message: LookMessage | Enough) -> None:
        try:
            self.link.send(message)
        except LostError:
            self._decide(Verdict(Reason.CAMERA_ERROR))
