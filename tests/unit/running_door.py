"""The door's process, real but for the wires and for an eye of the test's at its socket."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from dataclasses import replace

import numpy as np

from edge.clock import boottime
from edge.contract.gates import Gate
from edge.contract.manifest import to_bytes
from edge.contract.reasons import Reason
from edge.contract.signing import make_key_list, owner_text, public_bytes, sign_manifest
from edge.contract.wire import MAX_BYTES, Enough, Hello, Look, Seen, decode, encode
from edge.store.events import EventStore
from edge.store.gallery import GalleryStore
from edge.store.people import Person, Template

START_S = 30.0  # on a busy machine
NAME = "Ada Lovelace"
ADA, STRANGER = (np.array(e, np.int8).tobytes() for e in ([90, 5, 5], [5, 90, 5]))
FACE = tuple(float(n) for n in range(14))
GATES = (Gate("face_light_255", 22.0, 40.0, 220.0),)


class Door:
    """`onelook run` in a folder of its own, the far ends of its wires, and its eye."""

    def __init__(self, folder, repository, manifest):
        self.folder, self.repository, self.manifest = folder, repository, manifest
        self.state, self.bundle = folder / "state", folder / "bundle"
        self.bundle.mkdir()
        (self.bundle / "manifest.json").write_bytes(to_bytes(manifest))
        self.settings = 'pulse = "200ms"'
        self.trust = "allow_unsigned = true"
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._listener.bind(str(folder / "eye.sock"))
        self._listener.listen(4)
        self._listener.settimeout(START_S)
        self._systemd = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._systemd.bind(str(folder / "notify"))
        self._systemd.settimeout(0.0)
        self.eye = self.wires = self.process = self._said = None

    def sign(self, key, **changes):
        """Put a signed manifest in the bundle's place, with the owner's list of that one key."""
        raw = to_bytes(replace(self.manifest, **changes))
        (self.bundle / "manifest.json").write_bytes(raw)
        (self.bundle / "manifest.sig").write_bytes(sign_manifest(raw, key))
        self.list_keys(key)

    def list_keys(self, *keys, owner=None, serial=1):
        """keys.json and owner.pub; without an `owner` the first key is its own."""
        owner, publics = owner or keys[0], [public_bytes(key) for key in keys]
        (self.folder / "keys.json").write_bytes(make_key_list(serial, publics, owner))
        (self.folder / "owner.pub").write_bytes(owner_text(public_bytes(owner)))
        self.trust = '[trust]\nowner = "owner.pub"\nkeys = "keys.json"'

    def accepted(self):
        """What the log says was accepted, in that order: (word, serial)."""
        words = {"bundle_accepted", "keys_accepted"}
        return [(r["reason"], r["serial"]) for r in self.rows() if r["reason"] in words]

    def enrol(self, *names, embedding=ADA):
        template = Template(embedding, self.manifest.model, "", "", "")
        with GalleryStore(self.state).change() as change:
            gallery = change.gallery
            for name in names:
                gallery = gallery.with_person(Person("p-" + name[:3].lower(), name, (template,)))
            change.commit(gallery)

    def remove(self, identity):
        with GalleryStore(self.state).change() as change:
            change.commit(change.gallery.without(identity))

    def configure(self):
        config = self.folder / "onelook.toml"
        config.write_text(
            f'[paths]\nstate_dir = "{self.state}"\nsocket = "{self.folder / "eye.sock"}"\n'
            f'[recognition]\nbundle = "{self.bundle}"\ndecide_within = "1s"\n{self.trust}\n'
            f'[button]\ngap = "200ms"\n[door]\n{self.settings}\n'
        )
        return ["--config", str(config)]

    def spawn(self, **environment):
        settings = self.configure()
        self._part()
        self.wires, theirs = socket.socketpair()
        self.wires.settimeout(START_S)
        self._said = self.wires.makefile("r")
        options = [*settings, "--wires", str(theirs.fileno())]
        with theirs:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "edge", "run", *options],
                cwd=self.repository,
                env={**os.environ, "NOTIFY_SOCKET": str(self.folder / "notify"), **environment},
                stdin=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                text=True,
                pass_fds=[theirs.fileno()],
            )
        return self

    def start(self, **environment):
        self.spawn(**environment)
        self.greet()
        assert self.hear() == {"ready": True}
        return self

    def greet(self, model=None):
        if self.eye is not None:
            self.eye.close()
        self.eye, _ = self._listener.accept()
        self.eye.settimeout(START_S)
        self.tell(Hello(model or self.manifest.model, self.manifest.dimensions))

    def tell(self, message):
        self.eye.send(encode(message))

    def asked(self):
        return decode(self.eye.recv(MAX_BYTES))

    def hear(self):
        line = self._said.readline()
        assert line, self.finish()
        return json.loads(line)

    def push(self):
        self.wires.sendall(b'{"press": true}\n')

    def press(self):
        """Push the button; what the eye is asked."""
        time.sleep(0.2)  # [button] gap
        self.push()
        look = self.asked()
        assert isinstance(look, Look)
        return look

    def show(self, look, *frames):
        """Answer with frames: embeddings, or reasons."""
        for n, frame in enumerate(frames, 1):
            embedding, reason = (b"", frame) if isinstance(frame, Reason) else (frame, None)
            taken = max(boottime(), look.not_before) + n * 1e-3
            self.tell(Seen(look.press, n, taken, reason, embedding, FACE, GATES, (1.0, 2.0, 3.0)))

    def outcome(self):
        """The next event, and the strike's levels up to it; for a grant, until it is off."""
        levels, event = [], None
        while event is None or (event["reason"] == "granted" and levels[-1:] != [0]):
            heard = self.hear()
            event = heard.get("event", event)
            if "level" in heard:
                levels.append(heard["level"])
        return event, levels

    def pressed(self, *frames):
        look = self.press()
        self.show(look, *frames)
        found = self.outcome()
        assert isinstance(self.asked(), Enough)
        return found

    def pressed_and_refused(self):
        """Why, of a press that nobody is looked at for."""
        time.sleep(0.2)  # [button] gap
        self.push()
        return self.outcome()[0]["reason"]

    def rows(self):
        with EventStore(self.state) as events:
            assert events.verify() >= 0
            return [entry for _, entry in events.rows()]

    def presses(self):
        return [row for row in self.rows() if row.get("kind") != "system"]

    def counter(self):
        with EventStore(self.state) as events:
            return events.counter()

    def told_systemd(self):
        words = []
        while True:
            try:
                words.append(self._systemd.recv(256).decode())
            except BlockingIOError:
                return words

    def stop(self, number=signal.SIGTERM):
        self.process.send_signal(number)
        return self.finish()

    def finish(self):
        said = self.process.communicate(timeout=START_S)[1]
        return self.process.returncode, said

    def pull_the_plug(self):
        if self.process is not None:
            self.process.kill()
            self.process.communicate()
        self._part()

    def _part(self):
        """Let go of the ends of a process that has gone."""
        for end in (self._said, self.wires, self.eye):
            if end is not None:
                end.close()
        self._said = self.wires = self.eye = None

    def close(self):
        self.pull_the_plug()
        self._listener.close()
        self._systemd.close()
        self._listener.close()
        self._systemd.close()
