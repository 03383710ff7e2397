"""On which line of a TOML file a key stands, which the standard library's parser does not tell."""

from __future__ import annotations

import re

_SECTION = re.compile(r"\s*\[\s*([\w-]+)\s*\]")
_KEY = re.compile(r"\s*(?:([\w-]+)\s*\.\s*)?([\w-]+)\s*=")


class Lines:
    """Finds keys of the form that our files have: one level of sections."""

    def __init__(self, text: str) -> None:
        self._sections: dict[str, int] = {}
        self._keys: dict[tuple[str, str], int] = {}
        section = ""
        for number, line in enumerate(text.splitlines(), 1):
            if found := _SECTION.match(line):
                section = found[1]
                self._sections.setdefault(section, number)
            elif found := _KEY.match(line):
                self._keys.setdefault((found[1] or section, found[2]), number)

    def of(self, section: str, key: str = "") -> int:
        """The line of a key, or of its section where the key is not found; 1 if neither is."""
        if key and (section, key) in self._keys:
            return self._keys[section, key]
        return self._sections.get(section) or self._keys.get(("", section), 1)
