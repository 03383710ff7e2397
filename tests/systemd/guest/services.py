#!/usr/bin/python3
"""Kill, hang and misconfigure both services, and see what systemd and the journal make of it."""

import os
import signal
import sys
import time
from pathlib import Path

sys.path.insert(0, "/guest")
from steps import (
    DOOR,
    EYE,
    INSTALL,
    ONELOOK,
    is_active,
    journal,
    main,
    played_door,
    run,
    show,
    wait_for,
)

PHOTO = "/src/application_data/verification_images/obama_1.jpg"


def pid(unit):
    return int(show(unit, "MainPID")["MainPID"])


def restarts(unit):
    return int(show(unit, "NRestarts")["NRestarts"])


def steps():
    found = {}
    run(*INSTALL, "--no-start")
    played_door()
    run(ONELOOK, "enroll", "Ada", PHOTO)
    # A marker of ExecStopPost: what it was told, and that it ran in a process of its own.
    Path("/etc/systemd/system/onelook.service.d/marker.conf").write_text(
        "[Service]\n"
        "ExecStopPost=/bin/sh -c 'echo $SERVICE_RESULT $EXIT_STATUS >>%S/onelook/ended'\n"
    )
    run("systemctl", "daemon-reload")
    started = time.monotonic()
    run("systemctl", "start", EYE, DOOR)
    found["start_returns_ready"] = [is_active(DOOR), is_active(EYE)]
    found["started_within_s"] = time.monotonic() - started
    found["door_started"] = [
        {k: v for k, v in entry.items() if not k.startswith("__")}
        for entry in journal("-u", DOOR, "ONELOOK_EVENT=door_started")
    ]
    found["security"] = {
        unit: run("systemd-analyze", "security", "--no-pager", unit).stdout.splitlines()[-1]
        for unit in (EYE, DOOR)
    }
    found["verify"] = run("systemd-analyze", "verify", EYE, DOOR).stderr

    killed = pid(DOOR)
    os.kill(killed, signal.SIGKILL)
    found["door_back_after_s"] = wait_for(
        "the door", lambda: pid(DOOR) not in (0, killed) and is_active(DOOR)
    )
    found["ended"] = Path("/var/lib/onelook/ended").read_text().splitlines()
    found["door_restarts"] = restarts(DOOR)

    killed = pid(EYE)
    os.kill(killed, signal.SIGKILL)
    found["eye_back_after_s"] = wait_for(
        "the eye", lambda: pid(EYE) not in (0, killed) and is_active(EYE)
    )
    found["door_lived"] = is_active(DOOR)

    hung = pid(EYE)
    os.kill(hung, signal.SIGSTOP)
    found["hung_eye_replaced_after_s"] = wait_for(
        "a hung eye", lambda: pid(EYE) not in (0, hung) and is_active(EYE), 60.0
    )
    found["watchdog_said"] = [
        e["MESSAGE"] for e in journal("-u", EYE, "-g", "[Ww]atchdog") if "MESSAGE" in e
    ]
    hung = pid(DOOR)
    os.kill(hung, signal.SIGSTOP)
    found["hung_door_replaced_after_s"] = wait_for(
        "a hung door", lambda: pid(DOOR) not in (0, hung) and is_active(DOOR), 60.0
    )

    config = Path("/etc/onelook/onelook.toml")
    right = config.read_text()
    config.write_text(right + "\n[nonsense]\nkey = 1\n")
    run("systemctl", "restart", "--no-block", DOOR)
    wait_for("a door that gives up", lambda: show(DOOR, "ActiveState")["ActiveState"] == "failed")
    time.sleep(3.0)  # more than RestartSec
    found["misconfigured"] = show(DOOR, "ActiveState", "ExecMainStatus", "Result")
    config.write_text(right)
    run("systemctl", "restart", DOOR)
    found["mended"] = is_active(DOOR)
    run("systemctl", "stop", DOOR, EYE)
    found["stopped"] = show(DOOR, "ActiveState", "ExecMainStatus", "Result")
    return found


main(steps)
