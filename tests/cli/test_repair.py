"""`rowhouse db repair`: what integrity_problems shows is gone, and the audit log says who did it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import psycopg
    from psycopg.rows import TupleRow

    from cli.conftest import Rowhouse


def test_it_tells_what_it_would_change_then_changes_it_and_finds_nothing_more(
    direct: Rowhouse, dba: psycopg.Connection[TupleRow]
) -> None:
    direct("pool", "create", "10.1.0.0/24", "--name", "a")
    direct("address", "reserve", "a", "--name", "printer")
    assert direct("db", "repair").stdout == "nothing to repair\n"
    dba.execute("DELETE FROM free_ranges WHERE first > '10.1.0.1'")
    dba.execute("DELETE FROM tenures")
    expected = (
        "10.1.0.1: tenure opened\n"
        "10.1.0.2-10.1.0.255: free range added\n"
        "{}: 1 free range added, 1 tenure opened\n"
    )
    assert direct("db", "repair", "--dry-run").stdout == expected.format("would change")
    assert dba.execute("SELECT count(*) FROM integrity_problems").fetchone() == (2,)
    assert direct("db", "repair").stdout == expected.format("changed")
    assert dba.execute("SELECT * FROM integrity_problems").fetchall() == []
    [entry] = direct.items("audit", "--action", "free_range.correct")
    assert entry["object"] == "10.1.0.2-10.1.0.255"
    assert "@" in entry["actor"]
    assert direct("db", "repair").stdout == "nothing to repair\n"


def test_a_problem_it_cannot_repair_is_an_exit_code(
    direct: Rowhouse, dba: psycopg.Connection[TupleRow]
) -> None:
    direct("pool", "create", "10.1.0.0/24", "--name", "a")
    direct("address", "reserve", "a", "--name", "printer")
    dba.execute("SET session_replication_role = replica")
    dba.execute("DELETE FROM pools")
    ended = direct("db", "repair", code=6)
    assert "left: 10.1.0.1: reservation in no pool. Make a pool" in ended.stderr
