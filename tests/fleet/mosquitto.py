"""A real mosquitto of Debian's, with certificates made for it, and a client that reads along."""

from __future__ import annotations

import shutil
import socket
import subprocess
import time
from pathlib import Path

START_S = 20.0
READING = ("-q", "1", "-i", "r", "-c", "-t", "#", "-F", "%t %p")  # misses nothing while away
SUB = ("mosquitto_sub", "-h", "localhost", "-p")
PROGRAM = shutil.which("mosquitto", path="/usr/sbin:/usr/bin:/usr/local/sbin:/usr/local/bin")
MISSING = [p for p in ("mosquitto_sub", "mosquitto_pub", "openssl") if shutil.which(p) is None]
MISSING += [] if PROGRAM else ["mosquitto"]


def free_port():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]


class Broker:
    """At a port of its own, started and killed at will; it keeps nothing on the disk."""

    def __init__(self, folder, *lines):
        self.folder, self.port = folder, free_port()
        self.log = folder / "broker.log"
        self._config = folder / "mosquitto.conf"
        # A reader that is slower than the door shall miss nothing: no limits on what waits for it.
        common = ["allow_anonymous true", "max_queued_messages 0", "max_inflight_messages 0"]
        common += ["user root", "log_type all", f"log_dest file {self.log}"]
        given = {line.split()[0] for line in lines}
        kept = [line for line in common if line.split()[0] not in given]
        self._config.write_text(
            "\n".join([f"listener {self.port} 127.0.0.1", *kept, *lines]) + "\n"
        )
        self._process = None

    def start(self):
        self._process = subprocess.Popen(
            [PROGRAM, "-c", self._config], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        deadline = time.monotonic() + START_S
        while time.monotonic() < deadline:
            try:
                socket.create_connection(("127.0.0.1", self.port), 1.0).close()
            except OSError:
                assert self._process.poll() is None, self.log.read_text()
                time.sleep(0.05)
            else:
                return self
        raise AssertionError("mosquitto did not start")

    def stop(self):
        self._process.terminate()
        self._process.wait()

    def kill(self):
        self._process.kill()
        self._process.wait()

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.kill()


class Reader:
    """mosquitto_sub: (topic, payload) of all that it was told so far."""

    def __init__(self, broker, *options):
        self._file = broker.folder / f"read-{time.monotonic_ns()}"
        with self._file.open("wb") as out:
            self._process = subprocess.Popen(
                [*SUB, str(broker.port), *READING, *options],
                stdout=out,
            )

    @property
    def told(self):
        whole = self._file.read_text().rpartition("\n")[0]
        return [tuple(line.split(" ", 1)) for line in whole.splitlines()]

    def of(self, topic):
        return [payload for name, payload in self.told if name == topic]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._process.kill()
        self._process.wait()


def retained(broker, topic):
    """What the broker keeps at a topic, for whoever asks."""
    done = subprocess.run(
        [*SUB, str(broker.port), "-t", topic, "-C", "1", "-W", "5"],
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout.strip()


class Authority:
    """Signs certificates. ca: its own, as a file."""

    def __init__(self, folder: Path, name: str):
        self._folder, self._name = folder, name
        self.ca, self._key = folder / f"{name}.crt", folder / f"{name}.key"
        self._openssl(
            *("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"),
            *("-subj", f"/CN={name}", "-days", "30", "-keyout", self._key, "-out", self.ca),
        )

    def sign(self, who):
        """(certificate, key) of a host or a door."""
        cert, key = (self._folder / f"{self._name}-{who}.{end}" for end in ("crt", "key"))
        self._openssl(
            *("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"),
            *("-subj", f"/CN={who}", "-addext", f"subjectAltName=DNS:{who}", "-days", "30"),
            *("-addext", "basicConstraints=critical,CA:FALSE"),
            *("-CA", self.ca, "-CAkey", self._key, "-keyout", key, "-out", cert),
        )
        return cert, key

    @staticmethod
    def _openssl(*arguments):
        subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True)
