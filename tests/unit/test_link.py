"""The door's end of the socket, with an eye of the test's at the other: it may do what it likes."""

from __future__ import annotations

import os
import select
import socket
import subprocess
import sys

import pytest

from edge.contract.reasons import Reason
from edge.contract.wire import MAX_BYTES, Enough, Hello, Look, Seen, decode, encode
from edge.door import link as module
from edge.door.link import Link, LostError

MODEL, DIMENSIONS = "0123456789abcdef", 4
SEEN = Seen(1, 1, 1.0, None, b"\x01\x02\x03\x04", (), (), (0.0, 0.0, 0.0))


class Eye:
    def __init__(self, path):
        self.path = path
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._listener.bind(str(path))
        self._listener.listen(1)
        self._listener.settimeout(5.0)
        self.door = None

    def meet(self, *messages):
        self.door, _ = self._listener.accept()
        self.door.settimeout(5.0)
        for message in messages:
            self.send(message)

    def send(self, message):
        self.door.send(message if isinstance(message, bytes) else encode(message))

    def hang_up(self):
        self.door.close()

    def close(self):
        if self.door is not None:
            self.door.close()
        self._listener.close()
        self.path.unlink(missing_ok=True)


@pytest.fixture
def eye(tmp_path):
    made = Eye(tmp_path / "eye.sock")
    yield made
    made.close()


@pytest.fixture
def link(eye):
    made = Link(eye.path, MODEL, DIMENSIONS)
    yield made
    made.close()


@pytest.fixture
def greeted(eye, link):
    assert link.connect()
    eye.meet(Hello(MODEL, DIMENSIONS))
    assert link.receive() is None
    return link


def test_without_an_eye_there_is_a_fault_and_no_error(tmp_path):
    link = Link(tmp_path / "nowhere", MODEL, DIMENSIONS)
    assert not link.connect()
    assert (link.socket, link.fault) == (None, Reason.CAMERA_ERROR)
    with pytest.raises(LostError):
        link.send(Enough(1))


def test_the_eye_can_be_asked_once_it_said_which_network_it_runs(eye, link):
    assert link.connect()
    eye.meet()
    assert link.receive() is None  # nothing came, and nothing was waited for
    assert link.fault is Reason.CAMERA_ERROR
    eye.send(Hello(MODEL, DIMENSIONS))
    assert link.receive() is None
    assert link.fault is None
    link.send(Look(1, 2.0, 3.0, 3))
    assert decode(eye.door.recv(MAX_BYTES)) == Look(1, 2.0, 3.0, 3)
    eye.send(SEEN)
    assert link.receive() == SEEN


@pytest.mark.parametrize("hello", [Hello("f" * 16, DIMENSIONS), Hello(MODEL, 5)])
def test_an_eye_with_another_network_is_not_asked(eye, link, hello):
    link.connect()
    eye.meet(hello)
    assert link.receive() is None
    assert link.fault is Reason.ENGINE_ERROR
    eye.send(SEEN)
    with pytest.raises(LostError):
        link.receive()


@pytest.mark.parametrize(
    "said",
    [
        b"nonsense",
        bytes(MAX_BYTES + 1),
        Look(1, 0.0, 0.0, 1),
        Enough(1),
        *(
            Seen(1, 1, 1.0, reason, b"", (), (), (0.0, 0.0, 0.0))
            for reason in (Reason.GRANTED, Reason.NOT_RECOGNISED, Reason.LOCKOUT, Reason.TIMEOUT)
        ),
    ],
)
def test_what_no_eye_says_ends_the_connection(eye, greeted, said):
    eye.send(said)
    with pytest.raises(LostError):
        greeted.receive()
    assert (greeted.socket, greeted.fault) == (None, Reason.CAMERA_ERROR)


@pytest.mark.parametrize("reason", [Reason.NO_FACE, Reason.COVERED, Reason.CAMERA_ERROR])
def test_why_a_frame_is_not_usable_is_for_the_eye_to_say(eye, greeted, reason):
    eye.send(Seen(1, 1, 1.0, reason, b"", (), (), (0.0, 0.0, 0.0)))
    assert greeted.receive().reason is reason


def test_an_eye_that_hangs_up_is_lost_and_may_come_back(eye, greeted, monkeypatch):
    eye.hang_up()
    with pytest.raises(LostError):
        greeted.receive()
    assert greeted.fault is Reason.CAMERA_ERROR
    assert not greeted.connect()  # not at once: one that dies at each start must not keep us busy
    monkeypatch.setattr(module, "boottime", lambda: 1e12)
    assert greeted.connect()
    eye.meet(Hello(MODEL, DIMENSIONS))
    assert greeted.receive() is None
    assert greeted.fault is None


def test_an_eye_that_reads_nothing_is_lost_and_the_door_does_not_wait_for_it(greeted):
    def flood():
        for press in range(10_000):
            greeted.send(Enough(press))

    with pytest.raises(LostError):
        flood()
    assert greeted.socket is None


STRANGER = """
import socket, sys
listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
listener.bind(sys.argv[1])
listener.listen(1)
print("listening", flush=True)
sys.stdin.read()
"""


def test_only_an_eye_of_our_user_or_group_is_listened_to():
    if os.geteuid() != 0:
        pytest.skip("only root can start a process of another user")
    folder = f"/tmp/onelook-test-link-{os.getpid()}"  # noqa: S108 - the others are closed to that user
    os.mkdir(folder)  # noqa: PTH102 - beside the other os calls
    os.chmod(folder, 0o777)  # noqa: PTH101, S103 - the stranger makes its socket there
    trusted = {}
    try:
        for uid, gid in ((65534, 65534), (65534, os.getegid()), (0, 65534)):
            path = f"{folder}/{uid}-{gid}"
            with subprocess.Popen(
                [sys.executable, "-I", "-c", STRANGER, path],
                user=uid,
                group=gid,
                extra_groups=[],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                cwd="/",
            ) as stranger:
                if not stranger.stdout.readline():
                    pytest.skip("that user cannot run this Python: its folder is closed")
                link = Link(path, MODEL, DIMENSIONS)
                trusted[uid, gid] = link.connect()
                link.close()
                stranger.stdin.close()
            os.unlink(path)  # noqa: PTH108 - beside the other os calls
    finally:
        os.rmdir(folder)  # noqa: PTH106 - beside the other os calls
    assert trusted == {(65534, 65534): False, (65534, os.getegid()): True, (0, 65534): True}


def test_the_socket_is_there_to_be_waited_for(eye, greeted):
    eye.send(SEEN)
    assert select.select([greeted.socket], [], [], 5.0)[0]
