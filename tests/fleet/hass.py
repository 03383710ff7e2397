"""A real Home Assistant of its own, set up by its own interface as an owner's browser does it.

HASS names its program. Its own list says which versions go together; without, pip tries for long:

    python3.13 -m venv hass
    hass/bin/pip download --no-deps homeassistant
    unzip -p homeassistant-*.whl homeassistant/package_constraints.txt > constraints.txt
    hass/bin/pip install homeassistant-*.whl -c constraints.txt
    HASS=$PWD/hass/bin/hass make test-fleet

What else it wants, as its pages, it fetches itself at its first start.
"""

from __future__ import annotations

import json
import os
import subprocess
import time
from contextlib import closing
from http import HTTPStatus
from http.client import HTTPConnection
from urllib.parse import urlencode

from tests.fleet.mosquitto import free_port

PROGRAM = os.environ.get("HASS", "")
START_S = 300.0  # the first one fetches its pages
_STOP_S = 60.0
_ANSWER_S = 20.0
_FORM = "application/x-www-form-urlencoded"
_CLIENT = "http://127.0.0.1/"
_OWNER = {"name": "Bea", "username": "bea", "password": "four words nobody guesses"}
# Only what is asked for here; its log is read, and shall hold nothing that is not about us.
_CONFIGURATION = """\
http:
  server_host: 127.0.0.1
  server_port: {port}
api:
config:
logger:
  default: warning
"""


class HomeAssistant:
    """Running, with an owner, and no integration yet; use as a context manager."""

    def __init__(self, folder):
        self.folder = folder
        self._port = free_port()
        self._token = ""
        (folder / "configuration.yaml").write_text(_CONFIGURATION.format(port=self._port))

    def __enter__(self):
        with (self.folder / "said").open("wb") as said:
            self._process = subprocess.Popen(
                [PROGRAM, "--config", str(self.folder)], stdout=said, stderr=said
            )
        try:
            self._until_it_answers()
            self._come_in()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *_):
        self.stop()

    def stop(self):
        """In order, so that it writes down what it knows."""
        self._process.terminate()
        try:
            self._process.wait(_STOP_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def tell_broker(self, port):
        """The MQTT integration, by its own form."""
        flow = self._ask("config/config_entries/flow", {"handler": "mqtt"})
        answers = {"broker": "127.0.0.1", "port": port}
        done = self._ask(f"config/config_entries/flow/{flow['flow_id']}", answers)
        assert done["type"] == "create_entry", done

    def state(self, entity):
        """{"state": ..., "attributes": {...}}; {} of one that it does not know."""
        try:
            return self._ask(f"states/{entity}")
        except LookupError:
            return {}

    def beside(self, entity):
        """All entities of an entity's device, as its templates find them."""
        asked = f"{{{{ device_entities(device_id({entity!r})) | to_json }}}}"
        return self._ask("template", {"template": asked})

    def written(self, registry):
        """A registry's entries, of its storage, once it was stopped."""
        document = json.loads((self.folder / f".storage/core.{registry}_registry").read_text())
        return document["data"]["devices" if registry == "device" else "entities"]

    @property
    def log(self):
        """What it warned of."""
        return (self.folder / "home-assistant.log").read_text()

    def _until_it_answers(self):
        deadline = time.monotonic() + START_S
        while True:
            try:
                self._ask("onboarding")
            except OSError:
                assert self._process.poll() is None, (self.folder / "said").read_text()[-3000:]
                assert time.monotonic() < deadline, "Home Assistant does not answer"
                time.sleep(0.3)
            else:
                return

    def _come_in(self):
        owner = {**_OWNER, "client_id": _CLIENT, "language": "en"}
        code = self._ask("onboarding/users", owner)["auth_code"]
        form = {"grant_type": "authorization_code", "code": code, "client_id": _CLIENT}
        self._token = json.loads(self._send("/auth/token", urlencode(form), _FORM))["access_token"]

    def _ask(self, what, given=None):
        """GET, or POST of something given."""
        body = None if given is None else json.dumps(given)
        return json.loads(self._send(f"/api/{what}", body, "application/json"))

    def _send(self, path, body, kind):
        headers = {"Content-Type": kind}
        if self._token:
            headers["Authorization"] = f"Bearer {self._token}"
        with closing(HTTPConnection("127.0.0.1", self._port, timeout=_ANSWER_S)) as connection:
            connection.request("GET" if body is None else "POST", path, body, headers)
            answer = connection.getresponse()
            text = answer.read().decode()
        if answer.status == HTTPStatus.NOT_FOUND:
            raise LookupError(path)
        assert answer.status < HTTPStatus.BAD_REQUEST, (path, answer.status, text)
        return text
