"""The names of pools: a former name goes on working, and no two pools share one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from psycopg.errors import UniqueViolation

from fixtures.pods import subnet
from rowhouse.domain.errors import InvalidConfig
from rowhouse.domain.requests import RangeRequest
from rowhouse.store.connection.errors import Refusal

if TYPE_CHECKING:
    from psycopg.rows import TupleRow

    from fixtures.pods import Pods

    Dba = psycopg.Connection[TupleRow]

ALIAS = RangeRequest(network="", cidr="", segments=(), pool="old")
RENAME = "UPDATE pools SET name = 'new' WHERE name = 'old'"
LAST_USED = "SELECT last_used_at FROM pool_names WHERE name = 'old'"
LONG_AGO = (
    "UPDATE pool_names SET last_used_at = last_used_at - interval '1 hour' WHERE name = 'old'"
)


@pytest.fixture(autouse=True)
def pool(dba: Dba, pods: Pods) -> None:
    """A pool "old", which an ADD made."""
    pods.add("first", subnet("10.0.0.0/24"))
    dba.execute("UPDATE pools SET name = 'old'")


@pytest.fixture
def empty_pool(dba: Dba) -> int:
    """The ID of another pool, without a name."""
    made = dba.execute(
        "INSERT INTO pools (network_id, network_name, cidr)"
        " SELECT network_id, network_name, '10.9.0.0/24' FROM pools RETURNING id"
    ).fetchone()
    assert made
    return int(made[0])


def test_add_and_del_go_on_by_the_name_of_before(dba: Dba, pods: Pods) -> None:
    assert pods.add("before", ALIAS) == "10.0.0.2"
    dba.execute(RENAME)
    assert pods.add("before", ALIAS) == "10.0.0.2"
    assert pods.add("after", ALIAS) == "10.0.0.3"
    assert [one.address for one in pods.delete("before")] == ["10.0.0.2"]
    assert pods.add("next", RangeRequest(pool="new")) == "10.0.0.2"


def test_an_add_by_an_alias_notes_its_use_at_most_once_a_minute(dba: Dba, pods: Pods) -> None:
    dba.execute(RENAME)
    at_first = dba.execute(LAST_USED).fetchone()
    pods.add("soon", ALIAS)
    assert dba.execute(LAST_USED).fetchone() == at_first
    dba.execute(LONG_AGO)
    pods.add("by the current name", RangeRequest(pool="new"))
    aged = dba.execute(LAST_USED).fetchone()
    pods.add("later", ALIAS)
    noted = dba.execute(LAST_USED).fetchone()
    assert at_first and aged and noted  # noqa: PT018 - for the type checker
    assert aged < at_first < noted
    dba.execute("INSERT INTO pool_names (name, pool_id) SELECT 'spare', id FROM pools")
    pods.add("at once", RangeRequest(pool="spare"))
    assert dba.execute(
        "SELECT last_used_at IS NULL FROM pool_names WHERE name = 'spare'"
    ).fetchone() == (False,)


def test_an_alias_is_deleted_once_no_sandbox_runs_that_may_have_come_by_it(
    dba: Dba, pods: Pods
) -> None:
    dba.execute(RENAME)
    delete = "DELETE FROM pool_names WHERE name = 'old'"
    with pytest.raises(psycopg.Error, match=r'name "old" affects 1 address .*: 10.0.0.1'):
        dba.execute(delete)
    pods.delete("first")
    dba.execute(LONG_AGO)
    pods.add("came by the current name", RangeRequest(pool="new"))
    dba.execute(delete)
    with pytest.raises(InvalidConfig, match='there is no pool named "old"'):
        pods.add("too late", ALIAS)


def test_an_alias_in_use_is_deleted_by_force(dba: Dba) -> None:
    dba.execute(RENAME)
    with dba.transaction():
        dba.execute("SET LOCAL rowhouse.force = 'on'")
        dba.execute("DELETE FROM pool_names WHERE name = 'old'")
    assert dba.execute("SELECT name FROM pool_names").fetchall() == [("new",)]


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE pools SET name = 'old' WHERE name = 'other'",
        "UPDATE pools SET name = 'new' WHERE name = 'other'",
        "INSERT INTO pool_names (name, pool_id) SELECT 'old', id FROM pools WHERE name = 'other'",
        "UPDATE pool_names SET name = 'x' WHERE name = 'old'",
        "UPDATE pool_names SET pool_id = (SELECT id FROM pools WHERE name = 'other') WHERE name = 'old'",
        "UPDATE pool_names SET alias_since = NULL WHERE name = 'old'",
        "DELETE FROM pool_names WHERE name = 'new'",
    ],
)
def test_a_statement_by_hand_can_neither_share_nor_break_a_name(
    dba: Dba, pods: Pods, change: str
) -> None:
    dba.execute(RENAME)
    pods.add("elsewhere", subnet("10.0.1.0/24"))
    dba.execute("UPDATE pools SET name = 'other' WHERE cidr = '10.0.1.0/24'")
    names = "SELECT name, pool_id FROM pool_names ORDER BY name"
    before = dba.execute(names).fetchall()
    with pytest.raises(psycopg.Error) as refused, dba.transaction():
        dba.execute(change.encode())
    assert refused.value.sqlstate in (Refusal.IN_THE_WAY, UniqueViolation.sqlstate)
    assert dba.execute(names).fetchall() == before


def test_the_names_of_a_pool_go_with_it(dba: Dba, pods: Pods) -> None:
    dba.execute(RENAME)
    pods.delete("first")
    dba.execute("DELETE FROM pools")
    assert dba.execute("SELECT * FROM pool_names").fetchall() == []


def test_history_of_names_is_in_the_audit_log(dba: Dba) -> None:
    dba.execute(RENAME)
    dba.execute("UPDATE pools SET name = 'old'")
    found: list[Any] = dba.execute(
        "SELECT action, object, network FROM audit_log WHERE object_type = 'alias' ORDER BY id"
    ).fetchall()
    assert found == [
        ("alias.create", "old", ""),
        ("alias.create", "new", ""),
        ("alias.delete", "old", ""),
    ]


def test_two_names_that_differ_only_by_case_wait_for_each_other(dba: Dba, empty_pool: int) -> None:
    taken = "INSERT INTO pool_names (name, pool_id) SELECT %s, id FROM pools WHERE name = 'old'"
    with psycopg.connect(dba.info.dsn, options="-c search_path=rowhouse,public") as first:
        first.execute(taken, ["gold"])
        dba.execute("SET lock_timeout = '100ms'")
        with pytest.raises(psycopg.errors.LockNotAvailable):
            dba.execute("UPDATE pools SET name = 'Gold' WHERE id = %s", [empty_pool])
        dba.execute("RESET lock_timeout")
    for statement in (
        "UPDATE pools SET name = 'Gold' WHERE id = %s",
        "INSERT INTO pool_names (name, pool_id) VALUES ('GOLD', %s)",
    ):
        with pytest.raises(psycopg.Error, match='only by case from "gold", an alias of') as refused:
            dba.execute(statement, [empty_pool])
        assert refused.value.sqlstate == Refusal.IN_THE_WAY
    dba.execute("UPDATE pools SET name = 'Old' WHERE name = 'old'")


def test_names_from_before_the_rule_stay(dba: Dba, empty_pool: int) -> None:
    """A database may have names that differ only by case: its pools can still be changed."""
    dba.execute("SET session_replication_role = replica")  # no triggers
    dba.execute("INSERT INTO pool_names (name, pool_id) VALUES ('OLD', %s)", [empty_pool])
    dba.execute("RESET session_replication_role")
    changed = dba.execute(
        "SELECT change_pool_v1(id, version, name, NULL, NULL, NULL, '0', '{}', 'text', false, '{OLD}')"
        " FROM pools WHERE id = %s",
        [empty_pool],
    ).fetchall()
    assert changed == [(empty_pool,)]
