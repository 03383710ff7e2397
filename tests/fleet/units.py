"""A door that tells, by its installed units on a real systemd: part of `make test-fleet`."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.fleet.mosquitto import MISSING, PROGRAM
from tests.systemd.container import boot, missing


@pytest.fixture(scope="module", params=["bookworm", "trixie"])
def told(request, tmp_path_factory):
    paho = pytest.importorskip("paho", reason="paho-mqtt is not installed")
    if lack := missing(request.param) or ", ".join(MISSING):
        pytest.skip(lack)
    out = tmp_path_factory.mktemp(f"tell-{request.param}")
    beside = out / "beside"
    beside.mkdir()
    shutil.copytree(Path(next(iter(paho.__path__))), beside / "paho")
    copy_with_libraries(PROGRAM, beside)
    found = boot(request.param, "tell.py", out)
    assert "failed" not in found, found["failed"] + (out / "log").read_text()[-4000:]
    return found


def copy_with_libraries(program, folder):
    """And the loader, as `loader`: a suite may be older or newer than this machine."""
    shutil.copy(program, folder)
    listed = subprocess.run(["ldd", program], capture_output=True, text=True, check=True).stdout
    for library in re.findall(r"=> (/\S+)", listed):
        shutil.copy(library, folder)
    shutil.copy(re.search(r"^\s*(/\S+)", listed, re.MULTILINE)[1], folder / "loader")


def test_it_is_off_until_its_owner_says_so(told):
    assert (told["enabled"], told["listening_before"]) == ("disabled", False)


def test_an_event_reaches_the_broker_and_names_nobody(told):
    assert told["started"] == 0
    assert told["event"]["reason"] == "mode_changed"
    assert not {"who", "because"} & told["event"].keys()
    assert told["health"]["running"] is True


def test_who_reads_the_log_can_write_nothing_and_reach_nobody(told):
    teller = told["teller"]
    assert teller["user"] == "onelook"
    assert (teller["seccomp"], int(teller["capabilities"], 16)) == ("2", 0)
    assert "Read-only file system" in teller["writes"]
    assert told["tried"] == {
        "ask_the_door": "Address family not supported by protocol",
        "reach_out": "Address family not supported by protocol",
        "write": "Read-only file system",
        "read": "done",
    }


def test_only_who_speaks_to_the_broker_is_handed_the_log_and_it_sees_nothing_else(told):
    assert "begins" in told["asked"]["onelook-mqtt"]
    assert "PermissionError" in told["asked"]["onelook-hooks"]
    assert "denied" in told["sees"]


def test_an_orderly_stop_is_one(told):
    assert not told["still_active"]
