"""What MkDocs does not do by itself: pages from outside of docs/, prompts, search off the disk.

Each function is an event of MkDocs (mkdocs.org, "Developing plugins"), which calls it by its name.
"""

from __future__ import annotations

import posixpath
import re
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
# Pages that lie where a reader of the repository looks for them -> their name in the site.
OUTSIDE = {
    "CHANGELOG.md": "changelog.md",
    "CONTRIBUTING.md": "contributing.md",
    "deploy/README.md": "deploy.md",
    "models/faces/card.md": "card-faces.md",
    "models/omniglot/card.md": "card-characters.md",
}
_INSIDE = {page: file for file, page in OUTSIDE.items()}
_LINK = re.compile(r"(?<=\]\()([^)#:\s]+)")
_CONSOLE = re.compile(r'(?s)(<code class="language-console">)(.*?)(</code>)')


def on_config(config: Any) -> Any:  # noqa: ANN401 - MkDocs is not there where types are checked
    """The release that the pages belong to."""
    text = (ROOT / "edge/__init__.py").read_text(encoding="utf-8")
    found = re.search(r'__version__ = "(.+)"', text)
    config.extra["release"] = found.group(1) if found else ""
    return config


def on_files(files: Any, config: Any) -> Any:  # noqa: ANN401 - as above
    """Take the pages from outside in."""
    from mkdocs.structure.files import File  # noqa: PLC0415 - tests come without MkDocs

    for file, page in OUTSIDE.items():
        files.append(File.generated(config, page, abs_src_path=str(ROOT / file)))
    return files


def on_page_markdown(markdown: str, page: Any, **_: Any) -> str:  # noqa: ANN401 - as above
    """Links to and from those pages, as they are in the site."""
    uri = page.file.src_uri
    return _LINK.sub(lambda link: in_site(uri, link[1]), markdown)


def in_site(page: str, link: str) -> str:
    """A link of this page of the site; unchanged if the repository has it where the site has."""
    file = _INSIDE.get(page, f"docs/{page}")
    target = posixpath.normpath(posixpath.join(posixpath.dirname(file), link))
    if target in OUTSIDE:
        wanted = OUTSIDE[target]
    elif page in _INSIDE and target.startswith("docs/"):
        wanted = target.removeprefix("docs/")
    else:
        return link
    return posixpath.relpath(wanted, posixpath.dirname(page) or ".")


def on_page_content(html: str, **_: Any) -> str:  # noqa: ANN401 - as above
    """Commands stand out from what they print."""

    def prompts(block: re.Match[str]) -> str:
        body = re.sub(r"(?m)^\$ (.*)$", r"<i>$ </i><b>\1</b>", block[2])
        return block[1] + body + block[3]

    return _CONSOLE.sub(prompts, html)


def on_post_build(config: Any) -> None:  # noqa: ANN401 - as above
    """The index as a script: a page that was opened from the disk may not fetch JSON."""
    folder = Path(config.site_dir) / "search"
    index = (folder / "search_index.json").read_text(encoding="utf-8")
    (folder / "index.js").write_text(f"const INDEX = {index};\n", encoding="utf-8")
