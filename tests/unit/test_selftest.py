"""What `onelook pi-selftest` measures: the door's own code, on devices of which all is known."""

from __future__ import annotations

import csv
import io
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from contextlib import closing
from types import ModuleType, SimpleNamespace

import cv2
import numpy as np
import pytest
from gpiozero import DigitalOutputDevice
from gpiozero.pins.mock import MockConnectedPin

from edge.clock import boottime
from edge.config import load_config
from edge.contract.errors import BusyError, CameraError, EngineError, PinError, UsageError
from edge.door.devices.strike import Strike
from edge.eye.camera import Frame, pi
from edge.eye.camera.folder import INTERVAL_S
from edge.eye.listener import listening
from edge.selftest import (
    Part,
    State,
    board,
    boot,
    busy,
    camera,
    carried_out,
    engine,
    line,
    measured,
    parts,
    spread,
    stages,
)
from edge.selftest.table import COLUMNS, FORMAT, lines, write_csv
from tests.unit.test_camera import Picamera2
from tests.unit.test_kernel_pins import Lgpio

LOCK, LOOP_BACK = "GPIO17", "GPIO24"
PLAIN = dict.fromkeys(State, str)


def silent(_what, _done, _of):
    """Nobody waits for a test."""


def by_name(rows):
    return {row.name: row for row in rows}


@pytest.fixture
def config(tmp_path):
    """A unit whose camera is a folder with three pictures."""
    for number in range(3):
        picture = np.full((48, 64, 3), 80 * number, np.uint8)
        file = tmp_path / "camera" / f"{number}.png"
        file.parent.mkdir(exist_ok=True)
        file.write_bytes(cv2.imencode(".png", picture)[1].tobytes())
    file = tmp_path / "onelook.toml"
    file.write_text(
        f'[paths]\nstate_dir = "{tmp_path}/state"\nmodels_dir = "{tmp_path}/models"\n'
        f'socket = "{tmp_path}/eye.sock"\n[camera]\nsource = "folder:{tmp_path}/camera"\n'
    )
    return load_config(file)


