"""Time that nobody can set."""

from __future__ import annotations

from pathlib import Path

from edge import clock


def test_boottime_rises_and_is_how_long_the_machine_has_run():
    first = clock.boottime()
    uptime = float(Path("/proc/uptime").read_text().split()[0])
    assert first <= clock.boottime()
    assert abs(first - uptime) < 1.0


def test_the_start_of_the_machine_has_one_name():
    assert clock.boot_id() == clock.boot_id()
    assert len(clock.boot_id()) == 36


def test_the_date_says_whether_a_time_server_confirmed_it(monkeypatch, tmp_path):
    monkeypatch.setattr(clock, "_SYNCHRONISED", tmp_path / "synchronized")
    when, trusted = clock.wall()
    assert when.endswith("Z")
    assert len(when) == len("2026-11-23T18:02:11.418Z")
    assert not trusted
    (tmp_path / "synchronized").touch()
    assert clock.wall()[1]
