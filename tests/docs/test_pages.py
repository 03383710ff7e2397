"""Pages that hold together: links and anchors, the menu, blocks, and what is made from the code."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path

import pytest

from edge.core.lights import Lamp, Show
from tests.docs.blocks import Command, Press, blocks, printed, steps

REPOSITORY = Path(__file__).resolve().parents[2]
DOCS = REPOSITORY / "docs"
OTHERS = ("README.md", "CONTRIBUTING.md", "CHANGELOG.md", "deploy/README.md", "models/README.md")
PAGES = [
    *sorted(DOCS.rglob("*.md")),
    *(REPOSITORY / name for name in OTHERS),
    *sorted(REPOSITORY.glob("models/*/card.md")),
]
LINK = re.compile(r"\]\(([^)\s]*)\)")
PROGRAM = re.compile(r"^(\$ |sudo |(onelook|convert|make|git) [a-z]|python -m |\.venv)")


def theme(name):
    """A script beside the site's theme; it is in no package."""
    spec = importlib.util.spec_from_file_location(f"theme_{name}", DOCS / f"theme/{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def text_of(page):
    """A page without its blocks."""
    return re.sub(r"(?ms)^ {0,3}```.*?^ {0,3}```\s*?$", "", page.read_text(encoding="utf-8"))


def anchors(page):
    """As MkDocs makes them of headings."""
    titles = re.findall(r"(?m)^#+ (.+)$", text_of(page))
    plain = (re.sub(r"[^\w\s-]", "", title).strip().lower() for title in titles)
    return {re.sub(r"[-\s]+", "-", title) for title in plain}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(REPOSITORY)))
def test_a_link_leads_somewhere(page):
    for link in LINK.findall(text_of(page)):
        if re.match(r"https?://", link):
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), link
        assert target.is_relative_to(REPOSITORY), link
        assert not anchor or anchor in anchors(target), link


def test_the_menu_names_every_page_once_and_no_other():
    hooks = theme("hooks")

    menu = re.findall(r"(?m)^ +- .*: (\S+\.md)$", (REPOSITORY / "mkdocs.yml").read_text())
    pages = [str(page.relative_to(DOCS)) for page in DOCS.rglob("*.md")]
    assert sorted(menu) == sorted([*pages, *hooks.OUTSIDE.values()])


def test_links_between_the_folders_become_links_of_the_site():
    hooks = theme("hooks")

    assert hooks.in_site("verification.md", "../models/faces/card.md") == "card-faces.md"
    assert hooks.in_site("decisions/0005-trust.md", "../../deploy/README.md") == "../deploy.md"
    assert hooks.in_site("deploy.md", "../docs/decisions/0001.md") == "decisions/0001.md"
    assert hooks.in_site("changelog.md", "docs/cli.md") == "cli.md"
    assert hooks.in_site("index.md", "rates.md") == "rates.md"


@pytest.mark.parametrize("page", sorted(DOCS.rglob("*.md")), ids=lambda page: page.stem)
def test_a_block_with_commands_says_whether_they_are_run(page):
    for block in blocks(page.read_text(encoding="utf-8")):
        if block.language not in {"console", "sh"}:
            commands = [line for line in block.lines if PROGRAM.match(line)]
            assert not commands, f"line {block.line}: mark it `console` (run by a test) or `sh`"
        if block.language == "sh":
            assert not [line for line in block.lines if line.startswith("$ ")], block.line


def test_the_words_of_the_page_are_the_doors():
    reasons = theme("reasons")

    assert reasons.PAGE.read_text(encoding="utf-8") == reasons.page(), "docs/theme/reasons.py"


def test_the_drawings_are_of_the_lights_that_the_door_shows():
    lights = theme("lights")

    drawn = {path.stem: path.read_text(encoding="utf-8") for path in lights.FOLDER.glob("*.svg")}
    wanted = {show.name.lower(): lights.drawn(show) for show in Show}
    assert drawn == wanted, "python docs/theme/lights.py"


def test_the_card_has_every_drawing_once():
    shown = re.findall(r"\(lights/(\w+)\.svg\)", (DOCS / "lights.md").read_text(encoding="utf-8"))
    assert sorted(shown) == sorted(show.name.lower() for show in Show)


def test_a_drawing_goes_on_with_a_pattern_that_repeats_and_ends_with_one_that_does_not():
    lights = theme("lights")

    assert len(list(lights.spans(Lamp.WHITE, Show.LOOKING.value))) == 2 * lights.SHOWN_S
    assert list(lights.spans(Lamp.RED, Show.NO.value)) == [(0.0, 1.2)]
    assert list(lights.spans(Lamp.GREEN, Show.GRANTED.value)) == [(0.0, lights.SHOWN_S)]
    assert list(lights.spans(Lamp.RED, Show.GRANTED.value)) == []


PAGE = """\
*Somebody presses the button (ada.jpg).* It opens. The door says `granted`.

```console
$ onelook list
Ada	1 template	since 2026-11-27	p-fceb
$ onelook test no.jpg  # exit code 1
```

```sh
sudo reboot
```
"""


def test_steps_are_presses_and_the_commands_of_console_blocks_in_order():
    listing = ("Ada	1 template	since 2026-11-27	p-fceb",)
    assert steps(PAGE) == [
        Press(1, "ada.jpg", "granted"),
        Command(4, "onelook list", 0, listing),
        Command(6, "onelook test no.jpg", 1, ()),
    ]


@pytest.mark.parametrize(
    ("wanted", "got", "same"),
    [
        (("e-7, 18:54:29: two_faces",), "e-12, 03:01:02: two_faces\n", True),
        (("e-7, 18:54:29: two_faces",), "e-12, 03:01:02: no_face\n", False),
        (("Ada	p-fceb",), "Ada	p-0a1b", True),
        (("Ada	p-fceb",), "Bea	p-0a1b", False),
        (("...", "8 of 8 right, in 4.3 s."), "one\ntwo\n8 of 8 right, in 0.9 s.\n", True),
        (("one",), "one\ntwo\n", False),
        (("one", "..."), "one\ntwo\n", True),
        (("face-6 ...",), "face-6 (/somewhere)\n", True),
    ],
)
def test_what_is_printed_is_compared_without_its_numbers(wanted, got, same):
    assert printed(wanted, got) is same