@pytest.fixture
def programs(tmp_path, monkeypatch):
    """Put a program on PATH that says what it is told to."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder), prepend=os.pathsep)

    def add(name, says, code=0):
        file = folder / name
        file.write_text(f"#!/bin/sh\necho '{says}'\nexit {code}\n")
        file.chmod(0o755)

    return add


# Rows


def test_a_spread_is_of_values_that_were_measured():
    row = spread("g", "n", [5.0, 1.0, 2.0, 4.0, 3.0, *[3.0] * 95], "ms")
    assert row.value == 3.0
    assert (row.spread.least, row.spread.p95, row.spread.most, row.spread.n) == (1.0, 3.0, 5.0, 100)
    assert spread("g", "n", [7.0], "ms").spread.p95 == 7.0
    assert spread("g", "n", list(range(1, 21)), "ms").spread.p95 == 19


def test_whatever_fails_every_row_is_there_in_its_order_with_reason_and_remedy():
    def take():
        yield measured("g", "c", 1)
        yield measured("g", "a", 2)
        raise CameraError("no camera.", why="No cable.", remedy="Plug it in.")

    rows = list(carried_out(Part("g", ("a", "b", "c", "d"), take)))
    assert [(row.name, row.value) for row in rows] == [("a", 2), ("b", None), ("c", 1), ("d", None)]
    assert rows[1].state is State.UNKNOWN
    assert (rows[1].said, rows[1].fix) == ("no camera. No cable.", "Plug it in.")


def test_a_file_that_may_not_be_read_leaves_the_row_unknown(tmp_path):
    def take():
        yield measured("g", "a", (tmp_path / "none").read_text())

    (row,) = carried_out(Part("g", ("a",), take))
    assert row.state is State.UNKNOWN
    assert str(tmp_path / "none") in row.said


# The board


def test_what_a_pi_says_of_itself(tmp_path, monkeypatch):
    monkeypatch.setattr(board, "_SYS", tmp_path / "sys")
    monkeypatch.setattr(board, "_PROC", tmp_path / "proc")
    for name, text in {
        "proc/device-tree/model": "Raspberry Pi 4 Model B Rev 1.5\0",
        "proc/meminfo": "MemTotal:        3884316 kB\nMemFree: 1 kB",
        "sys/devices/system/cpu/cpu0/cpufreq/scaling_governor": "ondemand\n",
        "sys/devices/system/cpu/cpu0/cpufreq/cpuinfo_max_freq": "1800000\n",
        "sys/devices/system/cpu/cpu0/cpufreq/scaling_cur_freq": "600000\n",
        "sys/class/watchdog/watchdog0/identity": "Broadcom BCM2835 Watchdog timer\n",
        "sys/class/watchdog/watchdog0/timeout": "15\n",
        "sys/class/thermal/thermal_zone0/temp": "48312\n",
    }.items():
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    found = by_name(board.before())
    assert found["model"].value == "Raspberry Pi 4 Model B Rev 1.5"
    assert (found["memory"].value, found["memory"].unit) == (3793, "MiB")
    assert found["governor"].value == "ondemand"
    assert (found["highest frequency"].value, board.frequency_mhz()) == (1800, 600.0)
    assert found["watchdog"].said == "timeout 15 s"
    assert found["temperature before"].value == 48.312
    assert found["numpy"].value == np.__version__


def test_a_machine_that_says_nothing_has_all_rows_too(tmp_path, monkeypatch, programs):
    monkeypatch.setattr(board, "_SYS", tmp_path / "sys")
    programs("vcgencmd", "vc_gencmd_read_response returned -1", code=1)
    rows = list(carried_out(Part(board.GROUP, board.NAMES, board.before)))
    assert tuple(row.name for row in rows) == board.NAMES
    assert all(row.fix for row in rows if row.state is State.UNKNOWN)
    assert by_name(rows)["temperature before"].state is State.UNKNOWN
    assert board._throttled().state is State.UNKNOWN


@pytest.mark.parametrize(
    ("said", "value", "state"),
    [
        ("throttled=0x0", "no", State.MEASURED),
        ("throttled=0x50005", "too little voltage now; throttled now", State.PROBLEM),
        ("throttled=0x20000", "its frequency was capped since the start", State.PROBLEM),
    ],
)
def test_what_the_firmware_says_of_its_power_is_understood(programs, said, value, state):
    programs("vcgencmd", said)
    row = board._throttled()
    assert row.state is state
    assert row.value.startswith(value)


def test_a_library_that_apt_installed_has_apts_version(programs, monkeypatch):
    monkeypatch.setattr(board.importlib.util, "find_spec", lambda _: object())
    programs("dpkg-query", "0.5.2+rpt20250903-1")
    assert board._version("libcamera", (), "python3-libcamera").value == "0.5.2+rpt20250903-1"
    monkeypatch.setattr(board.importlib.util, "find_spec", lambda _: None)
    row = board._version("libcamera", (), "python3-libcamera")
    assert row.state is State.UNKNOWN
    assert "apt install python3-libcamera" in row.fix


# After the start


@pytest.mark.parametrize(
    ("text", "active", "state"),
    [
        ("dtparam=strict_gpiod\ngpio=17=op,dl  # the lock", "high", State.MEASURED),
        ("dtparam=strict_gpiod\n# gpio=17=op,dl", "high", State.PROBLEM),
        ("gpio=17=op,dl", "low", State.PROBLEM),
        ("gpio=17=op,dh", "low", State.MEASURED),
    ],
)
def test_config_txt_must_hold_the_lock_off_from_power_on(
    tmp_path, monkeypatch, text, active, state
):
    (tmp_path / "config.txt").write_text(f"[all]\n{text}\n")
    monkeypatch.setattr(boot, "_CONFIG", tmp_path / "config.txt")
    row = boot._config_txt(LOCK, active)
    assert row.state is state
    assert row.fix == "" or f"gpio=17=op,{'dl' if active == 'high' else 'dh'}" in row.fix


@pytest.mark.parametrize(
    ("said", "active", "state"),
    [
        ("17: op dl pn | lo // GPIO17 = output", "high", State.MEASURED),
        ("17: ip    pd | lo // GPIO17 = input", "high", State.MEASURED),
        ("17: ip    pu | hi // GPIO17 = input", "high", State.PROBLEM),
        ("17: op dl pn | lo // GPIO17 = output", "low", State.PROBLEM),
        ("17: no    pd | -- // GPIO17 = none", "high", State.UNKNOWN),
        ("", "high", State.UNKNOWN),
    ],
)
def test_a_line_that_opens_the_lock_before_any_door_runs_is_a_problem(
    programs, said, active, state
):
    programs("pinctrl", said)
    row = boot._line(LOCK, active)
    assert row.state is state
    assert bool(row.fix) is (state is not State.MEASURED)


def test_without_pinctrl_the_line_is_unknown(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    assert boot._line(LOCK, "high").state is State.UNKNOWN


# The camera


def test_a_folders_frames_come_at_its_own_pace_and_fresh(config):
    found = by_name(camera.measure(config.camera, 4, silent))
    assert set(found) == set(camera.NAMES)
    assert found["source"].value == "folder"
    assert found["frame"].value == "64x48"
    interval = found["frame interval"]
    assert interval.spread.n == 4
    assert interval.spread.least >= INTERVAL_S * 1000.0
    assert found["request to frame"].spread.n == camera.REQUESTS
    fresh = found["exposure after request"]
    assert fresh.state is State.MEASURED
    assert fresh.spread.least > 0.0
    assert {found[name].state for name in camera._OF_A_PI} == {State.UNKNOWN}


class Clockwork:
    """A camera whose frames are exposed when it is told to."""

    def __init__(self, late_s):
        self.late_s, self.closed = late_s, False

    def next_frame(self, not_before, deadline):
        assert deadline > not_before
        return Frame(np.zeros((4, 4, 3), np.uint8), not_before + self.late_s)

    def close(self):
        self.closed = True


def test_a_frame_from_before_the_press_is_a_problem():
    rows = by_name(camera._on_request(Clockwork(-0.001), 0.0, 1.0, silent))
    assert rows["exposure after request"].state is State.PROBLEM
    assert rows["exposure after request"].spread.least == pytest.approx(-1.0)
    rows = by_name(camera._on_request(Clockwork(0.001), 0.0, 1.0, silent))
    assert rows["exposure after request"].state is State.MEASURED


def test_missed_frames_are_counted():
    taken = [0.0, 0.1, 0.2, 0.4, 0.5, 0.6, 0.9]
    rows = by_name(camera._intervals(taken))
    assert rows["frames missed"].value == 2
    assert rows["frame interval"].value == pytest.approx(100.0)


@pytest.fixture
def a_pi(config, monkeypatch):
    """picamera2 as on a Pi, and the configuration that wants it."""
    monkeypatch.setattr(pi, "SETTLE_S", 0.05)
    module = ModuleType("picamera2")
    module.Picamera2 = Picamera2
    monkeypatch.setitem(sys.modules, "picamera2", module)
    return SimpleNamespace(**{**vars(config.camera), "source": "pi", "rotate": 90})


def test_a_pis_camera_says_more(a_pi):
    found = by_name(camera.measure(a_pi, 5, silent))
    assert set(found) == set(camera.NAMES)
    assert {row.state for row in found.values()} == {State.MEASURED}
    assert found["frame"].value == "616x820"  # 820x616, turned
    assert found["exposure"].value == pytest.approx(5.0)
    assert found["sensor stamp interval"].spread.n >= 5
    assert found["first frame after start"].value > 0.0
    # This one keeps a finished frame: of most requests the first answer is older than they are.
    assert found["stale frames held back"].value > 0


def test_a_camera_that_does_not_say_its_exposure_leaves_that_row_out(a_pi, monkeypatch):
    class Silent(Picamera2):
        def capture_request(self, wait):
            request = super().capture_request(wait)
            said = request.get_metadata()
            said.pop("ExposureTime")
            return request

    monkeypatch.setattr(sys.modules["picamera2"], "Picamera2", Silent)
    found = by_name(camera.measure(a_pi, 2, silent))
    assert set(camera.NAMES) - set(found) == {"exposure"}


def test_a_pi_without_a_camera_says_what_libcamera_said(a_pi, monkeypatch):
    def no_camera():
        raise IndexError("list index out of range")

    monkeypatch.setattr(sys.modules["picamera2"], "Picamera2", no_camera)
    rows = list(carried_out(Part("camera", camera.NAMES, lambda: camera.measure(a_pi, 5, silent))))
    assert [row.state for row in rows[1:]] == [State.UNKNOWN] * (len(rows) - 1)
    assert "list index out of range" in rows[1].said
    assert "onelook doctor" in rows[1].fix


# The stages and the engine


def test_every_stage_of_a_look_is_timed_on_the_real_networks(config):
    found = by_name(stages.measure(config, 2, silent))
    assert set(stages.NAMES) - set(found) <= {"processor frequency"}
    assert all(found[name].spread.n == 2 for name in stages._TIMED)
    assert all(found[name].spread.least > 0.0 for name in stages._TIMED)
    locate = found["locate"].spread
    assert locate.most > found["locate: finder"].spread.least
    assert found["one look"].spread.least > found["embed"].spread.least
    assert 0.0 < found["engine share"].spread.least <= found["engine share"].spread.most < 100.0


def test_the_same_photograph_fills_the_frame_from_its_corner():
    frame = stages.framed()
    assert frame.shape == (*stages.SIZE, 3)
    assert frame[:, 0].any()
    assert not frame[:, -1].any()  # the photograph is narrower


def test_a_bundle_that_finds_no_face_leaves_the_stages_unknown(config, monkeypatch):
    monkeypatch.setattr(stages, "framed", lambda: np.zeros((*stages.SIZE, 3), np.uint8))
    rows = by_name(
        carried_out(
            Part("stages", stages.NAMES, lambda: stages.measure(config, 1, silent)),
        )
    )
    assert rows["load"].state is State.MEASURED
    assert rows["embed"].state is State.UNKNOWN
    assert "no face" in rows["embed"].said


def test_a_gallery_of_nobody_has_as_many_templates_as_asked_for(manifest):
    matcher = stages.nobodys(manifest, 7)
    assert matcher.templates == matcher.people == 7


def test_the_engine_is_run_hot_and_cold(config):
    found = by_name(engine.measure(config, 3, silent))
    assert set(found) == set(engine.NAMES)
    assert found["hot"].spread.n == 3
    parts_ms = [found[f"cold: {name}"].value for name in ("import", "load", "first run")]
    assert min(parts_ms) > 0.0
    assert found["cold"].value > sum(parts_ms)
    assert found["cold: memory"].value > 30.0


def test_a_process_that_ends_without_an_embedding_is_told(tmp_path):
    with pytest.raises(EngineError, match="no embedding"):
        list(engine.cold_start(tmp_path / "nothing"))


# The line


@pytest.fixture(params=[True, False], ids=["active high", "active low"])
def active_high(request):
    return request.param


@pytest.fixture(autouse=True)
def _the_line_is_quick(monkeypatch):
    monkeypatch.setattr(line, "PULSE_S", 0.03)
    for name in ("_SETTLED_S", "_REST_S", "_GONE_S"):
        monkeypatch.setattr(line, name, 0.01)


@pytest.fixture
def wire(factory, active_high):
    """The lock's pin, joined to the one that listens; off, by the resistor at the driver."""
    far_end = factory.pin(LOOP_BACK)
    pin = factory.pin(LOCK, pin_class=MockConnectedPin, input_pin=far_end)
    pin.drive_low() if active_high else pin.drive_high()
    with closing(line.Watch(LOOP_BACK)) as watch:
        yield SimpleNamespace(pin=pin, watch=watch, on=int(active_high))


