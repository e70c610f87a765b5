"""No change leaves a running sandbox behind unseen, by whichever way it is made."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

import psycopg
import pytest

from fixtures.pods import subnet
from rowhouse.store.connection.errors import Refusal

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fixtures.pods import Pods

Dba: TypeAlias = psycopg.Connection[tuple[Any, ...]]
RANGE = subnet("10.0.0.0/29")
CHANGES = {
    "exclude": """INSERT INTO exclusions (network_id, first, last)
                  SELECT network_id, '10.0.0.1', '10.0.0.3' FROM pools""",
    "window": "UPDATE pools SET window_first = '10.0.0.2'",
    "window's end": "UPDATE pools SET window_last = '10.0.0.1'",
    "gateway": "UPDATE pools SET gateway = '10.0.0.1'",
    "alias": "DELETE FROM pool_names WHERE name = 'bronze'",
    "owner": "UPDATE reservations SET owner_name = 'db-0' WHERE owner_name = 'web-0'",
    "address": "UPDATE reservations SET address = '10.0.0.6' WHERE owner_name = 'web-0'",
    "a pool's gateway": """INSERT INTO pools (network_id, network_name, cidr, gateway)
                           SELECT network_id, network_name, '10.0.0.0/28', '10.0.0.1' FROM pools""",
}


@pytest.fixture(autouse=True)
def running(pods: Pods, dba: Dba) -> Iterator[None]:
    """Two pods run, and whatever the test did, the database finds no problem."""
    assert [pods.add(pod, RANGE) for pod in ("web-0", "web-1")] == ["10.0.0.1", "10.0.0.2"]
    dba.execute("UPDATE pools SET name = 'bronze'")
    dba.execute("UPDATE pools SET name = 'gold'")
    yield
    assert dba.execute("SELECT * FROM integrity_problems").fetchall() == []


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_a_change_that_touches_a_running_sandbox_is_refused_unless_it_is_forced(
    dba: Dba, change: str
) -> None:
    with pytest.raises(psycopg.Error, match="that running sandboxes use: ") as refused:
        dba.execute(change.encode())
    assert refused.value.sqlstate == Refusal.IN_THE_WAY
    assert "default/web-" in str(refused.value)
    dba.execute("SET rowhouse.force = 'on'")
    dba.execute(change.encode())


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_what_touches_no_running_sandbox_needs_no_force(dba: Dba, change: str) -> None:
    dba.execute("DELETE FROM attachments")
    dba.execute(change.encode())


def test_the_refusal_counts_all_and_names_the_first(dba: Dba) -> None:
    with pytest.raises(psycopg.Error, match=r"affects 2 addresses .*: 10.0.0.1 \(default/web-0"):
        dba.execute(CHANGES["exclude"].encode())


def test_a_forced_change_of_owner_ends_the_attachments(dba: Dba, pods: Pods) -> None:
    dba.execute("SET rowhouse.force = 'on'")
    dba.execute(CHANGES["owner"].encode())
    assert pods.delete("web-0") == []
    [(owner, node)] = dba.execute(
        "SELECT owner_name, node FROM reservations WHERE address = '10.0.0.1'"
    ).fetchall()
    assert (owner, node) == ("db-0", "")
    dba.execute("DELETE FROM reservations WHERE owner_name = 'db-0'")


def test_an_address_that_is_moved_by_force_is_released_by_its_sandbox(dba: Dba, pods: Pods) -> None:
    dba.execute("SET rowhouse.force = 'on'")
    dba.execute(CHANGES["address"].encode())
    assert [one.address for one in pods.delete("web-0")] == ["10.0.0.6"]
