"""Changes are noted without a cost to those who make them, and none is missed."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from fixtures import databases, migrations
from fixtures.pods import Pods, subnet
from rowhouse.domain.errors import NotReady, TryAgain
from rowhouse.store.cluster.mirror import MirrorStore
from rowhouse.store.connection import schema

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import psycopg
    from psycopg.rows import TupleRow

    from fixtures.databases import Database
    from k8s.mirror.conftest import Mirroring

    Session = psycopg.Connection[TupleRow]

POOL = subnet("10.0.0.0/24")
OTHER = subnet("10.1.0.0/24")


@pytest.fixture
def store_of_mirror(database: Database) -> Iterator[MirrorStore]:
    with MirrorStore(database.url, "") as store:
        assert store.is_ours()
        store.turn_on("kube-system")
        store.changes()
        yield store


def marks(dba: Session) -> int:
    row = dba.execute("SELECT count(*) FROM mirror_changes").fetchone()
    return int(row[0]) if row else 0


def test_without_a_mirror_an_allocation_fires_no_mirror_trigger(
    database: Database, pods: Pods, dba: Session
) -> None:
    enabled = """SELECT count(*) FROM pg_trigger WHERE tgrelid = 'reservations'::regclass
                    AND tgname LIKE 'reservations_mirror%' AND tgenabled <> 'D'"""
    assert dba.execute(enabled).fetchone() == (0,)
    with MirrorStore(database.url, "") as first, MirrorStore(database.url, "b") as second:
        first.turn_on("kube-system")
        second.turn_on("kube-system")
        assert dba.execute(enabled).fetchone() == (3,)
        pods.add("web-0", POOL)
        assert marks(dba) == 2
        assert first.turn_off()
        assert dba.execute(enabled).fetchone() == (3,)
        assert second.turn_off()
        assert not second.turn_off()
    assert dba.execute(enabled).fetchone() == (0,)
    pods.add("web-1", POOL)
    assert marks(dba) == 0


def test_a_pool_is_marked_once_however_many_allocations(
    store_of_mirror: MirrorStore, pods: Pods, dba: Session
) -> None:
    for i in range(10):
        pods.add(f"web-{i}", POOL)
    pods.delete("web-3")
    pods.add("web-4", POOL, container="new")  # an UPDATE
    assert marks(dba) == 1
    assert len(store_of_mirror.changes().pools) == 1
    assert store_of_mirror.changes().pools == set()
    pods.delete("web-5")
    assert len(store_of_mirror.changes().pools) == 1


def test_a_dbas_own_statement_is_noted(
    store_of_mirror: MirrorStore, pods: Pods, dba: Session
) -> None:
    pods.add("web-0", POOL)
    store_of_mirror.changes()
    dba.execute("SET rowhouse.force = 'on'")
    for statement in (
        "UPDATE reservations SET owner_name = 'renamed'",
        "DELETE FROM reservations",
        "DELETE FROM pools",
    ):
        dba.execute(statement)
        assert len(store_of_mirror.changes().pools) == 1, statement


def test_a_transaction_that_commits_late_is_not_missed(
    mirroring: Mirroring, pods: Pods, database: Database
) -> None:
    """It relies on another's mark, which is gone when it commits."""
    pods.add("early", POOL)
    with databases.session(database) as late:
        late.execute("BEGIN")
        late.execute("DELETE FROM reservations WHERE owner_name = 'early'")
        mirroring.round()
        assert mirroring.holders("10.0.0.0-24") == {"1": "default/early"}
        for _ in range(3):
            mirroring.round()
        late.execute("COMMIT")
    mirroring.until(lambda: mirroring.pools() == {"10.0.0.0-24": {}})


def test_an_old_snapshot_does_not_hide_that_a_mark_is_gone(
    mirroring: Mirroring, pods: Pods, database: Database
) -> None:
    pods.add("web-0", POOL)
    with databases.session(database) as old:
        old.execute("BEGIN ISOLATION LEVEL REPEATABLE READ")
        old.execute("SELECT * FROM pools")
        mirroring.round()  # the mark that `old` sees goes, while it has written nothing
        old.execute("DELETE FROM reservations")
        old.execute("COMMIT")
    mirroring.until(lambda: mirroring.pools() == {"10.0.0.0-24": {}})


def test_no_allocation_waits_for_another_ones_mark(
    store_of_mirror: MirrorStore, pods: Pods, database: Database
) -> None:
    """There is no row that all allocations of a pool would want."""
    pods.add("web-0", POOL)
    pods.add("web-1", POOL)
    store_of_mirror.changes()
    with databases.session(database) as first:
        first.execute("BEGIN")
        first.execute("DELETE FROM reservations WHERE owner_name = 'web-0'")
        pods.delete("web-1")  # would time out
        assert len(store_of_mirror.changes().pools) == 1
        first.execute("COMMIT")
    assert len(store_of_mirror.changes().pools) == 1


