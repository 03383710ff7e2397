#!/usr/bin/python3
"""Install twice, start, upgrade, go back, take away with and without the data."""

import os
import shutil
import sys
from pathlib import Path

sys.path.insert(0, "/guest")
from steps import DOOR, EYE, INSTALL, ONELOOK, is_active, main, played_door, run, show

BOOT_CONFIG = Path("/boot/firmware/config.txt")
PHOTO = "/src/application_data/verification_images/obama_1.jpg"
NEW = Path("/opt/newer-checkout")


def steps():
    found = {"refused": refusals()}
    BOOT_CONFIG.parent.mkdir(parents=True)
    BOOT_CONFIG.write_text("camera_auto_detect=1\n")
    found["first"] = run(*INSTALL, "--no-start").returncode
    found["boot_config"] = BOOT_CONFIG.read_text()
    found["version"] = link("current")
    found["again"] = run(*INSTALL, "--no-start").stdout
    found["boot_config_again"] = BOOT_CONFIG.read_text()
    played_door()
    found["enrolled"] = run(ONELOOK, "enroll", "Ada", PHOTO).returncode
    found["started"] = run(*INSTALL).returncode
    found["active"] = [is_active(DOOR), is_active(EYE)]
    found["doctor"] = run(ONELOOK, "doctor", "--json").stdout
    settings = Path("/etc/onelook/onelook.toml").read_text()

    shutil.copytree("/src", NEW, ignore=shutil.ignore_patterns(".*", "float", "__pycache__"))
    version = NEW / "edge/__init__.py"
    version.write_text(version.read_text() + "# newer\n")
    before = show(DOOR, "MainPID")
    run(str(NEW / "deploy/install.sh"), *INSTALL[1:])
    found["upgraded"] = [link("current"), link("previous")]
    found["restarted"] = show(DOOR, "MainPID") != before and is_active(DOOR)
    found["people_after"] = run(ONELOOK, "list", "--json").stdout
    found["settings_kept"] = Path("/etc/onelook/onelook.toml").read_text() == settings
    run(INSTALL[0], "--revert")
    found["reverted"] = [link("current"), link("previous")]
    found["active_after_revert"] = is_active(DOOR) and is_active(EYE)

    found["undecided"] = run(INSTALL[0], "--uninstall").returncode
    found["still_there"] = is_active(DOOR)
    run(INSTALL[0], "--uninstall", "--keep-data")
    found["left"] = left()
    run(*INSTALL, "--no-start")
    found["people_back"] = run(ONELOOK, "list", "--json").stdout
    run(INSTALL[0], "--uninstall", "--purge")
    found["left_after_purge"] = left()
    return found


def link(name):
    return str(Path("/opt/onelook", name).readlink())


def refusals():
    """What is not supported is said before anything is there."""
    as_nobody = run("setpriv", "--reuid=65534", "--clear-groups", *INSTALL)
    nowhere = run(*INSTALL[:1], "--wheelhouse", "/nowhere")
    unknown = run(INSTALL[0], "--frobnicate")
    release = Path("/etc/os-release")
    text = release.read_text()
    release.unlink()
    release.write_text("ID=debian\nVERSION_CODENAME=buster\n")
    old = run(*INSTALL)
    release.write_text(text)
    done = (as_nobody, nowhere, unknown, old)
    return [[d.returncode, d.stderr] for d in done] + [left()]


def left():
    """What of onelook is on the machine."""
    places = (
        *("/opt/onelook/current", "/etc/onelook", "/var/lib/onelook", "/var/lib/onelook-models"),
        *("/etc/systemd/system/onelook.service", "/usr/local/bin/onelook"),
        "/usr/lib/sysusers.d/onelook.conf",
    )
    users = [u for u in ("onelook", "onelook-eye") if run("getent", "passwd", u).returncode == 0]
    return [place for place in places if os.path.lexists(place)] + users


main(steps)
