"""The server's SQL is in files, named, with a line that says what each is for.

A constant of one line may stay in Python: `SELECT rowhouse.f(%s)`, `LISTEN …`.
"""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import rowhouse
from rowhouse.store.connection.statements import statement

if TYPE_CHECKING:
    from collections.abc import Iterator

SERVER = Path(rowhouse.__path__[0])
SOURCES = [*SERVER.rglob("*.py"), *(SERVER.parent.parent / "cni_plugin").rglob("*.py")]
QUERIES = sorted((SERVER / "store").glob("*/sql/*.sql"))

SQL = re.compile(
    r"""\b(SELECT|FROM|WHERE|JOIN|UNION\ ALL|RETURNING|ORDER\ BY|GROUP\ BY)\s
    | ^\s*(SELECT|WITH|INSERT\ INTO|DELETE\ FROM|UPDATE|CALL|CREATE|ALTER|DROP|GRANT|SET\ LOCAL|LISTEN|NOTIFY)\s
    | \browhouse\.\w+\(""",
    re.VERBOSE,
)
WITHOUT_A_QUERY = {
    # Puts a line in front of a migration's file.
    SERVER / "store" / "connection" / "migration.py",
}


def faults(source: str) -> Iterator[tuple[int, str]]:
    """Where Python puts SQL together, or holds more than a line of it: (line, what)."""
    tree = ast.parse(source)
    prose = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        match node:
            case ast.JoinedStr() if any(_is_sql(part) for part in node.values):
                yield node.lineno, "SQL in an f-string"
            case ast.BinOp(op=ast.Add() | ast.Mod()) if _is_sql(node.left) or _is_sql(node.right):
                yield node.lineno, "SQL put together with an operator"
            case ast.Call(func=ast.Attribute(value=text, attr="format" | "join" | "replace")) if (
                _is_sql(text)
            ):
                yield node.lineno, "SQL put together with a method"
            case ast.Constant() if id(node) not in prose and _is_sql(node) and _lines(node) > 1:
                yield node.lineno, "SQL of several lines"


def _is_sql(node: ast.AST) -> bool:
    return (
        isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and SQL.search(node.value) is not None
    )


def _lines(node: ast.Constant) -> int:
    return (node.end_lineno or node.lineno) - node.lineno + 1


@pytest.mark.parametrize(
    "source",
    [
        'q = f"SELECT {columns} FROM rowhouse.pools"',
        'q = "SELECT " + columns + " FROM rowhouse.pools"',
        'q = "SELECT %s FROM rowhouse.pools" % columns',
        'q = "SELECT {} FROM rowhouse.pools".format(columns)',
        'q = """\nSELECT 1\n  FROM rowhouse.pools\n"""',
        'q = ("SELECT address"\n     " FROM rowhouse.reservations")',
        'f(f"rowhouse.{name}_v1() WHERE {more}")',
    ],
)
def test_sql_in_python_is_found(source: str) -> None:
    assert list(faults(source))


@pytest.mark.parametrize(
    "source",
    [
        '"""SELECT is a word of SQL.\n\nFROM is another."""',
        'q = "SELECT rowhouse.hold_v1(%s, %s, %s)"',
        'sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name))',
        'raise NotReady(f"{name} is not set")',
    ],
)
def test_a_constant_of_one_line_may_stay(source: str) -> None:
    assert not list(faults(source))


def test_the_server_keeps_its_sql_in_files() -> None:
    found = [
        f"{path}:{line}: {what}"
        for path in SOURCES
        if path not in WITHOUT_A_QUERY
        for line, what in faults(path.read_text(encoding="utf-8"))
    ]
    assert found == []


def test_every_file_is_run_by_a_module_beside_it_and_says_what_it_is_for() -> None:
    assert QUERIES
    for path in QUERIES:
        first, *_ = path.read_text(encoding="utf-8").splitlines()
        assert first.startswith("-- "), path
        call = f'statement(__name__, "{path.stem}")'
        beside = path.parent.parent.glob("*.py")
        assert any(call in module.read_text(encoding="utf-8") for module in beside), path


def test_a_statement_is_the_file_without_its_head() -> None:
    query = statement("rowhouse.store.access.tokens", "find_token")
    assert query.startswith("SELECT name, role")
    assert query is statement("rowhouse.store.access.tokens", "find_token")
