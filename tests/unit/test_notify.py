"""sd_notify on a real socket."""

from __future__ import annotations

import contextlib
import os
import socket

import pytest

from edge import notify


@pytest.fixture(params=["path", "abstract"])
def systemd(request, tmp_path, monkeypatch):
    address = str(tmp_path / "notify") if request.param == "path" else f"\0onelook-{os.getpid()}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as receiver:
        receiver.bind(address)
        receiver.settimeout(1.0)
        monkeypatch.setenv("NOTIFY_SOCKET", address.replace("\0", "@"))
        yield receiver


def test_each_word_arrives_as_systemd_reads_it(systemd):
    for call in (notify.ready, notify.watchdog, notify.stopping):
        call()
    notify.status("2 people")
    received = [systemd.recv(100) for _ in range(4)]
    assert received == [b"READY=1", b"WATCHDOG=1", b"STOPPING=1", b"STATUS=2 people"]


def test_a_socket_that_nobody_reads_holds_nothing_up(systemd, monkeypatch):
    monkeypatch.setattr(notify, "_WAIT_S", 0.01)
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK) as filler:
        filler.connect(systemd.getsockname())
        with contextlib.suppress(BlockingIOError):
            while True:
                filler.send(b"x")
        notify.watchdog()


def test_without_systemd_nothing_is_sent(monkeypatch):
    monkeypatch.delenv("NOTIFY_SOCKET", raising=False)
    notify.ready()


@pytest.mark.parametrize(
    ("usec", "pid", "expected"),
    [("10000000", "", 5.0), ("10000000", "own", 5.0), ("10000000", "1", None), ("", "", None)],
)
def test_the_watchdog_is_fed_twice_as_often_as_asked(monkeypatch, usec, pid, expected):
    monkeypatch.setenv("WATCHDOG_USEC", usec)
    monkeypatch.setenv("WATCHDOG_PID", str(os.getpid()) if pid == "own" else pid)
    assert notify.watchdog_interval() == expected
