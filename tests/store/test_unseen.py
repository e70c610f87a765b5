"""History, audit and free space that a person writes: it is in the audit log."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from psycopg import errors

from fixtures.pods import subnet

if TYPE_CHECKING:
    import psycopg
    from psycopg.rows import TupleRow

    from fixtures.pods import Pods

    Dba = psycopg.Connection[TupleRow]

SUBNET = subnet("10.0.0.0/24")
LINES = """
SELECT action, object, database_user FROM audit_log WHERE split_part(action, '.', 1) = ANY (%s) ORDER BY id
"""
BY_HAND = [
    "tenure",
    "free_range",
    "attachment",
    "node_slice",
    "table",
    "assignment_hold",
    "assignment_hold_pool",
    "plain_pool",
]
FORGED = """
INSERT INTO tenures (network_id, address, pool_id, during, owner_kind, owner_cluster, owner_namespace,
                     owner_name, owner_interface, node, container_id, started_by, start_reason)
SELECT network_id, '10.0.0.77', id, '[2020-01-01,2020-01-02)', 'pod', '', 'shop', 'framed', 'net1', '', '', 'ADD', 'ADD'
  FROM pools
"""
COLUMNS = """
SELECT c.relname, a.attname, format_type(a.atttypid, a.atttypmod)
  FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
 WHERE c.oid = ANY (%s::regclass[])
 ORDER BY 1, 2
"""
GUARDED = ("tenures", "free_ranges", "attachments", "node_slices", "reservations", "quotas", "tokens", "networks",
           "exclusions", "pools")  # fmt: skip
TABLES_WITHOUT_A_GUARD = """
SELECT c.relname FROM pg_class c
 WHERE c.relnamespace = 'rowhouse'::regnamespace AND c.relkind IN ('r', 'p') AND c.relname <> 'alembic_version'
   AND NOT EXISTS (SELECT FROM pg_trigger t WHERE t.tgrelid = c.oid AND t.tgtype & 32 <> 0 AND t.tgenabled <> 'D')
