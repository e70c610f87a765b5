"""The table of values in charts/rowhouse/README.md, made of the comments in values.yaml.

    python charts/values_table.py            write it
    python charts/values_table.py --check    status 1 if it is not up to date

A value is documented by a comment above it that begins with `# --`, as helm-docs has it; every value has to be.
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import yaml

if TYPE_CHECKING:
    from collections.abc import Iterator

CHART = Path(__file__).parent / "rowhouse"
README = CHART / "README.md"
BEGIN, END = "<!-- values: make chart -->\n", "<!-- end of values -->\n"
_LINE = re.compile(r"^(?P<indent> *)(?P<key>[A-Za-z0-9]+):(?P<value>.*)$")
_COMMENT = re.compile(r"^ *# -- (?P<text>.*)$")


def documented(text: str) -> Iterator[tuple[str, str, str]]:
    """(path, default as JSON, what it is) of each value; exits where a value has no comment."""
    values = yaml.safe_load(text)
    path: list[str] = []
    comment = ""
    for number, line in enumerate(text.splitlines(), 1):
        if found := _COMMENT.match(line):
            comment = found["text"]
        elif found := _LINE.match(line):
            del path[len(found["indent"]) // 2 :]
            path.append(found["key"])
            if comment:
                yield ".".join(path), json.dumps(_at(values, path)), comment
            elif found["value"].strip():
                sys.exit(f"values.yaml, line {number}: {'.'.join(path)} has no comment `# -- …`")
            comment = ""


def _at(values: object, path: list[str]) -> object:
    for key in path:
        assert isinstance(values, dict)
        values = values[key]
    return values


def table(text: str) -> str:
    """The table, in Markdown."""
    rows = [
        f"| `{path}` | `{default}` | {comment} |" for path, default, comment in documented(text)
    ]
    return "\n".join(["| value | default | what it is |", "|---|---|---|", *rows]) + "\n"


def main() -> None:
    """Write or check the table."""
    readme = README.read_text(encoding="utf-8")
    head, _, rest = readme.partition(BEGIN)
    _, _, tail = rest.partition(END)
    made = (
        f"{head}{BEGIN}\n{table((CHART / 'values.yaml').read_text(encoding='utf-8'))}\n{END}{tail}"
    )
    if made != readme:
        if "--check" in sys.argv:
            sys.exit(f"{README} is not up to date: make chart")
        README.write_text(made, encoding="utf-8")


if __name__ == "__main__":
    main()