@pytest.fixture
def make(active_high):
    return lambda: Strike(LOCK, active_high=active_high)


def test_a_pulse_is_as_long_as_the_edges_are_apart(wire, make):
    found = by_name(line.of_pulses(make, wire.watch, 3, silent))
    pulse = found["pulse"]
    assert (pulse.state, pulse.spread.n) == (State.MEASURED, 3)
    assert pulse.spread.least >= 30.0
    assert found["edges beside pulses"].value == 0
    assert wire.watch.level != wire.on


class Stuttering(Strike):
    """One that lets go for a moment while it holds."""

    def pulse(self, seconds):
        super().pulse(seconds)
        self._line.off()
        super().pulse(seconds)


def test_an_edge_in_the_middle_of_a_pulse_is_a_glitch(wire, active_high):
    def stuttering():
        return Stuttering(LOCK, active_high=active_high)

    found = by_name(line.of_pulses(stuttering, wire.watch, 2, silent))
    assert found["edges beside pulses"].state is State.PROBLEM
    assert found["edges beside pulses"].value == 4


def test_without_a_wire_the_lock_opens_once_and_not_again(factory, make):
    with (
        closing(line.Watch(LOOP_BACK)) as watch,
        pytest.raises(PinError, match="nothing came through"),
    ):
        list(line.of_pulses(make, watch, 5, silent))
    levels = [state.state for state in factory.pin(LOCK).states]
    assert levels.count(levels[0]) - 1 <= 1


