"""The whole unit on a kernel's pins and libcamera's camera, in a VM: `make test-unit`.

Button, lock and exit are lines of the kernel's gpio-sim, driven through lgpio; the camera is
libcamera's virtual one, which shows a photograph, through picamera2; door and eye are the services
as deploy/install.sh installs them. Needs tests/doorvm/prepare.sh, and three minutes of a processor
of its own, a quarter of an hour of one that is shared with others.
"""

from __future__ import annotations

import pytest

from tests.doorvm.vm import boot, missing

PULSE_S = 6.0
SLACK_S = 1.0  # of a VM that shares its processor with others
LIMIT_S = 1800.0


@pytest.fixture(scope="module")
def seen(tmp_path_factory):
    lack = missing()
    if lack:
        pytest.skip(lack)
    out = tmp_path_factory.mktemp("unit")
    found = boot("tests/doorvm/guest/press.py", out, limit_s=LIMIT_S)
    assert "failed" not in found, found["failed"] + (out / "log").read_text()[-4000:]
    return found


def pulses(levels, *, idle=0):
    """How long the line was asked to be away from `idle`, each time; None if it was left so."""
    lasted, since = [], None
    for at, level in levels:
        if level != idle and since is None:
            since = at
        elif level == idle and since is not None:
            lasted.append(at - since)
            since = None
    return lasted if since is None else [*lasted, None]


def before_and_after(killed):
    """What was asked of the line until the door was killed, and what since, by others."""
    levels = killed["levels"]
    return [r for r in levels if r[0] <= killed["at"]], [r for r in levels if r[0] > killed["at"]]


def is_one_pulse(levels, *, idle=0):
    return pulses(levels, idle=idle) == [pytest.approx(PULSE_S, abs=SLACK_S)]


def test_it_installs_offline_and_the_doctor_says_what_is_true_here(seen):
    installed = seen["installed"]
    assert (installed["installer"], installed["enrolled"], installed["started"]) == (0, 0, 0)
    good = ("disk", "kernel", "services", "model", "engine", "gallery", "camera", "pins")
    states = {name: state for name, (state, _) in installed["doctor"].items()}
    assert {name: states[name] for name in good} == dict.fromkeys(good, "ok")
    assert installed["doctor"]["pins"][1].endswith("the door holds them")


def test_a_start_asks_for_a_shut_lock_and_nothing_else(seen):
    levels = seen["installed"]["levels"]
    assert levels
    assert pulses(levels) == []


def test_an_enrolled_person_opens_for_one_pulse(seen):
    granted = seen["granted"]
    assert granted["reason"] == "granted"
    assert is_one_pulse(granted["levels"])
    assert granted["level"] == 0


@pytest.mark.parametrize(("who", "reason"), [("stranger", "not_recognised"), ("nobody", "no_face")])
def test_nobody_else_moves_the_line(seen, who, reason):
    assert seen[who] == {"reason": reason, "levels": [], "level": 0}


def test_a_pulse_keeps_its_length_while_the_date_jumps(seen):
    on, back = seen["clock_jumps"]
    assert on["year"] == back["year"] + 1
    assert is_one_pulse(on["levels"])
    assert is_one_pulse(back["levels"])


def test_a_door_that_is_killed_while_open_leaves_its_line_off(seen):
    killed = seen["killed_while_open"]
    before, after = before_and_after(killed)
    assert before[-1][1] == 1
    assert killed["level"] == 0
    assert after
    assert pulses(after) == []
    assert killed["then"]["reason"] == "granted"


def test_a_kernel_that_keeps_the_line_has_a_fresh_process_to_drive_it_off(seen):
    killed = seen["killed_on_a_kernel_that_keeps"]
    _, after = before_and_after(killed)
    assert killed["level"] == 1
    assert after[0][1] == 0
    assert pulses(after) == []
    assert killed["during"] in {"stop-post", "auto-restart", "auto-restart-queued"}


def test_with_such_a_kernel_no_door_is_armed(seen):
    kept = seen["killed_on_a_kernel_that_keeps"]
    assert not kept["active"]
    assert kept["doctor"]["kernel"][0] == "problem"
    assert pulses(kept["refused_levels"]) == []
    assert kept["refused_level"] == 0
    assert kept["then"]["reason"] == "granted"


def test_an_active_low_lock_is_not_opened_by_start_stop_or_kill(seen):
    low = seen["active_low"]
    for quiet in (low["stopped"], low["killed_shut"]):
        assert quiet["levels"]
        assert pulses(quiet["levels"], idle=1) == []
        assert quiet["level"] == 1
    assert is_one_pulse(low["granted"]["levels"], idle=1)


def test_an_active_low_lock_that_is_open_shuts_with_its_door(seen):
    killed = seen["active_low"]["killed_open"]
    before, after = before_and_after(killed)
    assert before[-1][1] == 0
    assert killed["level"] == 1
    assert after
    assert pulses(after, idle=1) == []


def test_a_hung_eye_refuses_and_is_replaced_while_the_way_out_works(seen):
    hung = seen["eye_hangs"]
    assert hung["press"]["reason"] in {"timeout", "camera_error"}
    assert hung["press"]["levels"] == []
    assert is_one_pulse(hung["exit_levels"])
    assert hung["happened"] == ["rex"]
    assert hung["watchdog"]
    assert hung["door_lived"]


def test_an_eye_without_memory_is_killed_and_comes_back_to_a_door_that_stayed_shut(seen):
    starved = seen["eye_starves"]
    assert starved["killed"]
    assert starved["press"] == {"reason": "camera_error", "levels": [], "level": 0}
    assert starved["door_lived"]


def test_the_log_holds_what_the_journal_told(seen):
    stored = seen["stored"]
    assert stored["decided"] == stored["told"]
    assert {"granted", "not_recognised", "no_face"} < set(stored["decided"])
