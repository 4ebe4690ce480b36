"""A page read as a browser would, and what an address leads to."""

import json
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import unquote

VOID = {"meta", "link", "br", "input", "img"}


class Page(HTMLParser):
    """Elements with their attributes, addresses, and all text with one blank between words."""

    def __init__(self, file: Path) -> None:
        super().__init__()
        self.file = file
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self._text: list[str] = []
        self.feed(file.read_text("utf-8"))
        self.close()
        assert self.open == [], f"{file}: every tag is closed"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._text.append("" if tag == "code" else " ")
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        self._text.append("" if tag == "code" else " ")
        assert self.open.pop() == tag, (self.file, tag)

    def handle_comment(self, data: str) -> None:
        raise AssertionError(f"a comment: {data}")

    def handle_data(self, data: str) -> None:
        self._text.append(data)

    @property
    def text(self) -> str:
        return " ".join("".join(self._text).split())

    @property
    def links(self) -> list[str]:
        return [values.get("href") or "" for _, values in self.elements if "href" in values]

    @property
    def shape(self) -> list[tuple[str, tuple[str, ...]]]:
        """The elements and the names of their attributes, without their order."""
        return sorted((tag, tuple(values)) for tag, values in self.elements)

    def target(self, link: str) -> Path:
        """The file that a relative address leads to."""
        path, _, _ = link.partition("#")
        return (self.file.parent / unquote(path)).resolve() if path else self.file


def pages(site: Path) -> list[Page]:
    return [Page(file) for file in sorted(site.rglob("*.html"))]


def index(site: Path) -> list[list[Any]]:
    """All entries of the search index, which is data and nothing else."""
    entries = []
    for file in sorted((site / "search").glob("*.js")):
        text = file.read_text("utf-8")
        assert text.startswith("window.found([\n")
        assert text.endswith("\n]);\n")
        entries += json.loads(text.removeprefix("window.found(").removesuffix(");\n"))
    return entries


def page_of(site: Path, kind: str, *names: str) -> Page:
    """The page by what search says of it."""
    kinds = (
        *("feature", "on-demand feature", "feature view", "service", "training set", "entity"),
        "label set",
    )
    [address] = [
        entry[5]
        for entry in index(site)
        if kinds[entry[1]] == kind and [entry[0], entry[2]][: len(names)] == list(names)
    ]
    return Page(site / address)