def test_a_pulse_that_is_lost_on_the_way_is_a_problem(wire, make):
    calls = []

    def loses_the_second(what, done, of):
        calls.append((what, done, of))
        if done == 1:
            wire.pin.input_pin = None

    found = by_name(line.of_pulses(make, wire.watch, 2, loses_the_second))
    assert calls == [("line: pulses", 0, 2), ("line: pulses", 1, 2)]
    assert (found["pulse"].state, found["pulse"].value) == (State.PROBLEM, 1)


class Endless(Strike):
    """One whose pulse nothing ends."""

    def pulse(self, seconds):
        assert seconds == line.PULSE_S
        self._line.on()


def test_a_pulse_that_does_not_end_is_ended(wire, active_high, monkeypatch):
    monkeypatch.setattr(line, "_LONGEST_S", 0.1)

    def endless():
        return Endless(LOCK, active_high=active_high)

    found = by_name(line.of_pulses(endless, wire.watch, 1, silent))
    assert found["pulse"].value >= 100.0
    assert wire.watch.level != wire.on


class Door:
    """Another process with the lock's line: a real one to kill, whose pins this one plays.

    kernel: "strict", "keeps" a dead process's level, or "blinks" when it lets go.
    """

    def __init__(self, wire, state, *, kernel="strict", claims_cleanly=True):
        self.wire, self.kernel = wire, kernel
        self.process = subprocess.Popen(
            [sys.executable, "-c", "import sys; sys.stdin.read()"], stdin=subprocess.PIPE
        )
        if not claims_cleanly:
            self._drive(on=True)
        self._drive(on=state == "on")

    def _drive(self, *, on):
        (self.wire.pin.drive_high if on == bool(self.wire.on) else self.wire.pin.drive_low)()

    def kill(self):
        self.process.kill()
        assert self.process.wait() == -signal.SIGKILL
        if self.kernel == "blinks":
            self._drive(on=False)
            self._drive(on=True)
        if self.kernel != "keeps":
            self._drive(on=False)

    def close(self):
        if self.process.poll() is None:
            self._drive(on=False)
        self.process.communicate()