"""


def lines(dba: Dba) -> list[tuple[str, str, str]]:
    return list(dba.execute(LINES, (BY_HAND,)))


def test_what_calls_and_the_administration_do_leaves_no_such_line(pods: Pods, dba: Dba) -> None:
    pods.add("web-0", SUBNET)
    pods.add_all("web-1", subnet("10.1.0.0/24", slice_size=28), sticky=True)
    pods.add("web-0", SUBNET, container="second")
    pods.delete("web-0")
    pods.delete("second")
    dba.execute("SET rowhouse.force = 'on'")
    dba.execute("UPDATE reservations SET owner_name = 'web-9'")
    dba.execute("UPDATE reservations SET address = address + 1")
    dba.execute("DELETE FROM reservations")
    dba.execute(
        "INSERT INTO exclusions (network_id, first, last) SELECT network_id, '10.0.0.3', '10.0.0.9' FROM pools LIMIT 1"
    )
    dba.execute("DELETE FROM exclusions")
    assert lines(dba) == []
    dba.execute("DELETE FROM pools")
    assert lines(dba) == [("node_slice.delete", "10.1.0.0/28", "postgres")]


RUN = "WHERE last > '10.0.0.9'"
FREE_AGAIN = """
INSERT INTO free_ranges (network_id, first, last, free_from) SELECT network_id, '11.0.0.0', '11.0.0.9', now() FROM pools
"""
WITHDRAWN = "SELECT withdraw_run(network_id, '10.0.0.2', '10.0.0.255') FROM pools"
SLICE = "INSERT INTO node_slices (pool_id, cluster, node, slice) SELECT id, '', 'mine', '10.0.0.0/28' FROM pools"
STATEMENTS = (
    (FORGED, "tenure.create", "10.0.0.77"),
    ("UPDATE tenures SET during = '[2020-01-01,2020-01-02)'", "tenure.update", "10.0.0.1"),
    ("UPDATE tenures SET ended_by = 'mallory'", "tenure.update", "10.0.0.1"),
    ("UPDATE tenures SET owner_name = 'framed'", "tenure.update", "10.0.0.1"),
    ("DELETE FROM tenures", "tenure.delete", "10.0.0.1"),
    (f"DELETE FROM free_ranges {RUN}", "free_range.delete", "10.0.0.2-10.0.0.255"),
    (f"UPDATE free_ranges SET free_from = 'infinity' {RUN}", "free_range.update", "10.0.0.2-10.0.0.255"),
    (f"UPDATE free_ranges SET last = last - 1 {RUN}", "free_range.update", "10.0.0.2-10.0.0.254"),
    (FREE_AGAIN, "free_range.create", "11.0.0.0-11.0.0.9"),
    (WITHDRAWN, "free_range.delete", "10.0.0.2-10.0.0.255"),
    ("UPDATE attachments SET node = 'elsewhere'", "attachment.update", "10.0.0.1"),
    (SLICE, "node_slice.create", "10.0.0.0/28"),
    ("UPDATE plain_pools SET isolated = true", "plain_pool.update", "1"),
    ("INSERT INTO assignment_hold (reason, actor) VALUES ('mine', 'me')", "assignment_hold.create", "mine"),
    ("INSERT INTO assignment_hold_pools SELECT 1 FROM pools", "assignment_hold_pool.create", "1"),
    ("TRUNCATE fill_samples", "table.truncate", "fill_samples"),
    ("TRUNCATE sessions", "table.truncate", "sessions"),
)  # fmt: skip


@pytest.mark.parametrize(("statement", "action", "address"), STATEMENTS)
def test_a_statement_typed_by_a_person_is_a_line_with_the_true_user(
    pods: Pods, dba: Dba, statement: str, action: str, address: str
) -> None:
    pods.add("web-0", SUBNET)
    dba.execute(statement)
    assert lines(dba) == [(action, address, "postgres")]


def test_a_change_of_any_column_is_seen(pods: Pods, dba: Dba) -> None:
    """Each column of each table of history, free space and administration, set to itself."""
    pods.add_all("web-0", subnet("10.1.0.0/24", slice_size=28))
    dba.execute("INSERT INTO quotas (namespace, addresses) VALUES ('shop', 5)")
    dba.execute("INSERT INTO tokens (name, role, digest) VALUES ('t', 'admin', sha256('t'))")
    dba.execute(
        "INSERT INTO exclusions (network_id, first, last) SELECT network_id, '10.1.0.9', '10.1.0.9' FROM pools"
    )
    columns = list(dba.execute(COLUMNS, (list(GUARDED),)))
    assert len(columns) > 60
    for table, column, kind in columns:
        if (table, column) == ("free_ranges", "first"):
            continue  # every allocation changes it; what a person breaks by it is in integrity_problems
        if table == "attachments" and column in {"network_id", "address"}:
            continue  # they follow the reservation: that is where they change
        [(before,)] = dba.execute("SELECT count(*) FROM audit_log")
        try:
            dba.execute(f"UPDATE {table} SET {column} = {column}::{kind}")
        except errors.GeneratedAlways:
            continue
        [(after,)] = dba.execute("SELECT count(*) FROM audit_log")
        assert after > before, (table, column)


def test_a_line_that_a_person_writes_has_the_true_user_and_time(dba: Dba) -> None:
    dba.execute(
        """INSERT INTO audit_log (actor, action, object, at, database_user)
           VALUES ('alice', 'pool.delete', '10.0.0.0/24', '2020-01-01', 'alice')"""
    )
    row = dba.execute(
        "SELECT database_user, at > now() - interval '1 hour' FROM audit_log"
    ).fetchone()
    assert row == ("postgres", True)


def test_every_table_refuses_or_records_its_truncate(dba: Dba) -> None:
    assert dba.execute(TABLES_WITHOUT_A_GUARD).fetchall() == []


def test_the_samples_of_the_fill_go_on_after_the_clock_went_back(pods: Pods, dba: Dba) -> None:
    pods.add("web-0", SUBNET)
    assert dba.execute("SELECT sample_fill_v1()").fetchone() == (True,)
    dba.execute("UPDATE fill_samples SET at = at + interval '1 day'")
    dba.execute("UPDATE pool_trends SET sampled_at = sampled_at + interval '1 day'")
    assert dba.execute("SELECT sample_fill_v1()").fetchone() == (True,)
    assert dba.execute("SELECT count(*) FROM fill_samples WHERE at > now()").fetchone() == (0,)
