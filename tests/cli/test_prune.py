"""`rowhouse db prune`: old history goes, in small steps, and the audit log says who did it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import psycopg

if TYPE_CHECKING:
    from psycopg.rows import TupleRow

    from cli.conftest import Rowhouse
    from fixtures.databases import Database

FILL = """
INSERT INTO tenures (network_id, address, pool_id, during, owner_kind, owner_cluster, owner_namespace, owner_name,
                     owner_interface, node, container_id, started_by, start_reason, ended_by, end_reason)
SELECT 1, '10.0.0.0'::inet + i, 1, tstzrange(now() - i * interval '1 day', now() - (i - 0.5) * interval '1 day'),
       'pod', '', 'devops', 'web-' || i, 'net1', 'node1', 'c' || i, 'server', 'ADD', 'server', 'DEL'
  FROM generate_series(1, %s) i
"""

# With OFFSET in it, FOR UPDATE would lock the rows before it as well.
SIXTEENTH = """
SELECT FROM tenures WHERE id = (SELECT id FROM tenures ORDER BY id OFFSET 15 LIMIT 1) FOR UPDATE
"""


def left(dba: psycopg.Connection[TupleRow]) -> int:
    row = dba.execute("SELECT count(*) FROM tenures").fetchone()
    assert row
    return int(row[0])


def entries(direct: Rowhouse) -> list[Any]:
    found: list[Any] = direct.items("audit", "--action", "history.prune")
    return found


def test_what_ended_before_goes_and_the_rest_stays(
    direct: Rowhouse, dba: psycopg.Connection[TupleRow]
) -> None:
    direct("pool", "create", "10.1.0.0/24", "--name", "a")
    direct("address", "reserve", "a", "--name", "printer")
    dba.execute(FILL, (100,))
    told = direct("db", "prune", "--older-than", "30d", "--batch", "7", "--yes").stdout
    assert told.startswith("70 tenures removed")
    assert left(dba) == 31
    assert direct.items("who", "10.1.0.1")[0]["owner"]["name"] == "printer"
    [entry] = entries(direct)
    assert (entry["object"], entry["after"]["pruned"], entry["after"]["finished"]) == (
        "tenures",
        70,
        True,
    )
    assert "@" in entry["actor"]
    [begun] = direct.items("audit", "--action", "history.prune_begin")
    assert begun["after"]["ended_before"] == entry["after"]["ended_before"]
    assert direct("db", "prune", "--older-than", "30d", "--yes").stdout.startswith("0 tenures")


def test_it_goes_on_where_it_is_told_to(
    direct: Rowhouse, dba: psycopg.Connection[TupleRow]
) -> None:
    dba.execute(FILL, (20,))
    [(middle,)] = dba.execute("SELECT id FROM tenures ORDER BY id OFFSET 9 LIMIT 1").fetchall()
    direct("db", "prune", "--older-than", "0s", "--after", str(middle), "--yes")
    assert left(dba) == 10
    assert entries(direct)[0]["after"]["after_id"] == middle


def test_ctrl_c_leaves_whole_batches_and_an_entry(
    direct: Rowhouse, dba: psycopg.Connection[TupleRow], database: Database
) -> None:
    dba.execute(FILL, (50,))
    # Otherwise a slow sender of the signal would meet the end of the wait.
    dba.execute("ALTER FUNCTION prune_v1 SET lock_timeout = '10min'")
    [(third,)] = dba.execute("SELECT id FROM tenures ORDER BY id OFFSET 30 LIMIT 1").fetchall()
    with psycopg.connect(database.conninfo) as holder:
        # The fourth batch waits for this row: there the signal meets it.
        holder.execute("SELECT FROM rowhouse.tenures WHERE id = %s FOR UPDATE", (third,))
        options = ("--older-than", "0s", "--yes", "--batch", "10")
        pruning = subprocess.Popen(
            [sys.executable, "-m", "rowhouse", "db", "prune", *options],
            env=os.environ | direct.environment,
            stderr=subprocess.PIPE,
            text=True,
        )
        while not dba.execute(
            "SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
        ).rowcount:
            assert pruning.poll() is None
        pruning.send_signal(signal.SIGINT)
        _, told = pruning.communicate(timeout=240)
    assert pruning.returncode == 130
    assert "interrupted: 30 tenures removed; continue with --after" in told
    assert "Traceback" not in told
    assert left(dba) == 20
    [entry] = entries(direct)
    assert (entry["after"]["pruned"], entry["after"]["finished"]) == (30, False)


def test_a_locked_row_stops_the_run_and_says_where_to_continue(
    direct: Rowhouse, dba: psycopg.Connection[TupleRow]
) -> None:
    dba.execute(FILL, (20,))
    with dba.transaction():
        dba.execute(SIXTEENTH)
        told = direct("db", "prune", "--older-than", "0s", "--yes", "--batch", "5", code=4).stderr
    assert "interrupted: 15 tenures removed; continue with --after" in told
    assert entries(direct)[0]["after"]["pruned"] == 15


def test_audit_lines_stay_unless_their_own_option_says_so(
    direct: Rowhouse, dba: psycopg.Connection[TupleRow]
) -> None:
    direct("network", "list")
    direct("pool", "create", "10.1.0.0/24", "--name", "a")
    direct("pool", "create", "10.2.0.0/24")
    direct("pool", "drain", "10.2.0.0/24")
    direct("pool", "delete", "10.2.0.0/24", "--yes")
    direct("db", "prune", "--older-than", "0s", "--yes")
    [(before,)] = dba.execute("SELECT count(*) FROM audit_log")
    told = direct("db", "prune", "--audit-older-than", "0s", "--batch", "2", "--yes").stdout
    assert told.startswith(f"{before - 1} audit lines removed")
    left = dba.execute("SELECT action FROM audit_log ORDER BY id").fetchall()
    # A pool that was drained when it was deleted is drained when a NAD brings it back.
    assert left == [("pool.delete",), ("audit_log.prune_begin",), ("audit_log.prune",)]
    [entry] = direct.items("audit", "--action", "audit_log.prune")
    assert (entry["after"]["pruned"], entry["after"]["finished"]) == (before - 1, True)
    assert (entry["object"], entry["object_type"]) == ("audit_log", "audit_log")
    assert entry["after"]["written_before"] <= entry["at"]


def test_something_to_remove_must_be_named(direct: Rowhouse) -> None:
    assert "--audit-older-than" in direct("db", "prune", "--yes", code=2).stderr
