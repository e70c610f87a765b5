"""A MAC address that the runtime requests is recorded with the attachment, and stays in the history."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fixtures.pods import Pods, subnet
from rowhouse.domain.requests import LastingOwner

if TYPE_CHECKING:
    import psycopg
    from psycopg.rows import TupleRow

ONE, TWO = "02:00:5e:00:53:01", "02:00:5e:00:53:02"
SUBNET = subnet("10.0.0.0/24")
ATTACHED = "SELECT host(address), mac::text FROM attachments ORDER BY 1"
HISTORY = "SELECT host(address), mac::text, held_until IS NULL FROM address_history ORDER BY id"


def test_a_mac_belongs_to_the_attachment_and_to_the_tenure(
    pods: Pods, dba: psycopg.Connection[TupleRow]
) -> None:
    [given] = pods.add_all("web-0", SUBNET, mac=ONE)
    pods.add("web-1", SUBNET)
    [again] = pods.add_all("web-0", SUBNET)
    assert (given.address, again.address, again.created) == ("10.0.0.1", "10.0.0.1", False)
    assert dba.execute(ATTACHED).fetchall() == [("10.0.0.1", ONE), ("10.0.0.2", None)]
    pods.add_all("web-0", SUBNET, mac=TWO)
    assert dba.execute(
        "SELECT mac::text FROM current_reservations ORDER BY address"
    ).fetchall() == [
        (TWO,),
        (None,),
    ]
    pods.delete("web-0")
    assert dba.execute(HISTORY).fetchall() == [
        ("10.0.0.1", TWO, False),
        ("10.0.0.2", None, True),
    ]
    assert dba.execute("SELECT * FROM integrity_problems").fetchall() == []
    assert dba.execute("SELECT * FROM audit_log WHERE object_type = 'tenure'").fetchall() == []


def test_each_sandbox_of_a_machine_keeps_its_mac_in_the_history(
    pods: Pods, dba: psycopg.Connection[TupleRow]
) -> None:
    vm = LastingOwner(kind="virtual_machine", name="db", interface="net1")
    for pod, mac in (("first", ONE), ("second", TWO)):
        pods.add_all(pod, SUBNET, node=pod, uid=pod, sticky=True, lasting=vm, mac=mac)
        pods.delete(pod)
    for node, mac in (("first", ONE), ("second", TWO)):
        query = "SELECT mac::text FROM ran_on(%s) UNION SELECT mac::text FROM of_container(%s)"
        assert dba.execute(query, (node, node)).fetchall() == [(mac,)]
