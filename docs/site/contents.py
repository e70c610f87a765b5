"""The table of contents, as docs/README.md has it."""

from __future__ import annotations

import posixpath
import re

_SECTION = re.compile(r"^## (?P<title>.+)\n(?P<text>(?:(?!## ).*\n?)*)", re.MULTILINE)
# A link with an anchor is to a part of a page that is listed elsewhere.
_PAGE = re.compile(r"\[([^\]]+)\]\((?!https?://)([^)#]+\.md)\)")


def sections(index: str) -> list[tuple[str, dict[str, str]]]:
    """Each heading and its pages: the path from the root of the repository, and the title."""
    found: list[tuple[str, dict[str, str]]] = []
    for section in _SECTION.finditer(index):
        pages = {
            posixpath.normpath(posixpath.join("docs", path)): title
            for title, path in _PAGE.findall(section["text"])
        }
        found.append((section["title"], pages))
    return found
