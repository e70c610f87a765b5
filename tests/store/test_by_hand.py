"""Whatever a DBA types, free space, history and audit keep up with it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import psycopg
import pytest
from psycopg import errors

from fixtures.pods import subnet
from rowhouse.domain.errors import AddressTaken

if TYPE_CHECKING:
    from collections.abc import Iterator

    from psycopg.rows import TupleRow

    from fixtures.pods import Pods

SUBNET = subnet("10.0.0.0/24")
RESERVE = """
INSERT INTO reservations (network_id, address, pool_id, owner_kind, owner_name)
SELECT network_id, %s, id, 'static', %s FROM pools WHERE cidr = '10.0.0.0/24'
"""
AUDIT = """
SELECT actor, action, object, before->>'owner_name', after->>'owner_name'
  FROM audit_log WHERE action LIKE 'reservation%' ORDER BY id
"""
TENURES = """
SELECT host(address), owner_name, start_reason, end_reason, started_by, ended_by, upper_inf(during)
  FROM tenures ORDER BY id
"""


@pytest.fixture(autouse=True)
def integrity(dba: psycopg.Connection[TupleRow], pods: Pods) -> Iterator[None]:
    """There is a pool, and whatever the test did, the database finds no problem."""
    pods.add("web-0", SUBNET)
    yield
    assert dba.execute("SELECT * FROM integrity_problems").fetchall() == []


def test_a_deleted_reservation_is_free_and_in_history_and_audit(
    pods: Pods, dba: psycopg.Connection[TupleRow]
) -> None:
    dba.execute("DELETE FROM reservations WHERE owner_name = 'web-0'")
    assert dba.execute(TENURES).fetchall() == [
        ("10.0.0.1", "web-0", "ADD", "SQL", "postgres", "postgres", False)
    ]
    assert dba.execute(AUDIT).fetchall() == [
        ("postgres", "reservation.delete", "10.0.0.1", "web-0", None)
    ]
    assert dba.execute("SELECT * FROM attachments").fetchall() == []
    assert pods.delete("web-0") == []
    assert pods.add("web-1", SUBNET) == "10.0.0.1"


def test_the_audit_names_the_user_who_logged_in_even_behind_set_role(
    dba: psycopg.Connection[TupleRow], database_user: str
) -> None:
    dba.execute(f"GRANT USAGE ON SCHEMA rowhouse TO {database_user}")
    dba.execute(f"GRANT ALL ON ALL TABLES IN SCHEMA rowhouse TO {database_user}")
    dba.execute(f"SET ROLE {database_user}")
    dba.execute("DELETE FROM reservations")
    dba.execute("RESET ROLE")
    [(actor, *_)] = dba.execute(AUDIT)
    assert actor == "postgres"


@pytest.fixture
def database_user(dba: psycopg.Connection[TupleRow]) -> Iterator[str]:
    name = f"dba_{dba.info.dbname}"
    dba.execute(f"CREATE ROLE {name}")
    yield name
    dba.execute(f"DROP OWNED BY {name}")
    dba.execute(f"DROP ROLE {name}")


def test_a_reservation_made_by_hand_is_taken_from_the_free_space(
    pods: Pods, dba: psycopg.Connection[TupleRow]
) -> None:
    dba.execute(RESERVE, ("10.0.0.2", "printer"))
    assert pods.add("web-1", SUBNET) == "10.0.0.3"
    with pytest.raises(AddressTaken, match="in use by printer"):
        pods.add("web-2", subnet("10.0.0.0/24", requested="10.0.0.2"))
    assert dba.execute(TENURES).fetchall()[1] == (
        "10.0.0.2", "printer", "SQL", None, "postgres", None, True,
    )  # fmt: skip
    assert dba.execute(AUDIT).fetchall() == [
        ("postgres", "reservation.create", "10.0.0.2", None, "printer")
    ]


def test_an_impossible_reservation_is_refused_and_nothing_changes(
    dba: psycopg.Connection[TupleRow],
) -> None:
    for address, error in (
        ("10.0.0.1", errors.UniqueViolation),
        ("10.0.1.1", errors.DatabaseError),
        ("fd00::1", errors.DatabaseError),
        ("10.0.0.0/24", errors.CheckViolation),
    ):
        with pytest.raises(error):
            dba.execute(RESERVE, (address, "printer"))
    assert dba.execute("SELECT count(*) FROM tenures").fetchone() == (1,)
    assert dba.execute(AUDIT).fetchall() == []


def test_an_address_of_another_pool_is_refused_whether_inserted_or_moved(
    pods: Pods, dba: psycopg.Connection[TupleRow]
) -> None:
    pods.add("db-0", subnet("10.0.1.0/24"))
    with pytest.raises(errors.ForeignKeyViolation, match="is not a pool of network"):
        dba.execute(RESERVE, ("10.0.1.9", "printer"))
    dba.execute("SET rowhouse.force = 'on'")
    with pytest.raises(errors.ForeignKeyViolation, match="is not a pool of network"):
        dba.execute("UPDATE reservations SET address = '10.0.1.9' WHERE owner_name = 'web-0'")
    with pytest.raises(errors.ForeignKeyViolation, match="is not a pool of network"):
        dba.execute("UPDATE reservations SET pool_id = 4711 WHERE owner_name = 'web-0'")


def test_a_moved_reservation_frees_its_old_address_and_keeps_its_sandbox(
    pods: Pods, dba: psycopg.Connection[TupleRow]
) -> None:
    dba.execute("SET rowhouse.force = 'on'")
    dba.execute("UPDATE reservations SET address = '10.0.0.9' WHERE owner_name = 'web-0'")
    assert pods.add("web-1", SUBNET) == "10.0.0.1"
    assert pods.add("web-0", SUBNET) == "10.0.0.9"
    assert [line[:4] for line in dba.execute(TENURES)] == [
        ("10.0.0.1", "web-0", "ADD", "SQL"),
        ("10.0.0.9", "web-0", "SQL", None),
        ("10.0.0.1", "web-1", "ADD", None),
    ]
    assert [one.address for one in pods.delete("web-0")] == ["10.0.0.9"]
    with pytest.raises(errors.UniqueViolation):
        dba.execute("INSERT INTO reservations SELECT * FROM reservations")


def test_a_reservation_given_to_another_owner_is_two_tenures(
    pods: Pods, dba: psycopg.Connection[TupleRow]
) -> None:
    dba.execute("SET rowhouse.force = 'on'")
    dba.execute("UPDATE reservations SET owner_name = 'web-9', sticky = true")
    assert [line[:4] for line in dba.execute(TENURES)] == [
        ("10.0.0.1", "web-0", "ADD", "SQL"),
        ("10.0.0.1", "web-9", "SQL", None),
    ]
    assert pods.add("web-9", SUBNET) == "10.0.0.1"
    assert pods.add("web-0", SUBNET) == "10.0.0.2"


def test_a_thousand_rows_in_one_statement_are_a_thousand_times_the_same(
    pods: Pods, dba: psycopg.Connection[TupleRow]
) -> None:
    pods.add("other", subnet("10.2.0.0/16"))
    dba.execute(
        """INSERT INTO reservations (network_id, address, pool_id, owner_kind, owner_name)
           SELECT network_id, '10.2.0.9'::inet + 3 * i, id, 'static', 'device ' || i
             FROM pools, generate_series(1, 1000) AS i WHERE cidr = '10.2.0.0/16'"""
    )
    assert dba.execute("SELECT * FROM integrity_problems").fetchall() == []
    dba.execute("UPDATE reservations SET address = address + 1 WHERE owner_kind = 'static'")
    assert dba.execute("SELECT * FROM integrity_problems").fetchall() == []
    dba.execute("DELETE FROM reservations")
    assert dba.execute("SELECT count(*) FROM tenures").fetchone() == (2002,)
    assert dba.execute("SELECT sum(upper_inf(during)::integer) FROM tenures").fetchone() == (0,)


def test_neighbors_that_one_statement_releases_return_as_one_run(
    pods: Pods, dba: psycopg.Connection[TupleRow]
) -> None:
    pods.add("other", subnet("10.2.0.0/16"))
    dba.execute(
        """INSERT INTO reservations (network_id, address, pool_id, owner_kind, owner_name)
           SELECT network_id, '10.2.0.9'::inet + i, id, 'static', 'device ' || i
             FROM pools, generate_series(1, 1000) AS i WHERE cidr = '10.2.0.0/16'"""
    )
    dba.execute(
        """INSERT INTO exclusions (network_id, first, last)
           SELECT network_id, '10.2.0.200', '10.2.0.201' FROM pools WHERE cidr = '10.2.0.0/16'"""
    )
    with dba.transaction():
        dba.execute("DELETE FROM reservations WHERE owner_kind = 'static'")
        [(written,)] = dba.execute(
            """SELECT n_tup_ins + n_tup_upd + n_tup_del FROM pg_stat_xact_user_tables
                WHERE relid = 'rowhouse.free_ranges'::regclass"""
        )
    assert written < 10
    assert dba.execute("SELECT * FROM integrity_problems").fetchall() == []
    assert pods.add("web-1", subnet("10.2.0.0/16", requested="10.2.0.50"))


def test_a_change_that_is_rolled_back_leaves_no_trace(
    pods: Pods, dba: psycopg.Connection[TupleRow]
) -> None:
    with dba.transaction(force_rollback=True):
        dba.execute("DELETE FROM reservations")
        dba.execute(RESERVE, ("10.0.0.1", "printer"))
    assert pods.add("web-0", SUBNET) == "10.0.0.1"
    assert dba.execute(AUDIT).fetchall() == []


def test_what_is_typed_after_a_call_of_a_function_is_still_typed(
    dba: psycopg.Connection[TupleRow],
) -> None:
    """A function names its use case for as long as it runs, not to the end of the transaction."""
    with dba.transaction():
        dba.execute("SELECT * FROM detach_many_v1('{}', '{nobody}', '{net1}', '{NULL}', 'DEL')")
        dba.execute(RESERVE, ("10.0.0.2", "printer"))
    with dba.transaction():
        dba.execute("SELECT * FROM detach_many_v1('{prod-a}', '{web-0}', '{net1}', '{NULL}', 'GC')")
        dba.execute("DELETE FROM reservations")
    ended = {name: reason for _, name, _, reason, *_ in dba.execute(TENURES)}
    assert ended == {"web-0": "GC", "printer": "SQL"}
    assert [action for _, action, *_ in dba.execute(AUDIT)] == [
        "reservation.create", "reservation.delete",
    ]  # fmt: skip


def test_an_essential_table_cannot_be_truncated(
    dba: psycopg.Connection[TupleRow],
) -> None:
    for table in (
        "attachments", "free_ranges", "tenures", "audit_log", "exclusions", "quotas", "node_slices",
        "imported_unnamed",
    ):  # fmt: skip
        with pytest.raises(errors.FeatureNotSupported, match="would lose history and free space"):
            dba.execute(f"TRUNCATE {table}")
    for table in ("reservations", "pools", "networks", "tokens"):
        with pytest.raises(errors.FeatureNotSupported, match="would lose history and free space"):
            dba.execute(f"TRUNCATE {table} CASCADE")


def test_two_owners_of_an_address_at_once_are_refused_by_the_history_itself(
    dba: psycopg.Connection[TupleRow],
) -> None:
    copy = """INSERT INTO tenures (network_id, address, pool_id, during, owner_kind, owner_cluster, owner_namespace,
                                   owner_name, owner_interface, node, container_id, started_by, start_reason)
              SELECT network_id, address, pool_id, {}, owner_kind, owner_cluster, owner_namespace,
                     'other', owner_interface, node, container_id, started_by, start_reason FROM tenures"""
    for span in ("during", "tstzrange(now() - interval '1 day', now() + interval '1 day')"):
        with pytest.raises(errors.ExclusionViolation) as caught:
            dba.execute(copy.format(span))
        assert caught.value.diag.constraint_name == "tenures_one_owner_at_a_time_ipv4"
    dba.execute(copy.format("tstzrange(lower(during) - interval '1 day', lower(during))"))


@pytest.mark.parametrize(
    ("address", "neighbor", "family"),
    [
        ("10.0.0.77", "10.0.0.78", "ipv4"),
        ("255.255.255.254", "255.255.255.255", "ipv4"),
        ("fd00::77", "fd01::77", "ipv6"),  # the last 62 bits are the same
        ("ffff:ffff:ffff:ffff::", "3fff:ffff:ffff:ffff::", "ipv6"),
    ],
)
def test_one_owner_at_a_time_holds_for_each_address_of_each_network_alone(
    dba: psycopg.Connection[TupleRow], address: str, neighbor: str, family: str
) -> None:
    insert = """INSERT INTO tenures (network_id, address, pool_id, during, owner_kind, owner_cluster, owner_namespace,
                                     owner_name, owner_interface, node, container_id, started_by, start_reason)
                VALUES (%s, %s, 1, %s, 'pod', '', 'ns', 'p', 'i', 'n', 'c', 'a', 'r')"""
    for network in (7, 8, 2**31 - 2):
        dba.execute(insert, (network, address, "[2020-01-01,2020-01-03)"))
        dba.execute(insert, (network, neighbor, "[2020-01-01,2020-01-03)"))
        dba.execute(insert, (network, address, "[2020-01-03,2020-01-04)"))
        with pytest.raises(errors.ExclusionViolation) as caught:
            dba.execute(insert, (network, address, "[2020-01-02,2020-01-03)"))
        assert caught.value.diag.constraint_name == f"tenures_one_owner_at_a_time_{family}"
    held = dba.execute(
        "SELECT network_id FROM who_had(%s, '2020-01-02') ORDER BY 1", (address,)
    ).fetchall()
    assert held == [(7,), (8,), (2**31 - 2,)]


IMPOSSIBLE = (
    ("10.0.0.9", "10.0.0.9", "free_ranges_never_overlap"),
    ("10.0.0.254", "10.0.1.9", "free_ranges_never_overlap"),
    ("9.255.255.9", "10.0.0.3", "free_ranges_never_overlap"),
    ("9.0.0.0", "11.0.0.0", "free_ranges_never_overlap"),
    ("10.0.0.1", "10.0.0.1", "free_ranges_hold_no_reservation"),
    ("10.0.1.9", "10.0.1.8", None),
    ("10.0.1.9", "fd00::", None),
)


def test_impossible_free_space_is_refused(dba: psycopg.Connection[TupleRow]) -> None:
    add = """INSERT INTO free_ranges (network_id, quarantined, first, last, free_from)
             SELECT network_id, %s, %s, %s, now() FROM pools"""
    for first, last, constraint in IMPOSSIBLE:
        for quarantined in (False, True):
            with pytest.raises(errors.IntegrityError) as caught:
                dba.execute(add, (quarantined, first, last))
            assert caught.value.diag.constraint_name == constraint, (first, last)


def test_a_quarantined_run_is_no_place_for_a_free_one(
    pods: Pods, dba: psycopg.Connection[TupleRow]
) -> None:
    dba.execute("UPDATE pools SET reuse_delay = '1 hour'")
    pods.delete("web-0")
    add = """INSERT INTO free_ranges (network_id, first, last, free_from)
             SELECT network_id, '10.0.0.1', '10.0.0.1', now() FROM pools"""
    with pytest.raises(errors.IntegrityError, match="overlaps another"):
        dba.execute(add)


def test_history_that_is_rewritten_by_hand_is_in_the_audit(
    pods: Pods, dba: psycopg.Connection[TupleRow]
) -> None:
    pods.delete("web-0")
    dba.execute("UPDATE tenures SET owner_name = 'framed', node = 'elsewhere'")
    dba.execute("DELETE FROM tenures WHERE owner_name = 'framed'")
    rewritten = """SELECT action, object, before->>'owner_name', after->>'owner_name', database_user
                     FROM audit_log WHERE action LIKE 'tenure%' ORDER BY id"""
    assert dba.execute(rewritten).fetchall() == [
        ("tenure.update", "10.0.0.1", "web-0", "framed", "postgres"),
        ("tenure.delete", "10.0.0.1", "framed", None, "postgres"),
    ]


def test_only_pruning_removes_lines_of_the_audit_log_even_for_a_superuser(
    pods: Pods, dba: psycopg.Connection[TupleRow]
) -> None:
    dba.execute("DELETE FROM reservations")
    before = dba.execute("SELECT * FROM audit_log").fetchall()
    for statement in (
        "UPDATE audit_log SET actor = 'nobody'",
        "DELETE FROM audit_log",
        "DELETE FROM audit_log WHERE false",
        "SELECT set_config('rowhouse.command', 'PRUNE', false); DELETE FROM audit_log",
        "DO $$ BEGIN DELETE FROM rowhouse.audit_log; END $$",
        "TRUNCATE audit_log",
    ):
        with pytest.raises(errors.FeatureNotSupported):
            dba.execute(statement)
    assert dba.execute("SELECT * FROM audit_log").fetchall() == before
    dba.execute("SET rowhouse.command = ''")
    [(removed, _)] = dba.execute("SELECT * FROM prune_audit_v1('infinity', 0, 1000)")
    assert removed == len(before)
    assert pods.add("web-1", SUBNET) == "10.0.0.1"
