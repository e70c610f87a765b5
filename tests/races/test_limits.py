"""Quotas and exclusions hold while pods come and go."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from fixtures import databases
from fixtures.crowds import answers, at_once
from fixtures.pods import subnet
from rowhouse.domain.errors import QuotaExceeded, RowhouseError

if TYPE_CHECKING:
    from collections.abc import Callable

    import psycopg
    from psycopg.rows import TupleRow

    from fixtures.databases import Database
    from fixtures.pods import Pods

SUBNET = subnet("10.0.0.0/24")


def test_of_20_pods_as_many_get_an_address_as_the_quota_allows(
    crowd: Pods, dba: psycopg.Connection[TupleRow]
) -> None:
    dba.execute("INSERT INTO quotas (namespace, addresses) VALUES ('default', 7)")
    outcome = at_once(partial(crowd.add, f"pod-{i}", SUBNET) for i in range(20))
    assert [type(one) for one in outcome].count(QuotaExceeded) == 13
    assert len({one for one in outcome if isinstance(one, str)}) == 7


def test_an_address_excluded_meanwhile_is_not_assigned(
    crowd: Pods, dba: psycopg.Connection[TupleRow], database: Database
) -> None:
    """Exclusions come and go; who holds such an address keeps it, and nothing is lost or given twice."""
    crowd.add("first", SUBNET)

    def come_and_go(worker: int) -> None:
        for i in range(15):
            try:
                crowd.add(f"pod-{worker}-{i}", subnet("10.0.0.0/24", ("10.0.0.1", "10.0.0.20")))
            except RowhouseError:
                continue
            crowd.delete(f"pod-{worker}-{i}")

    def exclude() -> None:
        with databases.session(database) as session:
            session.execute("SET rowhouse.force = 'on'")
            for _ in range(10):
                session.execute(
                    """INSERT INTO exclusions (network_id, first, last, reason)
                       SELECT id, '10.0.0.3', '10.0.0.12', 'test' FROM networks"""
                )
                inside = "SELECT count(*) FROM free_ranges WHERE last >= '10.0.0.3' AND first <= '10.0.0.12'"
                assert session.execute(inside).fetchone() == (0,)
                session.execute("DELETE FROM exclusions")

    work: list[Callable[[], object]] = [partial(come_and_go, i) for i in range(8)]
    answers(at_once([*work, exclude]))
    dba.execute("DELETE FROM reservations")
    row = dba.execute(
        "SELECT sum(host(last)::inet - host(first)::inet + 1), min(first), max(last) FROM free_ranges"
    ).fetchone()
    assert row
    assert row[0] == 256


def test_a_quota_made_under_way_counts_from_the_moment_it_is_made(
    crowd: Pods, dba: psycopg.Connection[TupleRow], database: Database
) -> None:
    """Pools of several networks come with the calls, so some are made while the quota is."""

    def add_all(worker: int) -> None:
        for i in range(12):
            try:
                crowd.add(
                    f"pod-{worker}-{i}", subnet(f"10.{worker}.{i % 4}.0/24", network=f"n{worker}")
                )
            except QuotaExceeded:
                return

    def limit() -> int:
        with databases.session(database) as session, session.transaction():
            session.execute("INSERT INTO quotas (namespace, addresses) VALUES ('default', 30)")
            [(held,)] = session.execute("SELECT count(*) FROM reservations")
            return int(held)

    work: list[Callable[[], int | None]] = [*(partial(add_all, i) for i in range(8)), limit]
    held = answers(at_once(work))[-1]
    assert held is not None
    [(after,)] = dba.execute("SELECT count(*) FROM reservations")
    assert after == max(held, 30)


def test_no_pool_is_plain_whichever_of_quota_hold_and_pool_comes_first(
    crowd: Pods, dba: psycopg.Connection[TupleRow], database: Database
) -> None:
    def make(statement: str) -> None:
        with databases.session(database) as session:
            session.execute(statement)

    for number in range(6):
        pools = [
            partial(crowd.add, f"pod-{number}-{i}", subnet(f"10.{number}.{i}.0/24"))
            for i in range(6)
        ]
        checks = (
            "INSERT INTO quotas (namespace, addresses) VALUES ('other', 5)",
            "INSERT INTO assignment_hold (reason, actor) VALUES ('restore', 'me')",
        )
        work: list[Callable[[], object]] = [*pools, *(partial(make, check) for check in checks)]
        for done in at_once(work):
            # (A pool that comes after the hold is held.)
            assert not isinstance(done, Exception) or isinstance(done, RowhouseError), done
        assert dba.execute("SELECT * FROM plain_pools").fetchall() == []
        dba.execute("DELETE FROM quotas")
        dba.execute("DELETE FROM assignment_hold")
        [(missing,)] = dba.execute(
            "SELECT count(*) FROM pools WHERE id NOT IN (SELECT pool_id FROM plain_pools)"
        )
        assert missing == 0