def test_doors_that_start_stop_and_are_killed_leave_the_line_off(wire):
    rows = list(line.of_processes(lambda state: Door(wire, state), wire.watch, wire.on, silent))
    assert {row.state for row in rows} == {State.MEASURED}
    assert {row.name for row in rows} | {"pulse", "edges beside pulses"} == set(line.NAMES)
    found = by_name(rows)
    assert found["off after a kill"].value >= 0.0
    assert found["off by a new process"].value == "yes"
    assert [row.value for row in rows if row.name.startswith("edges")] == [0, 0, 0, 0]


def test_a_kernel_that_keeps_a_dead_processs_level_is_found_out(wire):
    found = by_name(
        line.of_processes(
            lambda state: Door(wire, state, kernel="keeps"), wire.watch, wire.on, silent
        )
    )
    assert found["off after a kill"].state is State.PROBLEM
    assert "strict_gpiod" in found["off after a kill"].fix
    assert found["off by a new process"].value == "yes"
    assert wire.watch.level != wire.on


class Late(Door):
    """One whose line takes a while to be off."""

    later = None

    def _drive(self, *, on):
        if on:
            super()._drive(on=True)
        else:
            self.later = threading.Timer(0.05, super()._drive, kwargs={"on": False})
            self.later.start()

    def close(self):
        super().close()
        if self.later is not None:
            self.later.join()


