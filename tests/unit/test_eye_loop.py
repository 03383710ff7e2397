"""The eye's process, talked to as a door talks to it: real socket, real network."""

from __future__ import annotations

import json
import os
import select
import shutil
import signal
import socket
import stat
import subprocess
import sys
import threading
import time
from contextlib import contextmanager, suppress
from types import SimpleNamespace

import cv2
import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from edge.clock import boottime
from edge.contract.bundle import load_bundle
from edge.contract.errors import (
    BusyError,
    CameraError,
    ConfigError,
    EngineError,
    OutputError,
)
from edge.contract.gates import Limits
from edge.contract.picture import read_picture
from edge.contract.reasons import Reason
from edge.contract.signing import UNCHECKED
from edge.contract.wire import MAX_BYTES, Enough, Hello, Look, Seen, decode, encode
from edge.eye import loop as loop_module
from edge.eye.camera import Frame
from edge.eye.listener import admit, listening
from edge.eye.look import Eye
from edge.eye.loop import _Loop
from edge.shipped import shipped

OBAMA = "verification_images/obama_1.jpg"
START_S = 30.0  # on a busy machine


class Running:
    """`onelook eye` on a folder camera, a process of its own, and what it tells systemd."""

    def __init__(self, folder, repository, **environment):
        self.folder, self.camera, self.socket = folder, folder / "camera", folder / "run/eye.sock"
        self.pictures = repository / "application_data"
        self.camera.mkdir(exist_ok=True)
        self.config = folder / "onelook.toml"
        self.config.write_text(
            f'[paths]\nstate_dir = "{folder / "state"}"\nsocket = "{self.socket}"\n'
            f'[camera]\nsource = "folder:{self.camera}"\nframe_limit = "300ms"\n'
            f'[recognition]\nbundle = "{shipped("models", "faces")}"\n'
        )
        self.repository, self.environment = repository, environment
        self.systemd = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.systemd.bind(str(folder / "notify"))
        self.systemd.settimeout(START_S)

    def show(self, name):
        """Put one photograph before the camera, alone; half as large is found quicker."""
        picture = cv2.imread(str(self.pictures / name))
        half = cv2.resize(picture, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
        (self.camera / ".part").write_bytes(cv2.imencode(".png", half)[1].tobytes())
        (self.camera / ".part").rename(self.camera / "1.png")

    def start(self, *, wait=True):
        self.process = subprocess.Popen(
            [sys.executable, "-m", "edge", "eye", "--config", str(self.config)],
            cwd=self.repository,
            env={**os.environ, "NOTIFY_SOCKET": str(self.folder / "notify"), **self.environment},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        if wait:
            self.wait_until_ready()
        return self

    def wait_until_ready(self):
        while self.systemd.recv(64) != b"READY=1":
            assert self.process.poll() is None, self.process.communicate()

    def finish(self):
        """Its exit code and what it said; it must have been told to end, or end by itself."""
        said = self.process.communicate(timeout=START_S)[1]
        return self.process.returncode, said

    def close(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.communicate()
        self.systemd.close()

    def door(self):
        return Door(self.socket)


class Door:
    """The door's end of the socket."""

    def __init__(self, path):
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._socket.settimeout(5.0)
        self._socket.connect(str(path))
        self.hello = self.receive()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._socket.close()

    def send(self, message):
        self.send_bytes(encode(message))

    def send_bytes(self, packet):
        self._socket.send(packet)

    def receive(self):
        """The next message; None if the eye has closed the connection."""
        packet = self._socket.recv(MAX_BYTES + 1)
        return decode(packet) if packet else None

    def look(self, press, *, frames=1, within_s=10.0):
        asked = boottime()
        self.send(Look(press, asked, asked + within_s, frames))
        return asked

    def answers(self, count):
        return [self.receive() for _ in range(count)]

    def silent_for(self, seconds):
        return not select.select([self._socket], [], [], seconds)[0]

    def is_closed(self):
        try:
            return self.receive() is None
        except ConnectionError:
            return True


@pytest.fixture(scope="module")
def running(tmp_path_factory, request):
    eye = Running(tmp_path_factory.mktemp("eye"), request.config.rootpath)
    eye.show(OBAMA)
    eye.start()
    yield eye
    eye.close()


@pytest.fixture
def eye(running):
    """The running eye with a photograph of one person before it; it must have outlived the test."""
    running.show(OBAMA)
    yield running
    assert running.process.poll() is None
    with running.door() as door:
        door.look(99)
        assert door.receive().press == 99


@pytest.fixture
def own(tmp_path, repository):
    """An eye of the test's own, not started."""
    made = Running(tmp_path, repository)
    made.show(OBAMA)
    made.process = None
    yield made
    if made.process is not None:
        made.close()


def test_the_first_word_is_which_network_it_runs(eye):
    manifest = load_bundle(shipped("models", "faces"), UNCHECKED).manifest
    with eye.door() as door:
        assert door.hello == Hello(manifest.model, manifest.dimensions)


def test_a_look_is_answered_frame_by_frame_with_what_the_network_says(eye):
    frame = read_picture(eye.camera / "1.png")
    sight = Eye(load_bundle(shipped("models", "faces"), UNCHECKED), Limits()).see(frame)
    with eye.door() as door:
        asked = door.look(7, frames=3)
        answers = door.answers(3)
        assert door.silent_for(0.2)
    assert [(a.press, a.frame, a.reason) for a in answers] == [(7, n, None) for n in (1, 2, 3)]
    taken = [asked, *(a.taken for a in answers), boottime()]
    assert taken == sorted(set(taken))
    for answer in answers:
        assert answer.embedding == sight.embedding.tobytes()
        assert answer.gates == sight.gates
        assert answer.face == pytest.approx([*sight.face.box, *sight.face.points.ravel()])
        assert all(0.0 < ms < 10_000.0 for ms in answer.ms)


@pytest.mark.parametrize(
    ("name", "reason", "has_face"),
    [
        ("input_images/noface_rocket.jpg", Reason.NO_FACE, False),
        ("input_images/group_1.jpg", Reason.TWO_FACES, True),
    ],
)
def test_a_frame_that_cannot_be_used_is_answered_with_its_reason(eye, name, reason, has_face):
    eye.show(name)
    with eye.door() as door:
        door.look(8)
        answer = door.receive()
    assert (answer.reason, answer.embedding, bool(answer.face)) == (reason, b"", has_face)


def test_no_frame_is_of_before_the_time_that_the_door_named(eye):
    with eye.door() as door:
        later = boottime() + 0.25
        door.send(Look(9, later, later + 5.0, 1))
        assert door.receive().taken > later


def test_enough_ends_a_look(eye):
    with eye.door() as door:
        door.look(10, frames=64)
        door.receive()
        door.send(Enough(10))
        rest = until_silence(door)
    assert len(rest) <= 2  # under way when the word came


def test_enough_of_another_press_ends_nothing(eye):
    with eye.door() as door:
        door.look(11, frames=4)
        door.receive()
        door.send(Enough(10))
        assert [a.frame for a in door.answers(3)] == [2, 3, 4]


def test_a_newer_look_takes_the_place_of_the_older_one(eye):
    with eye.door() as door:
        door.look(12, frames=64)
        door.receive()
        door.look(13, frames=2)
        seen = [(12, 1)]
        while seen[-1] != (13, 2):
            answer = door.receive()
            seen.append((answer.press, answer.frame))
        assert door.silent_for(0.3)
    assert seen == sorted(seen)
    assert seen[-2:] == [(13, 1), (13, 2)]
    assert len(seen) <= 5  # at most two were under way


def test_no_frame_is_begun_after_the_deadline(eye):
    with eye.door() as door:
        asked = door.look(14, frames=64, within_s=0.8)
        answers = until_silence(door)
        assert 1 <= len(answers) < 64
        assert max(a.taken for a in answers) < asked + 0.8 + 0.3
        door.look(15, within_s=-1.0)
        assert door.silent_for(0.3)


def until_silence(door):
    answers = []
    while not door.silent_for(0.8):
        answers.append(door.receive())
    return answers


def test_a_camera_without_frames_is_a_camera_error_in_time_and_is_forgiven(eye):
    (eye.camera / "1.png").unlink()
    with eye.door() as door:
        asked = door.look(16, frames=2)
        for answer in door.answers(2):
            assert answer.reason is Reason.CAMERA_ERROR
            assert (answer.embedding, answer.face, answer.gates) == (b"", (), ())
            assert answer.taken > asked
        assert 0.5 < boottime() - asked < 2.0  # two times the frame limit
        eye.show(OBAMA)
        door.look(17)
        assert door.receive().reason is None


def test_a_camera_that_was_away_is_opened_again(eye):
    shutil.move(eye.camera, eye.folder / "away")
    with eye.door() as door:
        door.look(18, frames=2)
        assert {a.reason for a in door.answers(2)} == {Reason.CAMERA_ERROR}
        shutil.move(eye.folder / "away", eye.camera)
        door.look(19)
        assert door.receive().reason is None


def test_a_new_connection_takes_the_place_of_the_old_and_gets_none_of_its_answers(eye):
    with eye.door() as old:
        old.look(20, frames=64)
        old.receive()
        with eye.door() as new:
            new.look(21, frames=2)
            assert [a.press for a in new.answers(2)] == [21, 21]
            assert new.silent_for(0.2)
            while (last := received_or_closed(old)) is not None:
                assert last.press == 20


def received_or_closed(door):
    with suppress(ConnectionError):
        return door.receive()
    return None


a_seen = Seen(1, 1, 1.0, Reason.NO_FACE, b"", (), (), (0.0, 0.0, 0.0))
packets = st.one_of(
    st.binary(min_size=1, max_size=64),
    st.sampled_from([Hello("m", 1), Enough(1), Look(1, 0.0, 0.0, 64), a_seen]).map(encode),
    st.builds(Look, st.integers(0, 9), st.floats(0.0, 1.0), st.floats(-1.0, 1.0), st.just(3)).map(
        encode
    ),
)


@given(st.lists(packets, min_size=1, max_size=8))
@example([bytes(MAX_BYTES + 1)])
@example([bytes(100_000)])
@example([encode(Look(1, 0.0, 0.0, 1))[:-1]])
@settings(max_examples=100, deadline=None)
def test_whatever_a_door_sends_the_eye_serves_the_next_one(running, sent):
    with running.door() as door, suppress(ConnectionError):
        for packet in sent:
            door.send_bytes(packet)
    with running.door() as door:
        assert isinstance(door.hello, Hello)
    assert running.process.poll() is None


@pytest.mark.parametrize(
    "packet", [b"\x00", encode(Hello("m", 1)), encode(a_seen), bytes(MAX_BYTES + 1)]
)
def test_who_sends_what_no_door_sends_is_not_listened_to_again(eye, packet):
    with eye.door() as door:
        door.send_bytes(packet)
        assert door.is_closed()


def test_the_socket_is_for_owner_and_group_alone_in_a_folder_that_it_made(running):
    assert stat.S_IMODE(running.socket.stat().st_mode) == 0o660
    assert stat.S_IMODE(running.socket.parent.stat().st_mode) == 0o750


def test_a_second_eye_says_that_the_first_is_running_and_does_not_disturb_its_door(eye):
    with eye.door() as door:
        second = subprocess.run(
            [sys.executable, "-m", "edge", "eye", "--json", "--config", str(eye.config)],
            cwd=eye.repository,
            capture_output=True,
            text=True,
            timeout=START_S,
            check=False,
        )
        assert second.returncode == BusyError.exit_code, second.stderr
        assert json.loads(second.stdout)["code"] == "busy"
        door.look(22)
        assert door.receive().press == 22


def test_the_socket_of_a_killed_eye_is_in_nobodys_way(own):
    own.start()
    own.process.kill()
    own.finish()
    assert own.socket.exists()
    own.start()
    with own.door() as door:
        assert door.hello is not None


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_stop_signal_during_a_look_ends_it_in_order(own, number):
    own.start()
    with own.door() as door:
        door.look(23, frames=64)
        door.receive()
        told = time.monotonic()
        own.process.send_signal(number)
        code, said = own.finish()
    assert time.monotonic() - told < 5.0  # TimeoutStopSec of its unit
    assert code == 0, said
    assert "Traceback" not in said
    assert not own.socket.exists()


@pytest.mark.parametrize(
    ("change", "code", "words"),
    [
        (lambda own: shutil.rmtree(own.camera), 82, "camera"),
        (lambda own: replace_line(own.config, "bundle", 'bundle = "nowhere"'), 66, "nowhere"),
        (lambda own: own.socket.mkdir(parents=True), 73, "eye.sock"),
    ],
)
def test_an_eye_that_cannot_start_says_why_and_leaves_no_socket(own, change, code, words):
    change(own)
    own.start(wait=False)
    found, said = own.finish()
    assert (found, "Traceback" in said) == (code, False), said
    what, *remedy = said.splitlines()
    assert words in what
    assert remedy
    assert not own.socket.is_socket()


def replace_line(file, key, line):
    lines = file.read_text().splitlines()
    file.write_text("\n".join(line if text.startswith(key) else text for text in lines) + "\n")


def test_systemds_watchdog_is_fed_while_idle_and_not_while_the_camera_is_away(own):
    own.environment["WATCHDOG_USEC"] = "200000"
    own.start()
    assert fed_within(own, 2.0)
    with own.door() as door:
        shutil.rmtree(own.camera)
        door.look(24)
        assert door.receive().reason is Reason.CAMERA_ERROR
        while fed_within(own, 0.0):
            pass  # what was fed before
        assert not fed_within(own, 0.3)
        own.camera.mkdir()
        own.show(OBAMA)
        assert fed_within(own, 2.0)


def fed_within(own, seconds):
    """Whether the watchdog is fed within the time; returns as soon as it is."""
    deadline = time.monotonic() + seconds
    while select.select([own.systemd], [], [], max(0.0, deadline - time.monotonic()))[0]:
        if own.systemd.recv(64) == b"WATCHDOG=1":
            return True
    return False


# The loop in this process: devices that fail as no photograph can make them fail.


class Lens:
    """A camera without delay; it notes what it was asked for."""

    works = True

    def __init__(self):
        self.asked = []

    def frame(self, not_before):
        self.asked.append(not_before)
        return Frame(np.zeros((4, 4, 3), np.uint8), max(boottime(), np.nextafter(not_before, 1e9)))

    def mend(self):
        return self


@contextmanager
def looping(path, see, lens=None):
    """The eye's loop with `see` in place of the network; its door."""
    reading, writing = os.pipe()
    with listening(path) as listener:
        eye = SimpleNamespace(see=see)
        loop = _Loop(eye, lens or Lens(), Hello("m", 4), listener)
        thread = threading.Thread(target=loop.run, args=(reading,))
        thread.start()
        try:
            with Door(path) as door:
                yield door
        finally:
            os.write(writing, b"x")
            thread.join()
            os.close(reading)
            os.close(writing)


def test_an_engine_that_fails_is_an_engine_error_and_is_asked_again(tmp_path):
    outcomes = [EngineError("it failed", remedy="none"), None]

    def see(_frame):
        if (fault := outcomes.pop(0)) is not None:
            raise fault
        embedding = np.arange(4, dtype=np.int8)
        return SimpleNamespace(reason=None, embedding=embedding, face=None, gates=(), ms=(1.0, 2.0))

    with looping(tmp_path / "eye.sock", see) as door:
        door.look(1, frames=2)
        failed, good = door.answers(2)
    assert (failed.reason, failed.embedding) == (Reason.ENGINE_ERROR, b"")
    assert (good.reason, good.embedding) == (None, bytes(range(4)))


def test_an_idle_eye_proves_now_and_then_that_camera_and_networks_work(tmp_path, monkeypatch):
    now, rehearsed, lens = [1000.0], [], Lens()
    monkeypatch.setattr(loop_module, "boottime", lambda: now[0])
    reading, writing = os.pipe()
    with listening(tmp_path / "eye.sock") as listener:
        eye = SimpleNamespace(rehearse=lambda: rehearsed.append(now[0]))
        loop = _Loop(eye, lens, Hello("m", 4), listener)
        for at in (1001.0, 1599.0, 1600.0, 1601.0, 2200.0):
            now[0] = at
            assert loop._turn(reading, 0.0)
        assert rehearsed == lens.asked == [1600.0, 2200.0]
        # One that does not answer as it did ends the process: systemd starts another.
        eye.rehearse = fail
        now[0] = 3000.0
        with pytest.raises(EngineError):
            loop._turn(reading, 0.0)
        # A camera that gives nothing is told, and opened anew like any other that fails.
        eye.rehearse = lambda: None
        monkeypatch.setattr(lens, "frame", fail_to_see)
        now[0] = 4000.0
        assert loop._turn(reading, 0.0)
    os.close(reading)
    os.close(writing)


def fail():
    raise EngineError("it answers otherwise", remedy="none")


def fail_to_see(_not_before):
    raise CameraError("nothing", remedy="none")


def test_each_frame_of_a_press_is_exposed_after_the_one_before(tmp_path):
    def see(_frame):
        return SimpleNamespace(
            reason=Reason.NO_FACE, embedding=None, face=None, gates=(), ms=(0, 0)
        )

    lens = Lens()
    with looping(tmp_path / "eye.sock", see, lens) as door:
        asked = door.look(1, frames=3)
        taken = [answer.taken for answer in door.answers(3)]
    assert lens.asked == [asked, *taken[:2]]


class SlowLens(Lens):
    """A camera whose second frame comes when it is let go."""

    def __init__(self):
        super().__init__()
        self.awaited, self.go = threading.Event(), threading.Event()

    def frame(self, not_before):
        if len(self.asked) == 1:
            self.awaited.set()
            self.go.wait(START_S)
        return super().frame(not_before)


def test_a_frame_that_came_after_enough_is_not_looked_at(tmp_path):
    looked = []

    def see(frame):
        looked.append(frame)
        return SimpleNamespace(
            reason=Reason.NO_FACE, embedding=None, face=None, gates=(), ms=(0, 0)
        )

    lens = SlowLens()
    with looping(tmp_path / "eye.sock", see, lens) as door:
        door.look(1, frames=3)
        door.answers(1)
        lens.awaited.wait(START_S)
        door.send(Enough(1))
        lens.go.set()
        door.look(2, frames=1)
        (answer,) = door.answers(1)
    assert (answer.press, answer.frame, len(looked)) == (2, 1, 2)


def test_a_frame_is_not_counted_when_the_door_spoke_of_something_else(tmp_path):
    def see(_frame):
        return SimpleNamespace(
            reason=Reason.NO_FACE, embedding=None, face=None, gates=(), ms=(0, 0)
        )

    lens = SlowLens()
    with looping(tmp_path / "eye.sock", see, lens) as door:
        door.look(5, frames=3)
        door.answers(1)
        lens.awaited.wait(START_S)
        door.send(Enough(4))  # late, of the press before
        lens.go.set()
        assert [answer.frame for answer in door.answers(2)] == [2, 3]


def test_a_door_that_reads_nothing_is_let_go_and_the_next_one_is_served(tmp_path):
    def see(_frame):
        return SimpleNamespace(
            reason=None, embedding=np.ones(4000, np.int8), face=None, gates=(), ms=(0.0, 0.0)
        )

    path = tmp_path / "eye.sock"
    with looping(path, see) as deaf:
        with suppress(ConnectionError):
            for press in range(40):
                deaf.look(press, frames=64, within_s=60.0)
                time.sleep(0.02)
        with Door(path) as other:
            other.look(99)
            assert other.receive().press == 99


def test_only_a_process_of_our_user_or_group_is_admitted():
    if os.geteuid() != 0:
        pytest.skip("only root can start a process of another user")
    # A path of its own: the others of pytest's are closed to that user.
    path = f"/tmp/onelook-test-{os.getpid()}.sock"  # noqa: S108 - removed below, holds nothing
    code = f"import socket; s = socket.socket(1, 5); s.connect({path!r}); print(s.recv(1))"
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as listener:
        listener.bind(path)
        try:
            os.chmod(path, 0o666)  # noqa: PTH101, S103 - as if the mode had been loosened
            listener.listen()
            admitted = {}
            for uid, gid in ((0, 65534), (65534, os.getegid()), (65534, 65534)):
                with subprocess.Popen(
                    [sys.executable, "-I", "-c", code],
                    user=uid,
                    group=gid,
                    extra_groups=[],
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL,
                    cwd="/",
                ):
                    if not select.select([listener], [], [], 5.0)[0]:
                        pytest.skip(
                            "that user cannot run this Python, which lies in a closed folder"
                        )
                    door = admit(listener)
                    admitted[uid, gid] = door is not None
                    if door is not None:
                        door.close()
        finally:
            os.unlink(path)  # noqa: PTH108 - beside the other os calls
    assert admitted == {
        (0, 65534): True,
        (65534, os.getegid()): True,
        (65534, 65534): False,
    }


def test_something_else_at_the_sockets_path_is_left_alone(tmp_path):
    path = tmp_path / "eye.sock"
    path.write_text("precious")
    with pytest.raises(OutputError, match=r"eye\.sock"), listening(path):
        pass
    assert path.read_text() == "precious"


def test_a_path_too_long_for_a_socket_is_an_error_of_the_configuration(tmp_path):
    with pytest.raises(ConfigError, match="too long") as refusal, listening(tmp_path / ("x" * 120)):
        pass
    assert "107" in refusal.value.remedy


def test_the_socket_of_an_eye_that_came_later_is_not_removed(tmp_path):
    path = tmp_path / "eye.sock"
    with listening(path):
        path.unlink()
        with listening(path) as later:
            inode = path.stat().st_ino
            assert later.fileno() > 0
            path.rename(tmp_path / "kept")
        (tmp_path / "kept").rename(path)
    assert path.stat().st_ino == inode
