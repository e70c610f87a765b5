"""A reuse delay keeps a released address from all owners but the previous one, whatever happens meanwhile."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import psycopg
import pytest

from fixtures.pods import Pods, subnet
from rowhouse.domain.errors import AddressOutsideRanges, AddressTaken, PoolExhausted
from rowhouse.store.connection.errors import Refusal

if TYPE_CHECKING:
    from collections.abc import Iterator

    from psycopg.rows import TupleRow

    from rowhouse.store.connection.database import Database as Store

    Session = psycopg.Connection[TupleRow]

TWO = subnet("10.0.0.0/24", ("10.0.0.1", "10.0.0.2"))
SUBNET = subnet("10.0.0.0/24")
EXCLUDE = """
INSERT INTO exclusions (network_id, first, last) SELECT network_id, '10.0.0.1', '10.0.0.9' FROM pools
"""


RESERVE = """
INSERT INTO reservations (network_id, address, pool_id, owner_kind, owner_name)
SELECT network_id, '10.0.0.1', id, 'static', 'switch' FROM pools
"""


@pytest.fixture(autouse=True)
def integrity(dba: Session, pods: Pods) -> Iterator[None]:
    """web-0 gave up 10.0.0.1 a moment ago; whatever a test does, the database finds no problem afterwards."""
    pods.add("web-0", SUBNET)
    dba.execute("UPDATE pools SET reuse_delay = '1 hour'")
    pods.delete("web-0")
    yield
    assert dba.execute("SELECT * FROM integrity_problems").fetchall() == []


def test_its_previous_owner_has_it_again_at_once(pods: Pods) -> None:
    assert pods.add("other", SUBNET) == "10.0.0.2"
    assert pods.add("web-0", SUBNET, container="new") == "10.0.0.1"


def test_its_previous_owner_may_ask_for_it(pods: Pods) -> None:
    wish = subnet("10.0.0.0/24", requested="10.0.0.1")
    with pytest.raises(AddressTaken, match="quarantine"):
        pods.add("other", wish)
    assert pods.add("web-0", wish) == "10.0.0.1"


def test_its_previous_owner_gets_it_by_no_range_that_does_not_hold_it(pods: Pods) -> None:
    with pytest.raises(AddressOutsideRanges):
        pods.add("web-0", subnet("10.0.0.0/24", ("10.0.0.7", "10.0.0.9"), requested="10.0.0.1"))


@pytest.mark.parametrize(
    "other", [{"interface": "net2"}, {"cluster": "prod-b"}], ids=["interface", "cluster"]
)
def test_an_owner_is_cluster_namespace_name_and_interface(
    store: Store, pods: Pods, other: dict[str, str]
) -> None:
    elsewhere = Pods(store, cluster=other.get("cluster", pods.cluster))
    [given] = elsewhere.add_all("web-0", SUBNET, interface=other.get("interface", "net1"))
    assert given.address == "10.0.0.2"


def test_a_person_takes_it_by_sql_but_no_gateway_without_force(dba: Session) -> None:
    dba.execute("UPDATE pools SET gateway = '10.0.0.1'")
    with pytest.raises(psycopg.Error, match="is not free: it is the gateway") as refused:
        dba.execute(RESERVE)
    assert refused.value.sqlstate == Refusal.ADDRESS_TAKEN
    dba.execute("SET rowhouse.force = 'on'")
    assert dba.execute(RESERVE).rowcount == 1
    dba.execute("DELETE FROM reservations")
    dba.execute("SET rowhouse.force = ''")
    dba.execute("UPDATE pools SET gateway = NULL")
    assert dba.execute(RESERVE).rowcount == 1


def test_exhaustion_by_quarantine_says_so_and_until_when(pods: Pods) -> None:
    pods.add("a", TWO)
    with pytest.raises(PoolExhausted) as refused:
        pods.add("b", TWO)
    assert re.search(
        r"1 in quarantine, the next is free at \d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC",
        refused.value.message,
    )
    assert "reuse delay" in refused.value.hint
    assert "Widen the range, or release" not in refused.value.hint


def test_exhaustion_without_quarantine_does_not_speak_of_it(pods: Pods) -> None:
    pods.add("a", TWO)
    with pytest.raises(PoolExhausted) as refused:
        pods.add("b", subnet("10.0.0.0/24", ("10.0.0.2", "10.0.0.2")))
    assert "quarantine" not in refused.value.message


def test_an_exclusion_that_is_lifted_leaves_it(pods: Pods, dba: Session) -> None:
    dba.execute(EXCLUDE)
    assert pods.add("a", SUBNET) == "10.0.0.10"
    assert pods.add("web-0", SUBNET) == "10.0.0.11", "excluded for its previous owner as well"
    dba.execute("DELETE FROM exclusions")
    assert pods.add("b", SUBNET) == "10.0.0.2"


def test_a_release_while_it_is_excluded_begins_it(pods: Pods, dba: Session) -> None:
    pods.add("a", SUBNET)
    dba.execute("SET rowhouse.force = 'on'")
    dba.execute(EXCLUDE)
    pods.delete("a")
    dba.execute("DELETE FROM exclusions")
    assert pods.add("b", SUBNET) == "10.0.0.3"


def test_one_that_ends_while_the_address_is_excluded_frees_nothing(
    pods: Pods, dba: Session
) -> None:
    dba.execute(EXCLUDE)
    dba.execute("UPDATE free_ranges SET free_from = clock_timestamp() WHERE quarantined")
    assert pods.add("a", SUBNET) == "10.0.0.10"
    dba.execute("DELETE FROM exclusions")
    assert pods.add("b", SUBNET) == "10.0.0.1"


def test_it_outlives_the_pool(pods: Pods, dba: Session) -> None:
    dba.execute("DELETE FROM pools")
    assert pods.add("a", SUBNET) == "10.0.0.2"


def test_one_that_ends_without_a_pool_frees_nothing(pods: Pods, dba: Session) -> None:
    dba.execute("DELETE FROM pools")
    pods.add("a", subnet("10.0.1.0/24"))
    dba.execute("UPDATE free_ranges SET free_from = clock_timestamp() WHERE quarantined")
    assert pods.add("b", subnet("10.0.1.0/24")) == "10.0.1.2"
    assert dba.execute("SELECT 1 FROM free_ranges WHERE first = '10.0.0.1'").fetchall() == []
    assert pods.add("c", SUBNET) == "10.0.0.1"


@pytest.mark.parametrize(("of_network", "of_pool"), [(3600.0, 0), (3600.0, 60), (60.0, 3600)])
def test_the_longer_of_the_networks_and_the_pools_counts(
    pods: Pods, dba: Session, of_network: float, of_pool: int
) -> None:
    dba.execute("UPDATE pools SET reuse_delay = make_interval(secs => %s)", (of_pool,))
    pods.add_all("a", SUBNET, reuse_delay=of_network)
    pods.delete("a")
    [(left,)] = dba.execute(
        "SELECT max(extract(epoch FROM free_from - clock_timestamp()))::integer FROM free_ranges"
        " WHERE quarantined AND first = '10.0.0.2'"
    )
    assert 3500 < left <= 3600
