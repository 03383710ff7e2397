#!/usr/bin/python3
"""What the owner does as root at a unit that runs as another user, and a command of theirs."""

import json
import sys
import time
from pathlib import Path

sys.path.insert(0, "/guest")
from steps import DOOR, EYE, INSTALL, ONELOOK, is_active, main, played_door, run, wait_for

PHOTOS = "/src/application_data"
HOOK = Path("/usr/local/bin/tell-me")
TOLD = Path("/srv/told")
CONFIG = Path("/etc/onelook/onelook.toml")


def document(*arguments):
    return json.loads(run(ONELOOK, *arguments, "--json").stdout)


def reloads():
    """A right configuration, the old one again by systemd, and a wrong one."""
    settings, found = CONFIG.read_text(), {}
    CONFIG.write_text(settings + '\n[log]\nkeep = "200d"\n')
    found["reloaded"] = document("reload")["changed"]
    wait_for("its eye", lambda: document("status")["armed"])
    CONFIG.write_text(settings)
    found["reload"] = run("systemctl", "reload", DOOR).returncode
    wait_for("its eye", lambda: document("status")["armed"])
    CONFIG.write_text(settings + "\nnonsense = 1\n")
    found["wrong_reload"] = run("systemctl", "reload", DOOR).returncode
    CONFIG.write_text(settings)
    found["still_the_same"] = document("status")["armed"]
    return found


def steps():
    found = {}
    run(*INSTALL, "--no-start")
    played_door()
    run("systemctl", "start", EYE, DOOR)
    # The door has started once, so that the state is its own by now; root goes on writing there.
    found["enrolled"] = run(
        ONELOOK, "enroll", "Ada", f"{PHOTOS}/verification_images/obama_1.jpg"
    ).returncode
    found["removed"] = run(ONELOOK, "remove", "Ada", "--yes").returncode
    run(ONELOOK, "enroll", "Bea", f"{PHOTOS}/verification_images/obama_1.jpg")
    found["owners"] = sorted({p.owner() for p in Path("/var/lib/onelook").iterdir()})
    run("systemctl", "restart", DOOR)
    wait_for("a door that knows Bea", lambda: is_active(DOOR))
    found["status"] = document("status")
    found["unlocked"] = document("unlock", "--for", "1s", "--because", "parcel")
    time.sleep(1.5)
    found["locked_again"] = document("status")["strike"]
    found["mode"] = document("mode", "closed")["mode"]

    found |= reloads()

    HOOK.write_text(f"#!/bin/sh\nid -un >>{TOLD}\nenv >>{TOLD}\ncat /var/lib/onelook/* 2>>{TOLD}\n")
    HOOK.chmod(0o755)
    TOLD.touch()
    TOLD.chmod(0o666)
    CONFIG.write_text(CONFIG.read_text() + f'\n[hooks]\nalarm = "{HOOK}"\nfault = "{HOOK}"\n')
    drop_in = Path("/etc/systemd/system/onelook-hooks.service.d/played.conf")
    drop_in.parent.mkdir()
    # On the container's overlay a reader in a mount namespace of its own is woken by journald and
    # sees nothing new: so here without one.
    off = ("ProtectSystem", "ProtectHome", "PrivateTmp", "PrivateDevices", "ProtectKernelTunables")
    off += ("ProtectKernelModules", "ProtectControlGroups")
    lines = [*(f"{name}=no" for name in off), "ProtectProc=default", "InaccessiblePaths="]
    drop_in.write_text("\n".join(["[Service]", *lines]) + "\n")
    run("systemctl", "daemon-reload")
    run("systemctl", "start", "onelook-hooks")
    reading = ["pgrep", "--full", "journalctl --follow"]
    wait_for("who reads the journal", lambda: run(*reading).returncode == 0, every_s=0.5)
    time.sleep(1.0)  # until it has read to the end
    run("systemctl", "kill", "--signal=KILL", EYE)  # which the door tells as a fault
    wait_for("the owner's command", lambda: "ONELOOK_HOOK" in TOLD.read_text())
    time.sleep(0.5)
    found["told"] = TOLD.read_text()
    found["hooks_security"] = run(
        "systemd-analyze", "security", "--no-pager", "onelook-hooks.service"
    ).stdout.splitlines()[-1]

    found["sealed"] = document("log", "seal")["key"]
    key = Path("/root/log.key")
    key.write_text(found["sealed"])
    run(ONELOOK, "mode", "configured")
    found["verified"] = document("log", "verify", "--key", str(key))
    found["events"] = [e["reason"] for e in document("events")["events"]]
    # The end is cut off, as whoever wants an event away would.
    run("systemctl", "stop", DOOR)
    run(
        "/usr/bin/python3",
        "-c",
        "import sqlite3; d = sqlite3.connect('/var/lib/onelook/events.sqlite3');"
        "d.execute('DELETE FROM event WHERE seq = (SELECT max(seq) FROM event)'); d.commit()",
    )
    found["cut"] = document("log", "verify", "--key", str(key))
    return found


main(steps)
