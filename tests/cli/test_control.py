"""What the owner tells a door that runs, at the command line."""

from __future__ import annotations

import os
import subprocess
import sys
import time

import pytest

from edge.door.control import FILE


def test_a_door_that_does_not_run_is_said(door):
    for command in (["status"], ["unlock"], ["lock"], ["mode", "closed"], ["clear-lockout"]):
        done = door(*command)
        assert (done.returncode, "no door answers" in done.stderr) == (69, True)
        assert "Traceback" not in done.stderr


def test_the_owner_looks_opens_shuts_and_sets_a_mode(running):
    told = running("status")
    assert told.returncode == 0
    assert "mode      normal" in told.stdout
    assert "lock      off; locked" in told.stdout
    assert "people    1" in told.stdout
    assert running("unlock", "--for", "9s", "--because", "parcel").stdout == "open for 9 s\n"
    assert running.json("status")[0]["strike"] == "on"
    assert running("lock").returncode == 0
    assert running.json("status")[0]["strike"] == "off"
    assert running("mode", "closed").stdout == "mode closed\n"
    assert "closed (by command; configured: normal)" in running("status").stdout
    assert running("mode", "configured").stdout == "mode normal\n"
    assert running("clear-lockout").stdout == "there were none\n"
    words = [event["reason"] for event in running.json("events")[0]["events"]]
    assert [w for w in words if w.startswith(("manual", "mode"))] == [
        "manual_unlock",
        "manual_lock",
        "mode_changed",
        "mode_changed",
    ]


@pytest.mark.parametrize("pulse", ["11s", "5", "0s", "soon"])
def test_no_pulse_that_is_none(running, pulse):
    done = running("unlock", "--for", pulse)
    assert done.returncode == 2
    assert running.json("status")[0]["strike"] == "off"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can speak as somebody else")
def test_somebody_else_may_not_even_where_the_folder_lets_them_through(running):
    """The eye is of the door's group: it may look, and not open."""
    running.state.chmod(0o711)
    (running.state / FILE).chmod(0o666)
    for folder in (running.folder, *running.folder.parents):
        folder.chmod(folder.stat().st_mode | 0o011) if folder != folder.parent else None
    code = (
        "import os, socket, sys; os.setuid(65534); s = socket.socket(1, socket.SOCK_SEQPACKET);"
        's.settimeout(5); s.connect(sys.argv[1]); s.send(b\'{"do": "unlock", "seconds": 5}\');'
        "print(s.recv(4096))"
    )
    path = str(running.state / FILE)
    asked = [sys.executable, "-c", code, path]
    done = subprocess.run(asked, capture_output=True, text=True, check=False)
    assert "unlock" not in done.stdout
    assert done.stdout == "b''\n" or "Error" in done.stderr
    assert "Permission" not in done.stderr  # it came as far as the door
    time.sleep(0.1)
    running.state.chmod(0o700)
    assert running.json("status")[0]["strike"] == "off"
