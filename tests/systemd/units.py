"""Installer and services on a real systemd, in a container of each suite: `make test-systemd`."""

from __future__ import annotations

import json
import re

import pytest

from tests.systemd.container import boot, missing

SUITES = ("bookworm", "trixie")
# landscape: the door at most 0.8, the eye, which needs a camera's devices, at most 1.3.
MOST_EXPOSED = {"onelook.service": 0.8, "onelook-eye.service": 1.3}


@pytest.fixture(scope="module", params=SUITES)
def suite(request):
    lack = missing(request.param)
    if lack:
        pytest.skip(lack)
    return request.param


def result_of(suite, script, tmp_path_factory):
    out = tmp_path_factory.mktemp(script)
    found = boot(suite, f"{script}.py", out)
    assert "failed" not in found, found["failed"] + (out / "log").read_text()[-4000:]
    return found


@pytest.fixture(scope="module")
def installed(suite, tmp_path_factory):
    return result_of(suite, "install", tmp_path_factory)


@pytest.fixture(scope="module")
def served(suite, tmp_path_factory):
    return result_of(suite, "services", tmp_path_factory)


@pytest.fixture(scope="module")
def owned(suite, tmp_path_factory):
    return result_of(suite, "owner", tmp_path_factory)


def test_what_is_not_supported_is_refused_before_anything_is_touched(installed):
    nobody, nowhere, unknown, old, left = installed["refused"]
    assert (nobody[0], nowhere[0], unknown[0], old[0]) == (77, 66, 2, 1)
    assert "sudo" in nobody[1]
    assert "/nowhere" in nowhere[1]
    assert "--frobnicate" in unknown[1]
    assert "buster is not supported" in old[1]
    assert left == []


def test_it_installs_offline_and_a_second_time_changes_nothing(installed):
    assert installed["first"] == 0
    assert "is installed already" in installed["again"]
    added = installed["boot_config"].splitlines()
    assert added[0] == "camera_auto_detect=1"
    assert {"dtparam=strict_gpiod", "gpio=17=op,dl"} < set(added)
    assert installed["boot_config_again"] == installed["boot_config"]


def test_it_ends_with_both_services_up_and_a_doctor_who_says_what_is_left(installed):
    assert (installed["enrolled"], installed["started"]) == (0, 0)
    assert installed["active"] == [True, True]
    found = {f["name"]: f for f in json.loads(installed["doctor"])["findings"]}
    good = ("disk", "kernel", "services", "model", "engine", "gallery")
    assert {name: found[name]["state"] for name in good} == dict.fromkeys(good, "ok")
    # A container has no header, and the system's Python no lgpio.
    assert found["pins"]["state"] == "problem"
    assert "lgpio" in found["pins"]["fix"]


def test_an_upgrade_keeps_people_and_settings_and_can_be_taken_back(installed):
    current, previous = installed["upgraded"]
    assert previous == installed["version"] != current
    assert installed["restarted"]
    assert names(installed["people_after"]) == ["Ada"]
    assert installed["settings_kept"]
    assert installed["reverted"] == [previous, current]
    assert installed["active_after_revert"]


def test_to_take_it_away_one_must_say_what_becomes_of_the_people(installed):
    assert installed["undecided"] == 2
    assert installed["still_there"]
    assert set(installed["left"]) == {
        *("/etc/onelook", "/var/lib/onelook", "/var/lib/onelook-models"),
        *("onelook", "onelook-eye"),
    }
    assert names(installed["people_back"]) == ["Ada"]
    assert installed["left_after_purge"] == []


def names(document):
    return [person["name"] for person in json.loads(document)["people"]]


def test_a_start_returns_when_the_door_is_ready(served):
    assert served["start_returns_ready"] == [True, True]
    (entry,) = served["door_started"]
    assert entry["SYSLOG_IDENTIFIER"] == "onelook"
    assert entry["ONELOOK_SCHEMA"] == "1"
    assert entry["_SYSTEMD_UNIT"] == "onelook.service"
    assert entry["_CAP_EFFECTIVE"] == "0"


def test_both_work_in_their_sandboxes_and_these_are_tight(served):
    for unit, most in MOST_EXPOSED.items():
        score = float(re.search(r": (\d+\.\d)", served["security"][unit])[1])
        assert score <= most, served["security"][unit]
    assert served["verify"] == ""


def test_a_killed_door_is_driven_off_by_a_fresh_process_and_comes_back(served):
    assert served["ended"] == ["signal KILL"]
    assert served["door_restarts"] == 1
    assert served["door_back_after_s"] < 15.0


def test_a_killed_eye_comes_back_and_the_door_lives_on(served):
    assert served["eye_back_after_s"] < 15.0
    assert served["door_lived"]


def test_what_hangs_is_replaced_by_the_watchdog(served):
    assert any("Watchdog timeout" in line for line in served["watchdog_said"])
    assert served["hung_eye_replaced_after_s"] < 40.0
    assert served["hung_door_replaced_after_s"] < 40.0


def test_a_fault_that_no_restart_mends_is_not_restarted(served):
    assert served["misconfigured"]["ActiveState"] == "failed"
    assert served["misconfigured"]["ExecMainStatus"] == "78"
    assert served["mended"]


def test_an_orderly_stop_is_no_failure(served):
    assert served["stopped"] == {
        "ActiveState": "inactive",
        "ExecMainStatus": "0",
        "Result": "success",
    }


def test_what_root_does_to_people_and_log_the_door_can_read(owned):
    assert (owned["enrolled"], owned["removed"]) == (0, 0)
    assert owned["owners"] == ["onelook"]
    assert (owned["status"]["people"], owned["status"]["armed"]) == (1, True)


def test_the_owner_commands_a_door_in_its_sandbox(owned):
    assert owned["unlocked"]["ok"]
    assert owned["locked_again"] == "off"
    assert owned["mode"] == "closed"
    assert {"enrolled", "removed", "manual_unlock", "mode_changed"} <= set(owned["events"])


def test_a_reload_takes_a_right_configuration_and_leaves_a_wrong_one(owned):
    assert owned["reloaded"] == ["log.keep"]
    assert owned["reload"] == 0
    assert owned["wrong_reload"] != 0
    assert owned["still_the_same"]


def test_the_owners_own_command_is_told_and_sees_nothing_of_the_door(owned):
    told = owned["told"].splitlines()
    assert told[0] == "onelook-hooks"
    assert "ONELOOK_HOOK=fault" in told
    assert any("/var/lib/onelook" in line and "denied" in line for line in told)
    assert float(re.search(r": (\d+\.\d)", owned["hooks_security"])[1]) < 5.0


def test_a_log_that_was_cut_off_shows_against_the_journal(owned):
    assert owned["verified"]["ok"]
    assert owned["verified"]["newest_known"] is not None
    assert not owned["cut"]["ok"]
    assert owned["cut"]["newest_known"] == owned["cut"]["last"] + 1
