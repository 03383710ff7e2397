"""A door that tells, by its installed units on a real systemd: part of `make test-fleet`."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.fleet.mosquitto import MISSING, PROGRAM
from tests.systemd.container import boot, missing

SUITE = "bookworm"  # whose mosquitto this machine's is, when it is a bookworm itself


@pytest.fixture(scope="module")
def told(tmp_path_factory):
    paho = pytest.importorskip("paho", reason="paho-mqtt is not installed")
    if lack := missing(SUITE) or ", ".join(MISSING):
        pytest.skip(lack)
    out = tmp_path_factory.mktemp("tell")
    beside = out / "beside"
    beside.mkdir()
    shutil.copytree(Path(next(iter(paho.__path__))), beside / "paho")
    shutil.copy(PROGRAM, beside / "mosquitto")
    listed = subprocess.run(["ldd", PROGRAM], capture_output=True, text=True, check=True).stdout
    for library in re.findall(r"=> (/\S+)", listed):
        if not re.search(r"/lib(c|m|dl|pthread|rt)\.so", library):  # the container's own
            shutil.copy(library, beside)
    found = boot(SUITE, "tell.py", out)
    assert "failed" not in found, found["failed"] + (out / "log").read_text()[-4000:]
    return found


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
