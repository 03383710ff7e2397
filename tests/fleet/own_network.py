"""A network that another owner signed: the shipped one under a higher serial, and its keys."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from edge.contract.bundle import MANIFEST, SIGNATURE, load_bundle
from edge.contract.manifest import to_bytes
from edge.contract.signing import (
    UNCHECKED,
    make_key_list,
    owner_text,
    public_bytes,
    sign_manifest,
)
from edge.shipped import shipped

_OWNER, _KEY = (Ed25519PrivateKey.from_private_bytes(bytes([n] * 32)) for n in (1, 2))
SERIAL = 1000


def owners_variables(folder: Path) -> dict[str, object]:
    """For an inventory: whom to trust, which is still the shipped network as well."""
    ours = json.loads(shipped("models", "keys.json").read_text())["keys"]
    keys = [bytes.fromhex(ours[0]), public_bytes(_KEY)]
    (folder / "owner.pub").write_bytes(owner_text(public_bytes(_OWNER)))
    (folder / "keys.json").write_bytes(make_key_list(1, keys, _OWNER))
    names = ("owner.pub", "keys.json")
    files = [{"src": str(folder / name), "dest": f"/etc/onelook/{name}"} for name in names]
    trust = {"owner": "/etc/onelook/owner.pub", "keys": "/etc/onelook/keys.json"}
    return {"onelook_door_files": files, "onelook_door_settings_here": {"trust": trust}}


def signed_bundle(folder: Path) -> Path:
    """The bundle."""
    shutil.copytree(shipped("models", "faces"), folder)
    raw = to_bytes(replace(load_bundle(folder, UNCHECKED).manifest, serial=SERIAL))
    (folder / MANIFEST).write_bytes(raw)
    (folder / SIGNATURE).write_bytes(sign_manifest(raw, _KEY))
    return folder