def test_a_line_is_read_when_it_has_settled(wire, monkeypatch):
    monkeypatch.setattr(line, "_SETTLED_S", 0.3)
    found = by_name(
        line.of_processes(
            lambda state: Late(wire, state, kernel="keeps"), wire.watch, wire.on, silent
        )
    )
    assert found["off by a new process"].value == "yes"


def test_a_line_that_blinks_when_its_process_dies_is_a_glitch(wire):
    found = by_name(
        line.of_processes(
            lambda state: Door(wire, state, kernel="blinks"), wire.watch, wire.on, silent
        )
    )
    assert found["edges, killed while on"].value == 2
    assert found["edges, killed while off"].value == 2
    assert found["edges at starts"].value == 0


def test_a_door_that_pulses_the_line_as_it_starts_is_found_out(wire):
    found = by_name(
        line.of_processes(
            lambda state: Door(wire, state, claims_cleanly=state == "on"),
            wire.watch,
            wire.on,
            silent,
        )
    )
    assert found["edges at starts"].state is State.PROBLEM
    assert found["edges at starts"].value == 2 * line._TIMES
    assert found["edges at stops"].value == 0


def test_processes_that_are_not_seen_are_no_proof_of_quiet(factory):
    unjoined = SimpleNamespace(pin=factory.pin(LOCK), on=1)
    with (
        closing(line.Watch(LOOP_BACK)) as watch,
        pytest.raises(PinError, match="another process does not come"),
    ):
        list(line.of_processes(lambda state: Door(unjoined, state), watch, 1, silent))


def test_gpiozeros_own_way_to_claim_would_have_been_seen(wire, active_high):
    """What the count of edges is there for: a claim that begins at the wrong level."""
    wire.watch.take()
    device = DigitalOutputDevice(LOCK, active_high=active_high, initial_value=True)
    device.off()
    assert len(wire.watch.take()) == 2
    device.close()


@pytest.mark.parametrize("state", ["off", "on"])
def test_the_process_that_is_there_to_be_killed_says_that_it_holds(config, state):
    holder = line.Holder(config.door, state)
    time.sleep(0.2)
    assert holder._process.poll() is None
    holder.kill()
    assert holder._process.returncode == -signal.SIGKILL
    holder.close()


def test_the_process_that_holds_ends_when_nobody_is_left(config):
    holder = line.Holder(config.door, "on")
    holder.close()
    assert holder._process.returncode == 0


