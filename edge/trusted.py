"""The bundle that this door runs, and whose signature makes it one: where both lie, and read."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from edge import journal
from edge.config import Config
from edge.contract.bundle import Bundle, Promise, load_bundle, load_manifest
from edge.contract.errors import BundleError
from edge.contract.signing import (
    MAX_LIST_BYTES,
    KeyList,
    Trust,
    read_key_list,
    read_owner,
)
from edge.shipped import shipped

# In [paths] models_dir, as `onelook model` leaves them.
CURRENT, KEYS = "current", "keys.json"
SHIPPED_BUNDLE = ("models", "faces")
_SHIPPED_OWNER, _SHIPPED_KEYS = ("models", "owner.pub"), ("models", KEYS)


def bundle_path(config: Config) -> Path:
    """The folder of the configured bundle, else of the one brought here, else the shipped one."""
    if config.recognition.bundle:
        return Path(config.recognition.bundle)
    current = config.paths.models_dir / CURRENT
    # The folder itself, so that all files come from one bundle if the link changes in between.
    return current.resolve() if current.is_symlink() else shipped(*SHIPPED_BUNDLE)


def owner_of(config: Config) -> bytes:
    """The raw public key of whoever says which keys sign bundles for this door.

    Raises:
        BundleError: it cannot be read.
    """
    path = Path(config.trust.owner) if config.trust.owner else shipped(*_SHIPPED_OWNER)
    return read_owner(small_file(path), where=str(path))


def key_list(config: Config) -> KeyList:
    """The signing keys that this door trusts.

    Raises:
        BundleError: the list cannot be read, or the owner did not sign it.
    """
    return _newest_list(config)[1]


def key_list_path(config: Config) -> Path:
    """The file of that list. Raises: BundleError: as `key_list`."""
    return _newest_list(config)[0]


def trust_of(config: Config) -> Trust:
    """Raises: BundleError: as `key_list`."""
    return Trust(key_list(config).keys, config.recognition.allow_unsigned)


def trusted_bundle(config: Config) -> Bundle:
    """The bundle that counts, verified. Raises: MissingError, BundleError."""
    return load_bundle(bundle_path(config), trust_of(config))


def trusted_manifest(config: Config) -> Promise:
    """Its manifest alone, verified. Raises: MissingError, BundleError."""
    return load_manifest(bundle_path(config), trust_of(config))


def warn_if_unsigned(found: Bundle | Promise) -> None:
    """On every start, for as long as nobody signed what the door runs."""
    if not found.signer:
        journal.write(
            "bundle_unsigned",
            priority=journal.WARNING,
            model=found.manifest.model,
            remedy="sign it with `convert sign`, and take [recognition] allow_unsigned out",
        )


def small_file(path: Path) -> bytes:
    """The content of a file of keys.

    Raises:
        BundleError: it cannot be read, or is larger than such a file can be.
    """
    try:
        # A pipe without a writer would hold up the door.
        number = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        with open(number, "rb") as file:  # noqa: PTH123 - of a descriptor
            regular = stat.S_ISREG(os.fstat(number).st_mode)
            data = file.read(MAX_LIST_BYTES + 1) if regular else b""
    except OSError as e:
        raise BundleError(
            f"{path}: cannot be read ({e.strerror})",
            why="Without it this door trusts no bundle.",
            remedy="Check the path, its owner and mode; [trust] names it, or the shipped keys are.",
        ) from e
    if not regular or len(data) > MAX_LIST_BYTES:
        raise BundleError(
            f"{path}: no file of at most {MAX_LIST_BYTES} bytes", remedy="Copy it again."
        )
    return data


def _newest_list(config: Config) -> tuple[Path, KeyList]:
    """Of the list that was brought here and the shipped one, unless [trust] names another."""
    owner = owner_of(config)
    brought = config.paths.models_dir / KEYS
    if config.trust.keys:
        places = [Path(config.trust.keys)]
    elif config.trust.owner:
        places = [brought]  # the shipped one is of another owner
    else:
        # An update of the program may ship a newer list than the one brought last.
        places = [shipped(*_SHIPPED_KEYS), *([brought] if os.path.lexists(brought) else [])]
    found = [(path, read_key_list(small_file(path), owner, where=str(path))) for path in places]
    return max(found, key=lambda one: one[1].serial)
