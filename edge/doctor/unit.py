"""The door unit itself: bundle, engine, gallery, camera, pins."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

from edge.config import Config
from edge.doctor import Finding, State
from edge.eye.trial import try_out
from edge.store.gallery import GalleryStore
from edge.trusted import bundle_path, trusted_manifest

_DEV = Path("/dev")


def model(config: Config) -> Finding:
    """Whether the bundle is signed by somebody who is trusted."""
    promise = trusted_manifest(config)
    manifest = promise.manifest
    said = f"{manifest.name}, serial {manifest.serial}"
    if not promise.signer:
        fix = "Sign it with `convert sign`, and take [recognition] allow_unsigned out."
        return Finding("model", State.PROBLEM, f"{said}, which nobody signed", fix)
    return Finding("model", State.OK, f"{said}, signed")


def engine(config: Config) -> Finding:
    """Whether this machine's engine answers as the bundle promises."""
    try_out(bundle_path(config))
    return Finding("engine", State.OK, "answers the bundle's golden inputs as it promises")


def gallery(config: Config) -> Finding:
    """Who is enrolled, and whether that can still be read."""
    people = GalleryStore(config.paths.state_dir).load().people
    if not people:
        return Finding("gallery", State.PROBLEM, "nobody is enrolled", "onelook enroll NAME PHOTO")
    templates = sum(len(person.templates) for person in people)
    return Finding("gallery", State.OK, f"{len(people)} people, {templates} templates")


def camera(config: Config) -> Finding:
    """Whether what [camera] names can be there; the eye holds it while it runs."""
    kind, _, where = config.camera.source.partition(":")
    if kind == "pi":
        if importlib.util.find_spec("picamera2") is None:
            return Finding(
                "camera",
                State.PROBLEM,
                f"{sys.executable} sees no picamera2",
                "sudo apt install python3-picamera2, and install onelook by deploy/install.sh.",
            )
        there, said = any(_DEV.glob("video[0-9]*")), "the Raspberry Pi's own"
    elif kind == "usb":
        there, said = (_DEV / f"video{where}").exists(), f"/dev/video{where}"
    else:
        return Finding("camera", State.UNKNOWN, f"plays {where}; no camera is looked through")
    if not there:
        fix = "Check the cable, and look: rpicam-hello --list"
        return Finding("camera", State.PROBLEM, f"{said}: no such device", fix)
    return Finding("camera", State.OK, said)


def pins(config: Config) -> Finding:
    """Whether lock and button hang on lines that are there, and free or the door's own."""
    from edge.door.devices.kernel import line_users

    users = line_users(config.door.lock_pin, config.button.pin)
    for pin, user in users.items():
        if user and user != "lg":  # lgpio's own name: the door that runs
            fix = f"Stop what uses it, or set another pin; {user} is its name for itself."
            return Finding("pins", State.PROBLEM, f"{pin} is used by {user}", fix)
    held = all(users.values())
    said = ", ".join(users) + (": the door holds them" if held else ": there, and free")
    return Finding("pins", State.OK, said)


CHECKS = (model, engine, gallery, camera, pins)