def test_a_process_that_cannot_have_the_line_says_why(config, monkeypatch):
    monkeypatch.setenv("GPIOZERO_PIN_FACTORY", "none of that name")
    with pytest.raises(PinError, match="another process could not take GPIO17") as refusal:
        line.Holder(config.door, "off")
    assert "none of that name" in refusal.value.why


# Before anything is touched


def test_a_running_eye_is_not_disturbed(config):
    busy.require_idle(config)
    with listening(config.paths.socket), pytest.raises(BusyError, match="stop onelook") as refusal:
        busy.require_idle(config)
    assert "systemctl stop onelook onelook-eye" in refusal.value.remedy
    busy.require_idle(config)


def test_the_socket_of_an_eye_that_was_killed_holds_nobody_up(config):
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as killed:
        killed.bind(str(config.paths.socket))
    busy.require_idle(config)


@pytest.mark.parametrize(("user", "held"), [("lg", True), ("", False), ("spi0 CS1", False)])
def test_a_running_door_is_known_by_the_lines_it_holds(config, monkeypatch, tmp_path, user, held):
    played = Lgpio(["pinctrl-bcm2711"])
    played.gpio_get_line_info = lambda _handle, number: [number, 0, f"GPIO{number}", user]
    monkeypatch.setitem(sys.modules, "lgpio", played)
    (tmp_path / "gpiochip0").touch()
    monkeypatch.setattr("edge.door.devices.kernel._DEVICES", tmp_path)
    if not held:
        busy.require_idle(config)
        return
    with pytest.raises(BusyError):
        busy.require_idle(config)


@pytest.mark.parametrize("pin", ["GPIO17", "GPIO27", "GPIO1", "GPIO40", "24", "GPIO", "GPIO024"])
def test_a_pin_that_has_a_use_is_no_far_end_of_a_wire(config, pin):
    with pytest.raises(UsageError):
        parts.require_free(config, pin)
    parts.require_free(config, LOOP_BACK)


# The table and the file


@pytest.fixture
def rows():
    return [
        measured("board", "model", "Raspberry Pi 4, rev 1"),
        spread("camera", "interval", [1.0, 33.123456, 40.0], "ms", "a remark"),
        *(carried_out(Part("camera", ("exposure", "lux"), lambda: iter(()))),)[0],
    ]


def test_what_to_do_about_many_rows_is_said_once(rows):
    told = lines(rows, PLAIN)
    assert [line_ for line_ in told if line_ in {"board", "camera"}] == ["board", "camera"]
    assert sum("Run it on a Raspberry Pi." in line_ for line_ in told) == 1
    assert sum("unknown: this machine does not tell" in line_ for line_ in told) == 2
    (interval,) = (line_ for line_ in told if "interval" in line_)
    assert interval.split() == [
        *("interval", "33.1", "1.00", "40.0", "40.0", "3", "ms", "(a", "remark)"),
    ]


def test_the_file_is_what_csv_reads(rows):
    file = io.StringIO()
    write_csv(rows, file)
    header, form, model, interval, exposure, _ = csv.reader(io.StringIO(file.getvalue()))
    assert tuple(header) == COLUMNS
    assert form[:4] == ["file", "format", "measured", FORMAT]
    assert model == ["board", "model", "measured", "Raspberry Pi 4, rev 1", *[""] * 7]
    assert interval[3:9] == ["33.123", "ms", "1.0", "40.0", "40.0", "3"]
    assert exposure[2:4] == ["unknown", ""]
    assert exposure[-2:] == ["this machine does not tell", "Run it on a Raspberry Pi."]


def test_the_clock_of_the_readings_is_the_machines(config):
    before = boottime()
    found = by_name(parts.after_start(config))
    assert tuple(found) == boot.NAMES
    assert before - 0.1 <= found["since the start"].value <= boottime() + 0.1
