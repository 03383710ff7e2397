"""The door's loop: waits for whatever comes first, steps the machine, carries its actions out.

What the disk, a pin or the eye does wrong is a refusal here, and the loop lives on, locked. What
nobody foresaw ends the process: the strike is released on the way out, systemd starts a new one.
"""

from __future__ import annotations

import select
import time
from contextlib import ExitStack, suppress
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any

from edge import journal, notify
from edge.clock import boottime, wall
from edge.config import Config
from edge.contract.errors import (
    BundleError,
    OnelookError,
    PinError,
    StorageError,
    UnavailableError,
)
from edge.contract.reasons import Reason
from edge.contract.wire import Enough, Seen
from edge.contract.wire import Look as LookMessage
from edge.core import lights as said
from edge.core import machine
from edge.core.admission import Clock, opens
from edge.core.burst import Finding, Rule, Verdict, conclude, decide, find
from edge.core.lockout import Lockout
from edge.door.commands import obey
from edge.door.control import Control
from edge.door.devices.kernel import require_release, take_kernel_pins
from edge.door.devices.lights import Lights
from edge.door.devices.strike import Strike
from edge.door.inputs import Inputs, input_pins
from edge.door.link import RETRY_S, Link, LostError
from edge.door.newcomers import Newcomers
from edge.door.people import People
from edge.door.press import Judged, Press
from edge.door.records import Records, tell_fault
from edge.door.release import strike_of
from edge.door.upkeep import Upkeep
from edge.signals import stop_signals
from edge.store.events import EventStore
from edge.trusted import key_list, trusted_manifest, warn_if_unsigned

if TYPE_CHECKING:
    from edge.door.wires import Wires

_IDLE_S = 5.0
_CHECK_S = 15.0  # an eye that has just been started, too


def run(config: Config, wires_fd: int | None) -> int:
    """Be the door until SIGTERM or SIGINT; returns the exit code.

    Args:
        config: the owner's choices.
        wires_fd: the far ends of simulated pins, see `edge.door.wires`; None for real pins.

    Raises:
        OnelookError: bundle, store or pins are not to be had.
    """
    with ExitStack() as stack:
        wires = _simulated(wires_fd, stack)
        stop = stack.enter_context(stop_signals())
        # Before all that may fail: from now on the line is off.
        strike = strike_of(config)
        stack.callback(strike.close)
        if wires is None:
            require_release()
        _Loop(config, strike, wires, stack).run(stop)
        notify.stopping()
    return 0


def check(config: Config) -> None:
    """Start all that the door needs, wait for its eye, and end; nobody is let in meanwhile.

    Raises:
        OnelookError: bundle, store or pins are not to be had. UnavailableError: there is no eye.
    """
    with ExitStack() as stack:
        take_kernel_pins()
        strike = strike_of(config)
        stack.callback(strike.close)
        require_release()
        _Loop(config, strike, None, stack).meet_eye(boottime() + _CHECK_S)


def _simulated(wires_fd: int | None, stack: ExitStack) -> Wires | None:
    if wires_fd is None:
        take_kernel_pins()
        return None
    from edge.door.wires import Wires

    wires = Wires(wires_fd)
    stack.callback(wires.close)
    return wires


def _control(config: Config, loop: _Loop, stack: ExitStack) -> Control | None:
    """A door without it works as well, and says so."""
    try:
        control = Control(config.paths.state_dir, partial(obey, loop))
    except StorageError as e:
        tell_fault(e)
        return None
    stack.callback(control.close)
    return control