def test_the_mirror_is_woken_and_only_when_it_may_be_asleep(
    store_of_mirror: MirrorStore, pods: Pods
) -> None:
    assert not store_of_mirror.was_woken(0.01)
    pods.add("web-0", POOL)
    assert store_of_mirror.was_woken(10)
    pods.add("web-1", OTHER)  # a mark, but no second call
    assert not store_of_mirror.was_woken(0.05)
    assert len(store_of_mirror.changes().pools) == 2
    pods.add("web-2", POOL)
    assert store_of_mirror.was_woken(10)


def test_of_transactions_that_meet_one_calls(
    store_of_mirror: MirrorStore, pods: Pods, database: Database
) -> None:
    """Those that send a NOTIFY commit one after another: sixteen would wait for sixteen disks."""
    pods.add("web-0", POOL)
    pods.add("web-1", OTHER)
    store_of_mirror.changes()
    while store_of_mirror.was_woken(0.01):
        pass
    with databases.session(database) as first, databases.session(database) as second:
        for number, session in enumerate((first, second)):
            session.execute("BEGIN")
            session.execute("DELETE FROM reservations WHERE owner_name = %s", (f"web-{number}",))
        second.execute("COMMIT")
        assert not store_of_mirror.was_woken(0.05)
        first.execute("COMMIT")
        assert store_of_mirror.was_woken(10)
        assert len(store_of_mirror.changes().pools) == 2


def test_turning_it_on_never_waits_long(database: Database, pods: Pods, dba: Session) -> None:
    """Every allocation queues behind a session that waits for the lock."""
    pods.add("web-0", POOL)
    with (
        databases.session(database) as writer,
        MirrorStore(database.url, "") as store,
    ):
        writer.execute("BEGIN")
        writer.execute("UPDATE reservations SET description = 'slow'")
        with pytest.raises(TryAgain):
            store.turn_on("kube-system")
        [(settings,)] = dba.execute(
            "SELECT proconfig::text FROM pg_proc WHERE proname = 'mirror_on_v1'"
        ).fetchall()
        assert "lock_timeout=250ms" in settings
        pods.add("web-1", POOL)
        writer.execute("COMMIT")
        store.turn_on("kube-system")
        pods.add("web-2", POOL)
        assert marks(dba) == 1


def test_each_cluster_has_its_own_marks(database: Database, pods: Pods) -> None:
    with MirrorStore(database.url, "a") as one, MirrorStore(database.url, "b") as two:
        one.turn_on("kube-system")
        two.turn_on("kube-system")
        pods.add("web-0", POOL)
        assert one.changes().pools == two.changes().pools != set()


def test_only_one_mirrors_a_cluster(database: Database) -> None:
    with MirrorStore(database.url, "a") as one:
        assert one.is_ours()
        with MirrorStore(database.url, "a") as two, MirrorStore(database.url, "b") as other:
            assert not two.is_ours()
            assert other.is_ours()
    with MirrorStore(database.url, "a") as next_one:
        deadline = time.monotonic() + 240
        while not next_one.is_ours():  # its backend may need a moment to see that it is alone
            assert time.monotonic() < deadline


def test_the_servers_role_is_enough(database: Database, pods: Pods, dba: Session) -> None:
    dba.execute(f"CREATE ROLE mirror_{database.name} LOGIN IN ROLE rowhouse_server")
    url = database.url.replace("//postgres@", f"//mirror_{database.name}@")
    with MirrorStore(url, "") as store:
        assert store.is_ours()
        store.turn_on("kube-system")
        pods.add("web-0", POOL)
        [pool] = store.changes().pools
        assert store.writers() == frozenset()
        assert [one.id for one in store.pools()] == [pool]
        assert store.slices() == []
        assert [one.address for one in store.addresses(pool)] == ["10.0.0.1"]
        assert store.unknown("", [("10.0.0.1", "default/web-0")]) == []
        assert store.unknown("", [("10.0.0.1", "default/web-1")]) != []
        store.report({"problem_count": 0})
        [registered] = store.registered()
        assert registered.report == {"problem_count": 0}
        store.ask_for_everything()
        assert store.changes().everything
        assert store.turn_off()
    dba.execute(f"DROP ROLE mirror_{database.name}")


def test_the_code_of_the_revision_before_works_on_this_schema(
    database: Database,
    store_of_mirror: MirrorStore,
    pods: Pods,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The schema is upgraded first; the server that is there finds itself served."""
    with migrations.used(migrations.with_a_later_revision(tmp_path)):
        schema.upgrade(database.url)
    schema.check(database.url)
    assert pods.add("web-0", POOL) == "10.0.0.1"
    assert len(pods.delete("web-0")) == 1
    assert len(store_of_mirror.changes().pools) == 1
    monkeypatch.setattr(schema, "head", lambda: "r9999")  # newer than the schema
    with pytest.raises(NotReady, match="this code needs r9999"):
        schema.check(database.url)
