"""What a broker wants to see: certificates and a password, each in a file of the owner's."""

from __future__ import annotations

import ssl
import stat
from pathlib import Path

from edge.config.mqtt import MqttConfig
from edge.contract.errors import ConfigError, PermissionsError

_MOST_BYTES = 4096


def context_of(settings: MqttConfig) -> ssl.SSLContext:
    """TLS that takes a broker only by its certificate and its name; nothing switches that off.

    Raises:
        ConfigError: a file is not what it should be.
    """
    authority = settings.ca
    try:
        context = ssl.create_default_context(cafile=authority or None)
    except (OSError, ssl.SSLError) as e:
        raise _unfit("ca", authority, e, "the certificate (PEM) of who signed the broker's") from e
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if settings.cert:
        try:
            context.load_cert_chain(settings.cert, settings.key or None)
        except (OSError, ssl.SSLError) as e:
            what = "a certificate and its key (PEM), readable by onelook-mqtt"
            raise _unfit("cert", settings.cert, e, what) from e
    return context


def password_of(path: Path) -> str:
    """The first line of the file.

    Raises:
        PermissionsError: everybody may read it. ConfigError: it cannot be read.
    """
    try:
        with path.open("rb") as file:
            mode = stat.S_IMODE(path.stat().st_mode)
            text = file.read(_MOST_BYTES).decode()
    except (OSError, UnicodeDecodeError) as e:
        raise _unfit("password_file", str(path), e, "a file with one line") from e
    if mode & 0o007:
        raise PermissionsError(
            f"{path}: open to everybody (mode {mode:04o}).",
            why="It holds the door's password at the broker.",
            remedy=f"chown root:onelook-mqtt {path}; chmod 0640 {path}",
        )
    return text.partition("\n")[0].rstrip("\r")


def _unfit(key: str, path: str, error: Exception, needed: str) -> ConfigError:
    why = getattr(error, "strerror", None) or str(error)
    return ConfigError(
        f"[mqtt] {key} = {path!r}: cannot be used ({why}).", remedy=f"It must be {needed}."
    )
