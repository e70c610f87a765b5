"""CONTRIBUTING.md leads through the usual changes, each in five files at most."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "CONTRIBUTING.md").read_text()
SECTION = TEXT.partition("## Twelve usual changes\n")[2].partition("\n## ")[0]
CHANGES = dict(re.findall(r"^### (.+)\n((?:(?!### ).*\n?)*)", SECTION, flags=re.MULTILINE))


def test_there_are_twelve() -> None:
    assert len(CHANGES) == 12


def test_each_opens_at_most_five_files_that_exist() -> None:
    for title, text in CHANGES.items():
        files = re.findall(r"^[0-9]\. \[(.+?)\]\((.+?)\): \S", text, flags=re.MULTILINE)
        assert 2 <= len(files) <= 5, title
        for name, link in files:
            assert name == link, title
            assert (ROOT / link).is_file(), link


def test_each_names_the_tests_to_run() -> None:
    for title, text in CHANGES.items():
        [commands] = re.findall(r"^Run ((?:.+\n)+)", text, flags=re.MULTILINE)
        files = re.findall(r"\btests/[\w/]+\.py", commands)
        assert files, title
        for file in files:
            assert (ROOT / file).is_file(), file
