"""What the database knows about a CIDR holds for every network configuration that uses it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeAlias

import psycopg
import pytest

from fixtures.pods import subnet
from rowhouse.domain.errors import AddressOutsideRanges, PoolExhausted
from rowhouse.domain.requests import RangeRequest
from rowhouse.store.cluster import allocation_failures

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fixtures.pods import Pods

Dba: TypeAlias = psycopg.Connection[tuple[Any, ...]]
RANGE = subnet("10.0.0.0/29")
ROUTED = replace(RANGE, gateways=("10.0.0.1",))
GATEWAYS = "SELECT host(address), cni_network FROM gateways ORDER BY address, cni_network"
AUDIT = "SELECT action, object FROM audit_log WHERE action LIKE 'gateway%' ORDER BY id"


@pytest.fixture(autouse=True)
def integrity(dba: Dba) -> Iterator[None]:
    yield
    assert dba.execute("SELECT * FROM integrity_problems").fetchall() == []


def set_pool(dba: Dba, column: str, value: str | None) -> None:
    assert column in {"gateway", "window_first", "window_last"}
    dba.execute(f"UPDATE pools SET {column} = %s WHERE cidr = '10.0.0.0/29'".encode(), (value,))


def test_a_gateway_of_one_configuration_is_not_assigned_through_another(
    pods: Pods, dba: Dba
) -> None:
    assert pods.add("a", ROUTED) == "10.0.0.2"
    assert pods.add("b", RANGE) == "10.0.0.3"
    assert pods.add("c", subnet("10.0.0.0/28")) == "10.0.0.4"
    for cidr in ("10.0.0.0/29", "10.0.0.0/30"):
        with pytest.raises(AddressOutsideRanges, match='the gateway of CNI network "storage"'):
            pods.add("asks", subnet(cidr, requested="10.0.0.1"))
    assert dba.execute(GATEWAYS).fetchall() == [("10.0.0.1", "storage")]
    assert dba.execute(AUDIT).fetchall() == [("gateway.create", "10.0.0.1")]


def test_a_gateway_set_by_an_operator_binds_nads_that_spell_the_range(pods: Pods, dba: Dba) -> None:
    pods.add("a", RANGE)
    pods.delete("a")
    set_pool(dba, "gateway", "10.0.0.1")
    assert pods.add("b", RANGE) == "10.0.0.2"
    set_pool(dba, "gateway", "10.0.0.4")
    assert [pods.add(name, RANGE) for name in "cde"] == ["10.0.0.1", "10.0.0.3", "10.0.0.5"]
    set_pool(dba, "gateway", None)
    assert pods.add("f", RANGE) == "10.0.0.4"


def test_a_window_binds_nads_that_spell_the_range(pods: Pods, dba: Dba) -> None:
    assert pods.add("early", RANGE) == "10.0.0.1"
    dba.execute("SET rowhouse.force = 'on'")
    set_pool(dba, "window_first", "10.0.0.3")
    set_pool(dba, "window_last", "10.0.0.4")
    assert [pods.add(name, RANGE) for name in "ab"] == ["10.0.0.3", "10.0.0.4"]
    with pytest.raises(PoolExhausted):
        pods.add("c", RANGE)
    with pytest.raises(AddressOutsideRanges, match="outside the window of pool"):
        pods.add("asks", replace(RANGE, requested="10.0.0.5"))
    # What a running pod has it keeps.
    assert pods.add("early", RANGE, container="early-2") == "10.0.0.1"


def test_an_address_in_use_that_becomes_a_gateway_goes_out_of_use_with_its_release(
    pods: Pods, dba: Dba
) -> None:
    assert pods.add("a", RANGE) == "10.0.0.1"
    assert pods.add("b", ROUTED) == "10.0.0.2"
    pods.delete("a")
    assert pods.add("c", RANGE) == "10.0.0.3"
    dba.execute("DELETE FROM gateways")
    assert pods.add("d", RANGE) == "10.0.0.1"


def test_an_excluded_address_asked_for_is_outside(pods: Pods, dba: Dba) -> None:
    pods.add("a", RANGE)
    dba.execute(
        "INSERT INTO exclusions (network_id, first, last, reason)"
        " SELECT id, '10.0.0.4', '10.0.0.5', 'printers' FROM networks"
    )
    with pytest.raises(AddressOutsideRanges, match="printers"):
        pods.add("asks", replace(RANGE, requested="10.0.0.4"))


def test_a_gateway_is_known_until_the_last_configuration_and_pool_that_has_it(
    pods: Pods, dba: Dba
) -> None:
    pods.add("a", ROUTED)
    set_pool(dba, "gateway", "10.0.0.1")
    dba.execute("DELETE FROM gateways WHERE cni_network = 'storage'")
    assert pods.add("b", RANGE) == "10.0.0.3"
    set_pool(dba, "gateway", None)
    assert pods.add("c", RANGE) == "10.0.0.1"
    # A configuration that still has it makes it known again before it looks for an address.
    pods.delete("c")
    assert pods.add("d", ROUTED) == "10.0.0.4"
    assert dba.execute(GATEWAYS).fetchall() == [("10.0.0.1", "storage")]


def test_what_bridge_takes_of_a_pool_by_name_is_the_databases_to_say(pods: Pods, dba: Dba) -> None:
    dba.execute("INSERT INTO networks (name) VALUES ('')")
    dba.execute(
        "INSERT INTO pools (network_id, network_name, cidr, name) SELECT id, '', '10.0.0.0/29', 'gold' FROM networks"
    )
    named = RangeRequest(pool="gold", gateways=(None,))
    assert pods.add("a", named) == "10.0.0.2"
    assert dba.execute(GATEWAYS).fetchall() == [("10.0.0.1", "storage")]


def test_a_call_that_fails_makes_no_gateway_known(pods: Pods, dba: Dba) -> None:
    one = subnet("10.0.0.0/29", ("10.0.0.2", "10.0.0.2"))
    pods.add("a", one)
    with pytest.raises(PoolExhausted):
        pods.add("b", replace(one, gateways=("10.0.0.1",)))
    assert dba.execute(GATEWAYS).fetchall() == []


def test_a_pool_that_goes_takes_its_gateways_with_it(pods: Pods, dba: Dba) -> None:
    pods.add("a", subnet("10.0.0.0/24"))
    pods.add("b", ROUTED)
    pods.delete("b")
    dba.execute("DELETE FROM pools WHERE cidr = '10.0.0.0/29'")
    assert dba.execute(GATEWAYS).fetchall() == []
    pods.delete("a")
    assert pods.add("c", subnet("10.0.0.0/24")) == "10.0.0.1"


def test_a_gateway_is_reserved_by_force_and_stays_out_of_use_afterwards(
    pods: Pods, dba: Dba
) -> None:
    pods.add("a", ROUTED)
    reserve = """INSERT INTO reservations (network_id, address, pool_id, owner_kind, owner_name)
                 SELECT network_id, '10.0.0.1', id, 'static', 'router' FROM pools"""
    with pytest.raises(psycopg.Error, match="is not free"):
        dba.execute(reserve)
    dba.execute("SET rowhouse.force = 'on'")
    dba.execute(reserve)
    assert dba.execute("SELECT * FROM integrity_problems").fetchall() == []
    dba.execute("DELETE FROM reservations WHERE owner_name = 'router'")
    assert pods.add("b", RANGE) == "10.0.0.3"


UPPER = replace(subnet("10.0.0.4/30"), gateways=("10.0.0.1",))


def test_a_gateway_outside_its_own_range_is_not_assigned_through_a_larger_one(
    pods: Pods, dba: Dba
) -> None:
    assert pods.add("a", UPPER) == "10.0.0.5"
    # No pool holds it yet.
    assert dba.execute(GATEWAYS).fetchall() == [("10.0.0.1", "storage")]
    assert pods.add("b", RANGE) == "10.0.0.2"
    with pytest.raises(AddressOutsideRanges, match='the gateway of CNI network "storage"'):
        pods.add("asks", replace(RANGE, requested="10.0.0.1"))
    dba.execute("DELETE FROM gateways")
    assert pods.add("c", RANGE) == "10.0.0.1"


def test_an_operators_gateway_outside_the_pool_is_not_assigned_through_a_larger_one(
    pods: Pods, dba: Dba
) -> None:
    pods.add("a", subnet("10.0.0.4/30"))
    dba.execute("UPDATE pools SET gateway = '10.0.0.1'")
    assert pods.add("b", RANGE) == "10.0.0.2"
    with pytest.raises(psycopg.Error, match="running sandboxes use"):
        dba.execute("UPDATE pools SET gateway = '10.0.0.2' WHERE cidr = '10.0.0.4/30'")
    dba.execute("UPDATE pools SET gateway = NULL")
    assert pods.add("c", RANGE) == "10.0.0.1"


def test_a_pool_by_name_has_its_gateway_outside_as_well(pods: Pods, dba: Dba) -> None:
    pods.add("a", subnet("10.0.0.4/30"))
    dba.execute("UPDATE pools SET name = 'gold'")
    assert pods.add("b", RangeRequest(pool="gold", gateways=("10.0.0.1",))) == "10.0.0.6"
    assert pods.add("c", RANGE) == "10.0.0.2"


def test_a_pod_that_has_the_address_of_a_new_gateway_is_told_of(pods: Pods, dba: Dba) -> None:
    pods.add("victim", RANGE, uid="u1")
    pods.add("other", RANGE)
    pods.add("a", ROUTED)
    pods.add("b", ROUTED)
    [told] = allocation_failures.take(dba, "prod-a")
    assert (told.reason, told.pod, told.pod_uid) == ("AddressIsGateway", "victim", "u1")
    assert 'address 10.0.0.1 of interface net1 is now the gateway of CNI network "storage"' in (
        told.message
    )
    # A reservation that no pod uses is no trouble.
    dba.execute("SET rowhouse.force = 'on'")
    pods.delete("victim")
    set_pool(dba, "gateway", "10.0.0.6")
    set_pool(dba, "gateway", "10.0.0.2")
    assert dba.execute("SELECT pod FROM allocation_failures").fetchall() == [("other",)]


def test_a_gateway_of_a_pool_that_is_removed_by_hand_is_in_the_audit_and_repaired(
    pods: Pods, dba: Dba
) -> None:
    pods.add("a", subnet("10.0.0.0/24", ("10.0.0.9", "10.0.0.9")))
    dba.execute("UPDATE pools SET gateway = '10.0.0.1'")
    assert dba.execute(AUDIT).fetchall() == []
    dba.execute("DELETE FROM gateways")
    assert dba.execute(AUDIT).fetchall() == [("gateway.delete", "10.0.0.1")]
    dba.execute("SELECT repair_v1('me', NULL)")
    assert dba.execute(AUDIT).fetchall()[1:] == [("gateway.create", "10.0.0.1")]
