"""The site that `make docs` built: whole, and nothing in it is fetched from a network."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

SITE = Path(__file__).resolve().parents[2] / "build/site"
PAGES = sorted(SITE.rglob("*.html"))
# What a browser fetches by itself, and by which attribute; `a` it only follows.
FETCHED = {
    **dict.fromkeys(("img", "script", "iframe", "source", "video", "audio", "embed"), "src"),
    "link": "href",
    "object": "data",
}
CODE = [p for p in sorted(SITE.rglob("*")) if p.suffix in {".css", ".svg", ".js"}]


class Page(HTMLParser):
    """What a page fetches, where it leads, and the places in it."""

    def __init__(self, file):
        super().__init__()
        self.fetched, self.links, self.places = [], [], set()
        self.feed(file.read_text(encoding="utf-8"))

    def handle_starttag(self, tag, attrs):
        told = dict(attrs)
        self.places.add(told.get("id"))
        if tag in FETCHED and FETCHED[tag] in told:
            self.fetched.append(told[FETCHED[tag]])
        if tag == "a" and "href" in told:
            self.links.append(told["href"])
        assert "srcset" not in told
        assert "@import" not in told.get("style", "")


def test_there_is_a_site():
    assert SITE / "index.html" in PAGES
    assert len(PAGES) > 30


@pytest.mark.parametrize("file", PAGES, ids=lambda file: file.stem)
def test_a_page_fetches_from_its_own_folder_alone_and_its_links_lead_somewhere(file):
    page = Page(file)
    for url in page.fetched:
        assert not urlsplit(url).scheme, url
        assert not urlsplit(url).netloc, url
        assert (file.parent / unquote(urlsplit(url).path)).is_file(), url
    for link in page.links:
        parts = urlsplit(link)
        if parts.scheme in {"http", "https"}:
            continue
        target = file.parent / unquote(parts.path) if parts.path else file
        assert target.exists(), link
        assert not parts.fragment or parts.fragment in Page(target).places, link


@pytest.mark.parametrize("file", CODE, ids=lambda file: file.name)
def test_no_sheet_script_or_drawing_names_another_host(file):
    if file.name == "index.js":  # the text that is searched, as the pages have it
        return
    text = file.read_text(encoding="utf-8").replace("http://www.w3.org/2000/svg", "")
    assert not re.search(r"https?://|@import|url\(|//[a-z]+\.[a-z]", text)
