"""Questions with a time window find what reading the whole history would find."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from fixtures.pods import Pods, subnet

if TYPE_CHECKING:
    import psycopg
    from psycopg.rows import TupleRow

    from rowhouse.store.connection.database import Database as Store

    Session = psycopg.Connection[TupleRow]
    Moment = datetime | str | None

BEGIN = datetime(2020, 1, 1, tzinfo=UTC)
NODES = ("node1", "node2", "node3")
LENGTHS = (0.5, 1, 1.99, 2, 60, 3600, 86_400, 40 * 86_400, 4e8)
"""Seconds; the last one is twelve years."""
ADDRESSES = ("10.0.0.1", "10.0.0.15", "10.0.0.16", "10.0.1.0", "192.0.2.9", "255.255.255.255")
ADDRESSES_6 = ("fd00::1", "fd00::ffff", "fd00:0:0:1::1", "fd00::4000:0:0:1", "fd01::1")
PREFIXES = (
    "10.0.0.0/28",
    "10.0.0.15",
    "10.0.0.0/23",
    "0.0.0.0/0",
    "255.255.255.255",
    "172.16.0.0/12",
)
PREFIXES_6 = ("fd00::/112", "fd00::/66", "fd00::/65", "fd00::/64", "fd00::/48", "::/0", "fd00::1")
INSERT = """
INSERT INTO tenures (network_id, address, pool_id, during, owner_kind, owner_cluster, owner_namespace, owner_name,
                     owner_interface, node, container_id, started_by, start_reason)
VALUES (%s, %s, 1, tstzrange(%s, %s), 'pod', '', 'default', 'old', 'net1', %s, %s, 'test', 'SQL')
"""
# Reading the whole table: no index can be used for the concatenation.
ALL = "SELECT id FROM tenures WHERE during && tstzrange(%s, %s) AND "
ON_NODE = ALL + "node || '' = %s"
IN_PREFIX = ALL + "network(address) <<= %s::inet::cidr AND address::text <> ''"
OF_CONTAINER = "SELECT id FROM tenures WHERE container_id || '' = %s"


@pytest.fixture
def history(store: Store, dba: Session) -> Session:
    """A history with times of every length, some without a beginning, and pods that run."""
    chance = random.Random(7)
    pods = Pods(store)
    for number in range(12):
        node = NODES[number % 3]
        pods.add(f"web-{number}", subnet("10.0.7.0/28"), node=node, container=f"open-{number}")
    for network in (1, 2):
        for address in ADDRESSES + ADDRESSES_6:
            dba.execute(INSERT, (network, address, None, BEGIN, chance.choice(NODES), "first"))
            moment = BEGIN
            for _ in range(25):
                moment += timedelta(seconds=chance.choice((0, 1, 1000)))
                until = moment + timedelta(seconds=chance.choice(LENGTHS))
                container = f"container-{chance.randrange(40)}"
                row = (network, address, moment, until, chance.choice(NODES), container)
                dba.execute(INSERT, row)
                moment = until
            # Not open, though it has no end that a clock could show.
            dba.execute(
                INSERT, (network, address, moment, "infinity", chance.choice(NODES), "last")
            )
    return dba


def windows() -> list[tuple[Moment, Moment]]:
    """Times of every length, and without ends."""
    chance = random.Random(11)
    made: list[tuple[Moment, Moment]] = [
        (None, None),
        (None, BEGIN),
        (BEGIN, None),
        ("-infinity", "infinity"),
        (BEGIN, "9999-12-31Z"),
        (BEGIN, BEGIN),
    ]
    for _ in range(25):
        since = BEGIN + timedelta(seconds=chance.uniform(-1000, 1e9))
        made.append((since, since + timedelta(seconds=chance.choice(LENGTHS))))
    return made


def ids(session: Session, query: str, parameters: tuple[object, ...]) -> list[int]:
    return sorted(number for (number,) in session.execute(query.encode(), parameters).fetchall())


def test_what_ran_on_a_node_is_what_the_whole_history_says(history: Session) -> None:
    found = 0
    for since, until in windows():
        for node in (*NODES, "node9"):
            held = ids(history, "SELECT id FROM ran_on(%s, %s, %s)", (node, since, until))
            assert held == ids(history, ON_NODE, (since, until, node)), (node, since, until)
            found += len(held)
    assert found > 500


def test_what_was_in_a_prefix_is_what_the_whole_history_says(history: Session) -> None:
    found = 0
    for since, until in windows():
        for prefix in PREFIXES + PREFIXES_6:
            held = ids(history, "SELECT id FROM in_prefix(%s, %s, %s)", (prefix, since, until))
            assert held == ids(history, IN_PREFIX, (since, until, prefix)), (prefix, since, until)
            found += len(held)
    assert found > 1000


def test_everything_of_a_container_is_what_the_whole_history_says(history: Session) -> None:
    containers = [f"container-{number}" for number in range(40)] + ["first", "last", "none"]
    for container in (*containers, "open-3"):
        held = ids(history, "SELECT id FROM of_container(%s)", (container,))
        assert held == ids(history, OF_CONTAINER, (container,))
        assert len(held) > 0 or container == "none"


def test_a_container_is_found_in_each_cluster(store: Store, dba: Session) -> None:
    for cluster in ("", "a", "b"):
        Pods(store, cluster=cluster).add("web-0", subnet("10.0.7.0/28"), container="same")
    found = dba.execute("SELECT cluster FROM of_container('same') ORDER BY 1")
    assert found.fetchall() == [("",), ("a",), ("b",)]
    Pods(store, cluster="a").delete("same")
    found = dba.execute("SELECT cluster, held_until IS NULL FROM of_container('same') ORDER BY 1")
    assert found.fetchall() == [("", True), ("a", False), ("b", True)]
