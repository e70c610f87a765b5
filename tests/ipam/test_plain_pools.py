"""plain_pools, from which the usual ADD is served, follows what would make it unsafe, and nothing gets past it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from fixtures.pods import subnet
from rowhouse.domain.errors import RowhouseError

if TYPE_CHECKING:
    import psycopg
    from psycopg.rows import TupleRow

    from fixtures.pods import Pods

    Dba = psycopg.Connection[TupleRow]

SUBNET = subnet("10.0.0.0/24")
PLAIN = "SELECT cidr::text FROM plain_pools ORDER BY cidr"
CHECKS = {
    "a window": (
        "UPDATE pools SET window_last = '10.0.0.100'",
        "UPDATE pools SET window_last = NULL",
    ),
    "drained": ("UPDATE pools SET drained = true", "UPDATE pools SET drained = false"),
    "a reuse delay": ("UPDATE pools SET reuse_delay = '1 hour'", "UPDATE pools SET reuse_delay = '0'"),
    "a quota for all": (
        "INSERT INTO quotas (namespace, addresses) VALUES ('default', 1)",
        "DELETE FROM quotas",
    ),
    "a quota of the pool": (
        "INSERT INTO quotas (namespace, pool_id, addresses) SELECT 'default', id, 1 FROM pools",
        "DELETE FROM quotas",
    ),
    "a hold": (
        "INSERT INTO assignment_hold (reason, actor) VALUES ('restore', 'me')",
        "DELETE FROM assignment_hold",
    ),
}  # fmt: skip


def plain(dba: Dba) -> list[str]:
    return [cidr for (cidr,) in dba.execute(PLAIN)]


@pytest.mark.parametrize("check", CHECKS)
def test_a_pool_that_needs_a_check_is_plain_only_without_it(
    pods: Pods, dba: Dba, check: str
) -> None:
    begin, end = CHECKS[check]
    pods.add("web-0", SUBNET)
    assert plain(dba) == ["10.0.0.0/24"]
    dba.execute(begin)
    assert plain(dba) == []
    dba.execute(end)
    assert plain(dba) == ["10.0.0.0/24"]
    dba.execute("SET rowhouse.force = 'on'")
    dba.execute("DELETE FROM reservations")
    dba.execute("DELETE FROM pools")
    assert plain(dba) == []


@pytest.mark.parametrize("check", ["drained", "a quota for all", "a quota of the pool", "a hold"])
def test_the_next_call_meets_the_check(pods: Pods, dba: Dba, check: str) -> None:
    pods.add("web-0", SUBNET)
    dba.execute(CHECKS[check][0])
    with pytest.raises(RowhouseError):
        pods.add("web-1", SUBNET)


def test_a_new_pool_is_not_plain_while_a_quota_or_a_hold_is_in_force(pods: Pods, dba: Dba) -> None:
    dba.execute("INSERT INTO quotas (namespace, addresses) VALUES ('default', 5)")
    pods.add("web-0", SUBNET)
    assert plain(dba) == []


def test_a_pool_that_was_read_is_plain_while_the_others_are_held(pods: Pods, dba: Dba) -> None:
    pods.add("web-0", SUBNET)
    pods.add("web-1", subnet("10.1.0.0/24"))
    dba.execute("INSERT INTO assignment_hold (reason, actor) VALUES ('restore', 'me')")
    dba.execute("SELECT import_read_v1('', '10.1.0.0/24')")
    assert plain(dba) == ["10.1.0.0/24"]
    dba.execute("DELETE FROM assignment_hold_pools")
    assert plain(dba) == []


def test_an_isolated_pool_that_joins_the_shared_space_stays_plain_there(
    pods: Pods, dba: Dba
) -> None:
    pods.add("web-0", subnet("10.0.0.0/24", isolated=True))
    [(before,)] = dba.execute("SELECT network_id FROM plain_pools WHERE isolated")
    dba.execute("SELECT join_shared_space_v1('', '10.0.0.0/24')")
    [(after,)] = dba.execute("SELECT network_id FROM plain_pools WHERE NOT isolated")
    assert before != after
    assert pods.add("web-1", SUBNET) == "10.0.0.2"


def test_pools_that_overlap_are_not_plain_while_both_are_there(pods: Pods, dba: Dba) -> None:
    pods.add("web-0", SUBNET)
    pods.add("web-1", subnet("10.0.0.128/25"))
    pods.add("web-2", subnet("10.0.0.0/24", network="other"))
    assert plain(dba) == ["10.0.0.0/24"]
    pods.delete("web-1")
    dba.execute("DELETE FROM pools WHERE cidr = '10.0.0.128/25'")
    assert plain(dba) == ["10.0.0.0/24", "10.0.0.0/24"]


def test_a_pool_in_which_an_owner_has_several_addresses_is_not_plain(pods: Pods, dba: Dba) -> None:
    """The next call of that owner may be one that is repeated, and must get what it has."""
    pods.add_all("web-0", SUBNET, subnet("10.0.0.0/24", slot=1))
    assert plain(dba) == []
    dba.execute("SET rowhouse.force = 'on'")
    dba.execute("DELETE FROM reservations WHERE slot = 0")
    assert plain(dba) == []
    pods.add("web-1", subnet("10.1.0.0/24"))
    assert plain(dba) == ["10.1.0.0/24"]
    dba.execute("UPDATE reservations SET slot = 3 WHERE owner_name = 'web-1'")
    assert plain(dba) == []


def test_a_wrong_entry_is_a_problem_that_the_repair_mends(pods: Pods, dba: Dba) -> None:
    pods.add("web-0", SUBNET)
    dba.execute("UPDATE pools SET drained = true")
    dba.execute(
        "INSERT INTO plain_pools SELECT network_name, cidr, id, network_id, isolated FROM pools"
    )
    problems = "SELECT problem, host(address) FROM integrity_problems"
    assert dba.execute(problems).fetchall() == [("pool taken for plain", "10.0.0.0")]
    changes = dba.execute("SELECT change FROM repair_v1('me', NULL)").fetchall()
    assert changes == [("plain pool corrected",)]
    assert dba.execute(problems).fetchall() == []
    assert plain(dba) == []
