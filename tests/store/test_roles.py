"""What each role may do, and above all what it may not."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import pytest
from psycopg import errors

from fixtures import databases
from fixtures.databases import Database
from fixtures.pods import Pods, subnet
from fixtures.whereabouts import entry, inventory_of, ip_pool
from rowhouse.domain.administration import Actor, Holder, ReservationPlan
from rowhouse.domain.errors import NotReady
from rowhouse.domain.requests import Owner, PodIdentity
from rowhouse.ipam.adoption import adopt_sandbox
from rowhouse.ipam.garbage import collect_garbage
from rowhouse.ipam.importing import Import
from rowhouse.ipam.readiness import readiness
from rowhouse.store.allocation import allocator, reservations

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import psycopg
    from psycopg.rows import TupleRow

    Session = psycopg.Connection[TupleRow]

SUBNET = subnet("10.0.0.0/24")
NUMBERS = itertools.count()
TABLES = (
    "networks",
    "pools",
    "free_ranges",
    "tenures",
    "reservations",
    "attachments",
    "node_slices",
    "audit_log",
)
VIEWS = (
    "current_reservations",
    "address_history",
    "pool_usage",
    "stale_reservations",
    "integrity_problems",
)


@pytest.fixture
def user_of(database: Database, dba: Session) -> Iterator[Callable[[str], Database]]:
    """Makes a user who is in one role (or in none), and tells how they log in."""
    made: list[str] = []

    def make(role: str) -> Database:
        name = f"user_{database.name}_{next(NUMBERS)}"
        dba.execute(f"CREATE ROLE {name} LOGIN" + (f" IN ROLE {role}" if role else ""))
        made.append(name)
        return Database(
            database.name,
            database.url.replace("//postgres@", f"//{name}@"),
            database.conninfo.replace("//postgres@", f"//{name}@"),
        )

    yield make
    for name in made:
        dba.execute(f"DROP ROLE {name}")


def test_the_server_can_do_its_work(user_of: Callable[[str], Database], dba: Session) -> None:
    user = user_of("rowhouse_server")
    login = user.url.split("//")[1].split("@")[0]
    with databases.store(user) as store:
        pods = Pods(store)
        wanted = (SUBNET, subnet("fd00::/64", slice_size=120), subnet("10.1.0.0/24", isolated=True))
        given = pods.add_all("web-0", *wanted, sticky=True, ttl=60)
        assert [one.created for one in given] == [True] * 3
        assert len(allocator.reserved(store, pods.sandbox("web-0"))) == 3
        readiness(store, [SUBNET])
        pods.add("web-1", SUBNET)
        assert collect_garbage(store, "prod-a", "node1", "storage", {("web-0", "net1")}) == 1
        assert len(pods.delete("web-0")) == 3
        known = inventory_of(ip_pool("10.0.0.0/24", {"9": entry("shop/db", interface=None)}))
        work = Import(store, Actor(name=login), "prod-a", known, release_gone=True)
        assert [one.outcome for one in work.findings()] == ["there", "new"]
        work.record("a test", {})
        assert adopt_sandbox(store, pods.sandbox("db"), PodIdentity(), None, only_node=None)
    with databases.session(user) as session:
        session.execute("INSERT INTO networks (name) VALUES ('more')")
        session.execute(
            """INSERT INTO pools (network_id, network_name, cidr, name, reuse_delay)
               SELECT id, name, '10.0.0.0/24', 'more', '1 hour' FROM networks WHERE name = 'more'"""
        )
        session.execute("UPDATE pools SET gateway = '10.0.0.1' WHERE name = 'more'")
        session.execute("DELETE FROM pools WHERE name = 'more'")
        session.execute("DELETE FROM networks WHERE name = 'more'")
        for table in TABLES + VIEWS:
            session.execute(f"SELECT * FROM {table}")
        session.execute("SELECT * FROM who_had('10.0.0.1'), held_by('default', 'web-0')")
    assert dba.execute("SELECT DISTINCT started_by FROM tenures").fetchall() == [(login,)]
    assert dba.execute("SELECT * FROM integrity_problems").fetchall() == []


FORBIDDEN = (
    *(f"DELETE FROM {table}" for table in ("tenures", "audit_log", "free_ranges", "reservations", "attachments")),
    *(f"TRUNCATE {table}" for table in TABLES),
    "UPDATE tenures SET owner_name = 'somebody else'",
    "UPDATE audit_log SET actor = 'somebody else'",
    "UPDATE reservations SET owner_name = 'somebody else'",
    "UPDATE free_ranges SET last = last",
    "INSERT INTO audit_log (actor, action, object) VALUES ('a', 'b', 'c')",
    """INSERT INTO tenures (network_id, address, pool_id, during, owner_kind, owner_cluster, owner_namespace,
                            owner_name, owner_interface, node, container_id, started_by, start_reason)
       VALUES (1, '10.0.0.9', 1, '[2020-01-01,2020-01-02)', 'pod', '', 'shop', 'framed', 'net1', '', '', '', '')""",
    "UPDATE tenures SET during = '[2020-01-01,2020-01-02)'",
    "INSERT INTO reservations (network_id, address, pool_id, owner_name) VALUES (1, '10.0.0.9', 1, 'mine')",
    """INSERT INTO attachments (cluster, container_id, interface, network_id, address, node)
       VALUES ('', 'c', 'i', 1, '10.0.0.1', '')""",
    "SELECT * FROM prune_v1('infinity', 0, 1000)",
    "SELECT * FROM prune_audit_v1('infinity', 0, 1000)",
    "SELECT record_v1('somebody else', '', 'pool.delete', '10.0.0.0/24', NULL, NULL)",
    "SELECT setval('tenures_id_seq', 1)",
    "ALTER TABLE tenures DROP CONSTRAINT tenures_one_owner_at_a_time_ipv4",
    "ALTER TABLE tenures DROP CONSTRAINT tenures_one_owner_at_a_time_ipv6",
    "ALTER TABLE audit_log DISABLE TRIGGER audit_log_append_only",
    "CREATE TRIGGER mine BEFORE INSERT ON reservations EXECUTE FUNCTION refuse_truncate()",
    "CREATE RULE mine AS ON DELETE TO pools DO INSTEAD NOTHING",
    "DROP TRIGGER reservations_delete ON reservations",
    "SET ROLE rowhouse_owner",
    "SET SESSION AUTHORIZATION postgres",
    "GRANT rowhouse_owner TO CURRENT_USER",
    "COPY tenures FROM PROGRAM 'true'",
    "COPY audit_log TO '/tmp/never-written'",
    "SELECT pg_read_file('postgresql.conf')",
    "INSERT INTO free_ranges (network_id, first, last, free_from) VALUES (1, '10.9.0.0', '10.9.0.9', now())",
    "SELECT free_run(1, '10.9.0.0', '10.9.0.9', now())",
    "SELECT take_run(1, '10.0.0.9', '10.0.0.9')",
    "SELECT withdraw_run(1, '10.0.0.0', '10.0.0.9')",
    "SELECT record_change('a', 'b', NULL, NULL)",
    "SELECT nextval('tenures_id_seq')",
    "CREATE TABLE rowhouse.mine ()",
    "CREATE FUNCTION rowhouse.mine() RETURNS void LANGUAGE sql AS ''",
    "CREATE OR REPLACE FUNCTION current_actor() RETURNS text LANGUAGE sql AS 'SELECT NULL::text'",
    "ALTER TABLE pools ADD COLUMN mine text",
    "ALTER TABLE reservations DISABLE TRIGGER ALL",
    "DROP TABLE attachments",
    "DROP SCHEMA rowhouse CASCADE",
    "SET session_replication_role = replica",
    "UPDATE alembic_version SET version_num = '0'",
)  # fmt: skip


def test_the_server_cannot_pretend_that_a_reservation_is_accounted_for(
    user_of: Callable[[str], Database], dba: Session
) -> None:
    """The trigger leaves alone what has its tenure already, whatever a setting says."""
    user = user_of("rowhouse_server")
    dba.execute(f"ALTER DATABASE {user.name} SET rowhouse.command = 'ADD'")
    with databases.store(user) as store:
        pods = Pods(store)
        pods.add("alone", SUBNET)
        pods.add("wish", subnet("10.0.0.0/24", requested="10.0.0.200"))
        owners = [
            Owner(cluster="prod-a", namespace="default", name=name, interface="net1")
            for name in ("one", "two")
        ]
        calls = [
            allocator._Attach(owner, pods.sandbox(owner.name), [SUBNET], strict=False)
            for owner in owners
        ]
        allocator._attach_many(store, calls)
        holder = Holder(kind="static", name="by hand")
        plan = ReservationPlan(pool_id=1, holder=holder, count=2)
        reservations.reserve(store, plan, Actor(name="test"), idempotency_key=None)
    assert dba.execute("SELECT count(*) FROM reservations").fetchone() == (6,)
    assert dba.execute("SELECT * FROM integrity_problems").fetchall() == []


@pytest.mark.parametrize("role", ["rowhouse_server", "rowhouse_auditor", ""])
def test_no_role_can_rewrite_history_or_the_schema(
    user_of: Callable[[str], Database], pods: Pods, role: str
) -> None:
    pods.add("web-0", SUBNET)
    with databases.session(user_of(role)) as session:
        for statement in FORBIDDEN:
            # Without the right to the schema its names are not even found.
            denied = (errors.InsufficientPrivilege, errors.ProgrammingError)
            with pytest.raises(denied if not role else errors.InsufficientPrivilege):
                session.execute(statement)


def test_a_change_on_behalf_of_a_caller_also_has_the_servers_name(
    user_of: Callable[[str], Database], pods: Pods, dba: Session
) -> None:
    pods.add("web-0", SUBNET)
    user = user_of("rowhouse_server")
    with databases.session(user) as session:
        session.execute("SET rowhouse.actor = 'ada'")
        session.execute("SET rowhouse.command = 'ADD'")
        session.execute("UPDATE pools SET drained = true")
    [(actor, database_user)] = dba.execute(
        "SELECT actor, database_user FROM audit_log WHERE action = 'pool.update'"
    )
    assert (actor, database_user) == ("ada", user.url.split("//")[1].split("@")[0])


def test_the_auditor_reads_the_views_and_nothing_else(
    user_of: Callable[[str], Database], pods: Pods
) -> None:
    pods.add("web-0", SUBNET)
    with databases.session(user_of("rowhouse_auditor")) as session:
        for view in (*VIEWS, "audit_log", "audit_changes"):
            session.execute(f"SELECT * FROM {view}")
        assert session.execute("SELECT name FROM who_had('10.0.0.1')").fetchall() == [("web-0",)]
        assert session.execute("SELECT count(*) FROM held_by('default', 'web-0')").fetchone() == (
            1,
        )
        assert session.execute("SELECT reserved FROM pool_usage").fetchone() == (1,)
        explained = session.execute("SELECT explain_address('', '10.0.0.1')->>'state'")
        assert explained.fetchone() == ("in use",)
        assert session.execute("SELECT why_withheld(1, '10.0.0.1')").fetchone() == (None,)
        filled = session.execute(
            "SELECT count(*) FROM pool_fill(1, now() - interval '1h', now(), 2)"
        )
        assert filled.fetchone() == (3,)
        for table in ("networks", "pools", "free_ranges", "quotas"):
            session.execute(f"SELECT * FROM {table}")
        hidden = {*TABLES} - {"networks", "pools", "free_ranges", "audit_log"}
        for table in (*hidden, "tokens", "sessions", "idempotency_keys", "alembic_version"):
            with pytest.raises(errors.InsufficientPrivilege):
                session.execute(f"SELECT * FROM {table}")
        for call in (
            "detach_many_v1('{prod-a}', '{web-0}', '{net1}', '{NULL}', 'DEL')",
            "ensure_pool('', '10.9.0.0/24', false)",
        ):
            with pytest.raises(errors.InsufficientPrivilege):
                session.execute(f"SELECT * FROM {call}")


def test_who_is_in_no_role_gets_a_clear_answer(user_of: Callable[[str], Database]) -> None:
    with (
        databases.store(user_of("")) as store,
        pytest.raises(NotReady, match="the database refuses") as caught,
    ):
        Pods(store).add("web-0", SUBNET)
    assert "rowhouse_server" in caught.value.hint


def test_a_function_with_the_owners_rights_looks_nowhere_but_in_its_schema(dba: Session) -> None:
    rows = dba.execute(
        """SELECT proname FROM pg_proc
            WHERE pronamespace = 'rowhouse'::regnamespace AND prosecdef
              AND NOT coalesce('search_path=rowhouse, pg_temp' = ANY(proconfig), false)"""
    )
    assert rows.fetchall() == []
    public = """SELECT p.proname FROM pg_proc p, aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) AS right_of
                 WHERE p.pronamespace = 'rowhouse'::regnamespace AND right_of.grantee = 0"""
    assert dba.execute(public).fetchall() == []
