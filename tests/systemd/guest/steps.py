"""For the scripts in a container: run commands, wait for units, read the journal, tell results."""

from __future__ import annotations

import json
import subprocess
import sys
import time
import traceback
from contextlib import redirect_stdout
from pathlib import Path

INSTALL = ["/src/deploy/install.sh", "--wheelhouse", "/wheels", "--yes"]
EYE, DOOR = "onelook-eye.service", "onelook.service"
ONELOOK = "/usr/local/bin/onelook"


def run(*command, **options):
    done = subprocess.run(command, capture_output=True, text=True, check=False, **options)
    sys.stdout.write(f"$ {' '.join(command)} -> {done.returncode}\n{done.stdout}{done.stderr}\n")
    sys.stdout.flush()
    return done


def show(unit, *properties):
    done = run("systemctl", "show", unit, "--property", ",".join(properties))
    return dict(line.split("=", 1) for line in done.stdout.splitlines() if "=" in line)


def wait_for(what, true, within_s=30.0, every_s=0.05):
    deadline = time.monotonic() + within_s
    while time.monotonic() < deadline:
        if true():
            return time.monotonic() - (deadline - within_s)
        time.sleep(every_s)
    raise TimeoutError(what)


def is_active(unit):
    return show(unit, "ActiveState")["ActiveState"] == "active"


def journal(*matches):
    done = run("journalctl", "-o", "json", "--no-pager", *matches)
    return [json.loads(line) for line in done.stdout.splitlines()]


def played_door():
    """Pins and camera that are played: gpiozero's mock pins, a folder of pictures."""
    pictures = Path("/var/lib/door-pictures")
    pictures.mkdir()
    source = Path("/src/application_data/input_images/obama_2.jpg")
    (pictures / "1.jpg").write_bytes(source.read_bytes())
    (pictures / "1.jpg").chmod(0o644)
    config = Path("/etc/onelook/onelook.toml")
    config.write_text(config.read_text().replace('"pi"', f'"folder:{pictures}"'))
    for unit in (EYE, DOOR):
        drop_in = Path(f"/etc/systemd/system/{unit}.d/played.conf")
        drop_in.parent.mkdir(parents=True)
        drop_in.write_text("[Service]\nEnvironment=GPIOZERO_PIN_FACTORY=mock\n")
    run("systemctl", "daemon-reload")


def main(steps):
    """Run `steps`, which gives a dictionary, and leave it as /out/result.json."""
    with Path("/out/log").open("w") as log, redirect_stdout(log):
        try:
            result = steps()
        except BaseException:  # noqa: BLE001 - whatever it was, the host shall read it
            traceback.print_exc(file=log)
            result = {"failed": traceback.format_exc()}
    Path("/out/result.json").write_text(json.dumps(result))
