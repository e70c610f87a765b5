"""One word for one thing: the tables of the command line and of the pages head the same field alike."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Final

import pytest

import rowhouse as package
from rowhouse.web.layout.field_names import field_name

SOURCE: Final = Path(package.__file__).parent

# Table of the command line → that of the pages, and fields of the API → names of the page's columns.
TABLES: Final = {
    "cli/address.py": ("web/pool/addresses.py", {"reserved_at": "since"}),
    "cli/audit.py": ("web/audit/page.py", {"row_count": "rows"}),
    # (The column of the page has pools, too.)
    "cli/event.py": ("web/event/page.py", {"pod": ""}),
    "cli/exclusion.py": ("web/inventory/exclusions.py", {"created_at": "created"}),
    "cli/history.py": ("web/pool/history.py", {"held_from": "since", "held_until": "until"}),
    "cli/network.py": ("web/inventory/networks.py", {"name": "network", "created_at": "created"}),
    "cli/node.py": ("web/node/page.py", {}),
    "cli/pool.py": ("web/inventory/pools.py", {"cidr": "pool", "created_at": "created"}),
    "cli/quota.py": ("web/inventory/quotas.py", {}),
    "cli/request.py": ("web/requests/list.py", {"count": "how_many"}),
}  # fmt: skip
# Fields that several tables of the command line show.
SAME: Final = (
    "at",
    "network",
    "node",
    "cluster",
    "container_id",
    "mac",
    "held_until",
    "labels",
    "description",
)


def plain(heading: str) -> str:
    return heading.partition(" (")[0].casefold()  # without the time zone


def columns(path: str) -> dict[str, str]:
    """The headings of the tables of a module by field: `Column("HEADING", "path")`, or with names."""
    found = {}
    for node in ast.walk(ast.parse((SOURCE / path).read_text(encoding="utf-8"))):
        if not (isinstance(node, ast.Call) and ast.unparse(node.func) == "Column"):
            continue
        named = {one.arg: one.value for one in node.keywords}
        heading, field = (*node.args, *(named[key] for key in ("label", "name") if key in named))[
            :2
        ]
        if isinstance(field, ast.Constant) and (text := literal(heading)):
            found[str(field.value).rpartition(".")[2]] = plain(text)
    return found


def literal(heading: ast.expr) -> str:
    """The text of a heading, as far as the source has it: a literal, or `field_name(literal, …)`."""
    if isinstance(heading, ast.JoinedStr):
        heading = heading.values[0]
    if isinstance(heading, ast.Call) and ast.unparse(heading.func) == "field_name":
        return field_name(*map(literal, heading.args))
    return str(heading.value) if isinstance(heading, ast.Constant) else ""


@pytest.mark.parametrize("table", TABLES)
def test_command_line_and_page_head_a_field_alike(table: str) -> None:
    page, names = TABLES[table]
    there = columns(page)
    pairs = {
        field: (heading, there[names.get(field, field)])
        for field, heading in columns(table).items()
        if names.get(field, field) in there
    }
    assert len(pairs) > 1, there
    assert {field for field, name in names.items() if name} <= pairs.keys()
    assert {field: pair for field, pair in pairs.items() if pair[0] != pair[1]} == {}


@pytest.mark.parametrize("field", SAME)
def test_all_commands_head_a_field_alike(field: str) -> None:
    modules = [path for path in (SOURCE / "cli").glob("*.py") if path.name != "explain.py"]
    headings = [found[field] for path in modules if field in (found := columns(f"cli/{path.name}"))]
    assert len(headings) > 1
    assert len(set(headings)) == 1, headings
