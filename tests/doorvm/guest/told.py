"""For scripts in the door VM: what the services tell, as they tell it."""

from __future__ import annotations

import json
import subprocess
import threading


class Told:
    """Every message of these units and of systemd about them, from the machine's start on."""

    def __init__(self, *units):
        self._entries = []
        fields = "MESSAGE,ONELOOK_EVENT,ONELOOK_REASON"
        command = [
            "journalctl",
            "--follow",
            "--lines=all",
            "-o",
            "json",
            f"--output-fields={fields}",
        ]
        self._journal = subprocess.Popen(
            [*command, *(f"--unit={unit}" for unit in units)], stdout=subprocess.PIPE, text=True
        )
        threading.Thread(target=self._listen, daemon=True).start()

    def reasons(self, event):
        """Of all presses ("press"), or of what happened at the door ("door"), in their order."""
        return [e["ONELOOK_REASON"] for e in self._entries if e.get("ONELOOK_EVENT") == event]

    def messages(self, part):
        """Those in which this occurs."""
        texts = [entry["MESSAGE"] for entry in self._entries]
        return [text for text in texts if isinstance(text, str) and part in text]

    def _listen(self):
        for line in self._journal.stdout:
            self._entries.append(json.loads(line))
            print("|", self._entries[-1]["MESSAGE"], flush=True)  # noqa: T201 - into the log
