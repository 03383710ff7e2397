#!/usr/bin/python3
"""A door that tells a broker, by its units; /out/beside holds mosquitto, its loader and paho."""

import json
import shutil
import socket
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, "/guest")
from steps import DOOR, EYE, INSTALL, ONELOOK, is_active, main, played_door, run, show, wait_for

BESIDE = Path("/out/beside")
CONFIG = Path("/etc/onelook/onelook.toml")
SETTINGS = '\n[mqtt]\nbroker = "127.0.0.1"\nport = 1883\ntls = false\nhealth = "10s"\n'
SOCKET = "/run/onelook-tell/log.sock"
MQTT = "onelook-mqtt.service"
ASK = (
    "import socket; s = socket.socket(socket.AF_UNIX); s.connect(%r); s.sendall(b'now\\n');"
    "print(s.recv(20))"
)


def reading():
    """A client of the broker's; (topic, payload) as they come."""
    sys.path.insert(0, str(BESIDE))
    from paho.mqtt import client

    versions = getattr(client, "CallbackAPIVersion", None)
    reader = client.Client(*(() if versions is None else (versions.VERSION2,)))
    told = []
    reader.on_message = lambda _client, _data, m: told.append((m.topic, json.loads(m.payload)))
    reader.connect("127.0.0.1", 1883)
    reader.subscribe([(f"onelook/door/{topic}", 1) for topic in ("event", "state", "health")])
    reader.loop_start()
    return told


def asked_as(user):
    """What somebody is told who asks as that user."""
    command = ["/usr/bin/python3", "-c", ASK % SOCKET]
    done = run("setpriv", f"--reuid={user}", f"--regid={user}", "--clear-groups", *command)
    return (done.stdout + done.stderr).strip().splitlines()[-1]


def of_the_teller():
    """What the process can do that reads the log."""
    listed = run("systemctl", "list-units", "--plain", "--no-legend", "onelook-tell@*").stdout
    unit = listed.split()[0]
    pid = show(unit, "MainPID")["MainPID"]
    status = dict(
        line.split(":\t", 1)
        for line in Path(f"/proc/{pid}/status").read_text().splitlines()
        if ":\t" in line
    )
    return {
        "user": run("ps", "-o", "user=", "-p", pid).stdout.strip(),
        "seccomp": status["Seccomp"],
        "capabilities": status["CapEff"],
        "writes": run(
            *("nsenter", "-t", pid, "-m", "touch", "/var/lib/onelook/written")
        ).stderr.strip(),
    }


def what_it_may():
    """The same unit with another program in it, which tries what it should not."""
    drop_in = Path("/etc/systemd/system/onelook-tell@.service.d/tries.conf")
    drop_in.parent.mkdir()
    program = "ExecStart=/usr/bin/python3 /guest/tries.py"
    drop_in.write_text(f"[Service]\nExecStart=\n{program}\n")
    run("systemctl", "daemon-reload")
    with socket.socket(socket.AF_UNIX) as teller:
        teller.connect(SOCKET)
        return json.loads(teller.makefile().readline())


def steps():
    run(*INSTALL, "--no-start")
    played_door()
    found = {"enabled": run("systemctl", "is-enabled", MQTT).stdout.strip()}
    CONFIG.write_text(CONFIG.read_text() + SETTINGS)
    run("systemctl", "start", EYE, DOOR)
    found["listening_before"] = is_active("onelook-tell.socket")
    shutil.copytree(BESIDE / "paho", "/usr/lib/python3/dist-packages/paho")
    broker = subprocess.Popen(
        [BESIDE / "loader", "--library-path", BESIDE, BESIDE / "mosquitto", "-p", "1883"]
    )
    checking = ["setpriv", "--reuid=onelook-mqtt", "--regid=onelook-mqtt", "--clear-groups"]
    wait_for("the broker", lambda: run(*checking, ONELOOK, "mqtt", "--check").returncode == 0)
    told = reading()
    found["started"] = run("systemctl", "start", MQTT).returncode
    wait_for("the state", lambda: "onelook/door/state" in dict(told))
    run(ONELOOK, "mode", "closed", "--because", "for Bea")
    wait_for("the event", lambda: "onelook/door/event" in dict(told))
    found["event"] = dict(told)["onelook/door/event"]
    found["health"] = dict(told)["onelook/door/health"]
    wait_for("its mode", lambda: dict(told)["onelook/door/state"]["mode"] == "closed")
    found["teller"] = of_the_teller()
    found["asked"] = {user: asked_as(user) for user in ("onelook-mqtt", "onelook-hooks")}
    found["sees"] = run(
        *("nsenter", "-t", show(MQTT, "MainPID")["MainPID"], "-m"),
        *("setpriv", "--reuid=onelook-mqtt", "ls", "/var/lib/onelook"),
    ).stderr.strip()
    found["tried"] = what_it_may()
    run("systemctl", "stop", DOOR)
    wait_for(
        "a door that does not run", lambda: dict(told)["onelook/door/health"]["running"] is False
    )
    run("systemctl", "stop", MQTT)
    found["still_active"] = is_active(MQTT)
    broker.kill()
    return found


main(steps)
