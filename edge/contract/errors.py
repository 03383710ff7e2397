"""The one family of errors that a person is meant to read.

An error says what happened, why if that is known, and what to do next; its class carries the exit
code, one per kind of remedy (numbers follow sysexits where the meaning is the same).
"""

from __future__ import annotations


class OnelookError(Exception):
    """Something that the reader of the message can mend."""

    exit_code = 1
    code = "refused"

    def __init__(self, what: str, *, why: str = "", remedy: str) -> None:
        super().__init__(what)
        self.what = what
        self.why = why
        self.remedy = remedy


class UsageError(OnelookError):
    """A wrong option or argument."""

    exit_code = 2
    code = "usage"


class DataError(OnelookError):
    """Input that cannot be read: a damaged picture, a truncated archive."""

    exit_code = 65
    code = "data"


class MissingError(OnelookError):
    """A file, a folder or a person that is not there."""

    exit_code = 66
    code = "missing"


class UnavailableError(OnelookError):
    """A process that does not run or does not answer."""

    exit_code = 69
    code = "unavailable"


class OutputError(OnelookError):
    """An output that exists already or cannot be written."""

    exit_code = 73
    code = "output"


class StorageError(OnelookError):
    """The state store failed or is full; the door stays locked."""

    exit_code = 74
    code = "storage"


class BusyError(OnelookError):
    """In use by another process; try again."""

    exit_code = 75
    code = "busy"


class VersionError(OnelookError):
    """Program, store or bundle of versions that do not fit together."""

    exit_code = 76
    code = "version"


class PermissionsError(OnelookError):
    """A file that is open to others, or closed to us."""

    exit_code = 77
    code = "permissions"


class ConfigError(OnelookError):
    """The configuration file has a fault."""

    exit_code = 78
    code = "config"


class FaceError(OnelookError):
    """A picture without a usable face; the reason word is part of the message."""

    exit_code = 80
    code = "face"


class BundleError(OnelookError):
    """A bundle that this door must not trust."""

    exit_code = 81
    code = "bundle"


class CameraError(OnelookError):
    """No camera, or no frames from it."""

    exit_code = 82
    code = "camera"


class PinError(OnelookError):
    """A GPIO line that is missing, taken, or wrongly set up."""

    exit_code = 83
    code = "gpio"


class EngineError(OnelookError):
    """The inference engine is missing, or an inference failed."""

    exit_code = 84
    code = "engine"