class _Loop:
    """All that the door has in hand. What it opens is closed by `stack`."""

    def __init__(
        self, config: Config, strike: Strike, wires: Wires | None, stack: ExitStack
    ) -> None:
        promise = trusted_manifest(config)
        manifest, recognition, limits = promise.manifest, config.recognition, config.lockout
        warn_if_unsigned(promise)
        self._recognition = recognition
        self._policy = machine.Policy(
            recognition.decide_within_s,
            config.door.pulse_s,
            config.button.gap_s,
            exit_opens=config.door.exit_opens,
            relock_on_close=config.door.relock_on_close,
            held_s=config.door.held_after_s,
        )
        self._strike, self._wires = strike, wires
        self._configured, self._bundle = config.door.mode, manifest.name
        self._hours = config.hours
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
        self.set_mode(events.mode())
        level = manifest.level(recognition.level)
        self._people = People(config.paths.state_dir, manifest, level)
        self._rule = self._new_rule()
        self._link = Link(config.paths.socket, manifest.model, manifest.dimensions)
        stack.callback(self._link.close)
        self._inputs = Inputs(config, stack)
        # A door that stands open: since when, and after what, nobody knows; no alarm but for long.
        now = boottime()
        self.state = machine.State(
            opened=now if self._inputs.stands_open else None,
            held=now if self._inputs.held else None,
        )
        self._control = _control(config, self, stack)
        lamps = {name: pin for name, pin in vars(config.lights).items() if pin != "off"}
        self._lights = Lights({said.Lamp(name): pin for name, pin in lamps.items()})
        stack.callback(self._lights.close)
        if wires is not None:
            lock = config.door.lock_pin, config.door.lock_active == "high"
            lines = {"strike": lock} | {name: (line, True) for name, line in lamps.items()}
            wires.connect(inputs=input_pins(config), lines=lines)
        self._lights.rest(said.Show.NOT_ARMED)
        self._press = Press(0, boottime())
        self._verdict = Verdict(Reason.TIMEOUT)
        self._armed = False

    def run(self, stop: int) -> None:
        """Turn until the descriptor `stop` can be read, or whoever played the door has gone."""
        watched = notify.watchdog_interval() is not None
        while self._turn(stop):
            if watched:
                notify.watchdog()

    def meet_eye(self, deadline: float) -> None:
        """Only wait for it, at most until then; no press is taken.

        Raises:
            UnavailableError: none came, or one with another network.
        """
        while self._link.fault is Reason.CAMERA_ERROR and boottime() < deadline:
            if self._link.socket is None and not self._link.connect():
                time.sleep(RETRY_S)
                continue
            select.select([self._link.socket], [], [], RETRY_S)
            with suppress(LostError):
                self._link.receive()
        if self._link.fault is not None:
            raise UnavailableError(
                f"the door starts, but no eye with its network answers ({self._link.fault.value}).",
                remedy="Read why: journalctl -u onelook-eye.service",
            )

    def set_mode(self, mode: str | None) -> str:
        """Take the owner's mode, or None for the configured one; returns the one that counts."""
        self._mode = mode or self._configured
        self._policy = replace(self._policy, shadow=self._mode == "shadow")
        self._records.set_mode(self._mode)
        return self._mode

    def described(self) -> dict[str, Any]:
        """What the owner may know of the door, now. Raises: StorageError."""
        with suppress(OnelookError):  # whoever was enrolled since the last press counts
            self._people.refresh()
        now, state, fault = boottime(), self.state, self._link.fault
        counter, left = self.events.counter(), self._records.lockout_left(now)
        faults = {
            "the door was forced or stands open": state.alarm is not None,
            "the unit's case is open": state.tampered,
            "the button hangs": state.stuck,
            f"the eye does not see ({fault.value if fault else ''})": fault is not None,
        }
        return {
            "mode": self._mode,
            "configured_mode": self._configured,
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
        if self._link.socket is None:
            self._link.connect()
        sources = {self._inputs.waiting: self._take_felt}
        if self._link.socket is not None:
            sources[self._link.socket.fileno()] = self._hear_eye
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
        if self._link.socket is None:
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
        works = self._link.fault is None and not self.state.stuck
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
            if (closed := self._closed()) is not None:
                return closed
            self._people.refresh()
            self._rule = self._new_rule()
        except BundleError as e:
            tell_fault(e)
            return Reason.NOT_ARMED
        except OnelookError as e:
            tell_fault(e)
            return Reason.STORAGE_ERROR
        fault = self._link.fault
        if fault is not None:
            never_seen = fault is Reason.CAMERA_ERROR and not self._armed
            return Reason.NOT_ARMED if never_seen else fault
        return Reason.EMPTY_GALLERY if self._people.matcher.empty else None

    def _hear_eye(self) -> None:
        try:
            seen = self._link.receive()
        except LostError:
            self._decide(Verdict(Reason.CAMERA_ERROR))
            return
        if not self._armed and self._link.fault is None:
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

    def _closed(self) -> Reason | None:
        """Whether the door is for nobody now."""
        if self._mode == "closed":
            return Reason.CLOSED
        shut = opens(self._hours.door, self._clock())
        return Reason.CLOSED if shut is Reason.OUTSIDE_HOURS else shut

    def _clock(self) -> Clock:
        """Local time; it is asked where hours matter, and for nothing else."""
        return Clock(
            datetime.now(),  # noqa: DTZ005 - the hours are those of the door's own place
            wall()[1],
            self._hours.when_clock_unknown == "refuse",
        )

    def _accept_newcomers(self) -> bool:
        """The eye's engine has passed the golden inputs of this bundle: from now on none older."""
        try:
            self._newcomers.accept()
        except OnelookError as e:
            tell_fault(e)
            return False
        return True

    def _new_rule(self) -> Rule:
        """How a burst is judged with the gallery as it is."""
        chosen, cut = self._recognition, self._people.step.distance
        return Rule(chosen.frames, chosen.agree, cut, chosen.margin)

    def _see(self, seen: Seen) -> None:
        """A frame of the running press. One that is not newer than the last is no second look."""
        running = self.state.phase is machine.Phase.VERIFYING and seen.press == self._press.number
        if not running or (seen.reason is None and seen.taken <= self._press.last_taken):
            return
        try:
            self._press.frames.append(self._judge(seen))
        except StorageError as e:
            tell_fault(e)
            self._decide(Verdict(Reason.STORAGE_ERROR))
            return
        verdict = decide(self._press.findings, self._rule)
        if verdict is not None:
            self._decide(verdict)

    def _judge(self, seen: Seen) -> Judged:
        if seen.reason is not None:
            return Judged(seen, Finding(None, seen.reason), None)
        self._records.count(self._press)
        nearest = self._people.matcher.nearest(seen.embedding)
        return Judged(seen, find(nearest, self._rule), nearest)

    def _decide(self, verdict: Verdict) -> None:
        if self.state.phase is machine.Phase.VERIFYING:
            if verdict.reason is Reason.GRANTED:  # and may be closed since the press
                admitted = self._people.admitted(verdict.person, self._clock())
                verdict = replace(verdict, reason=self._closed() or admitted)
            self._verdict = verdict
            self.feed(machine.Decided(boottime(), self._press.number, verdict.reason))
            if self._link.fault is None:
                self._send(Enough(self._press.number))

    def _watch_the_time(self) -> None:
        now = boottime()
        if self.state.phase is machine.Phase.VERIFYING and now >= self.state.until:
            self._decide(conclude(self._press.findings, self._rule))
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
                self._press = Press(press, not_before)
                self._lights.show(said.Show.LOOKING, deadline - not_before)
                self._send(LookMessage(press, not_before, deadline, self._rule.frames))
            case machine.Record(press, reason):
                if press != self._press.number:  # refused without a look
                    self._press = Press(press, event.at)
                known = self._verdict.person if reason.recognised else None
                person = self._people.person(known)
                self._records.commit(self._press, reason, person, self._rule.threshold)
                if (
                    reason is not Reason.GRANTED or self._policy.shadow
                ):  # a grant is shown when the lock opens
                    show = said.of_reason(reason)
                    self._lights.show(show, said.lasts(show))
            case machine.Pulse(_, seconds):
                self._strike.pulse(seconds)
                self._lights.show(said.Show.GRANTED, seconds)
            case machine.Release():
                self._strike.release()
                self._lights.show(said.Show.DARK, 0.0)  # the door shut before its time was up
            case machine.Note(what, needed):
                said_why = {k: getattr(event, k) for k in ("who", "because") if hasattr(event, k)}
                self._records.note(what, event.at, needed=needed, **said_why)

    def _send(self, message: LookMessage | Enough) -> None:
        try:
            self._link.send(message)
        except LostError:
            self._decide(Verdict(Reason.CAMERA_ERROR))
