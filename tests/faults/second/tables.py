"""What the tables say, compared with what the clients know, while no call is under way."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

    import psycopg
    from psycopg.rows import TupleRow

    from faults.second.people import Operator
    from faults.second.pods import Node
    from faults.second.records import Place, Records

    Session = psycopg.Connection[TupleRow]

WHO_HAD: Final = """
SELECT n.name, host(r.address), r.owner_name, w.name
  FROM rowhouse.reservations r JOIN rowhouse.networks n ON n.id = r.network_id
  LEFT JOIN LATERAL (SELECT * FROM rowhouse.who_had(r.address) h WHERE h.network_id = r.network_id) AS w ON true
 WHERE (w.owner_kind, w.cluster, w.namespace, w.name, w.interface, w.node, w.container_id) IS DISTINCT FROM
       (r.owner_kind, r.owner_cluster, r.owner_namespace, r.owner_name, r.owner_interface, r.node, r.container_id)
UNION ALL
SELECT n.name, host(gone.address), NULL, w.name
  FROM (SELECT t.network_id, t.address FROM rowhouse.tenures t
        EXCEPT SELECT r.network_id, r.address FROM rowhouse.reservations r) AS gone
  JOIN rowhouse.networks n ON n.id = gone.network_id
  JOIN LATERAL (SELECT * FROM rowhouse.who_had(gone.address) h WHERE h.network_id = gone.network_id) AS w ON true
"""
PROBLEMS: Final = "SELECT problem, network_id, host(address) FROM rowhouse.integrity_problems"
IN_THE_FUTURE: Final = "tenure begins or ends in the future"
ATTACHED: Final = """
SELECT a.container_id, n.name, host(a.address), r.owner_kind || ' ' || r.owner_namespace || '/' || r.owner_name
  FROM rowhouse.attachments a JOIN rowhouse.networks n ON n.id = a.network_id
  JOIN rowhouse.reservations r ON r.network_id = a.network_id AND r.address = a.address
"""
RESERVED: Final = """
SELECT n.name, host(r.address), CASE r.owner_kind WHEN 'pod' THEN 'pod ' || r.owner_namespace || '/' || r.owner_name
                                     ELSE 'static ' || r.owner_name END
  FROM rowhouse.reservations r JOIN rowhouse.networks n ON n.id = r.network_id
"""


def look(session: Session, records: Records) -> None:
    """One snapshot, at any moment: the history agrees with the reservations."""
    for network, address, owner, named in session.execute(WHO_HAD):
        detail = f"{network} {address} is {owner}'s, who_had says {named}"
        records.note("history and reservations disagree", detail)


def compare(
    session: Session, records: Records, nodes: Iterable[Node], people: Iterable[Operator]
) -> None:
    """No call is under way: what runs is attached, nothing else is, and what is reserved by hand is there."""
    look(session, records)
    for problem, network, address in session.execute(PROBLEMS):
        if problem != IN_THE_FUTURE:
            records.note("integrity problem", f"{problem}: {network} {address}")
    _compare_attachments(session, records, nodes)
    reserved = reservations(session)
    for one in (kept for person in people for kept in person.kept):
        place = (one.network, one.address)
        since = one.call.end + 1e-6
        if (*place, one.owner) not in reserved and not records.is_wiped(*place, since):
            records.note("reserved by hand and lost", f"{place} {one.owner}")


def _compare_attachments(session: Session, records: Records, nodes: Iterable[Node]) -> None:
    attached: defaultdict[str, dict[Place, str]] = defaultdict(dict)
    for container, network, address, owner in session.execute(ATTACHED):
        attached[container][network, address] = owner
    given = records.given()
    running: set[str] = set()
    for node in nodes:
        running |= node.unsure()
        for sandbox in (one for pod in node.pods for one in pod.sandboxes):
            running.add(sandbox.container)
            known = attached[sandbox.container]
            for place in ((sandbox.add.network, address) for address in sandbox.add.addresses):
                is_there = known.get(place) == sandbox.add.owner
                if not is_there and not records.is_wiped(*place, sandbox.add.begin):
                    detail = f"{sandbox.container} of {sandbox.add.owner} {place}"
                    records.note("a running sandbox has lost its address", detail)
            for place in known.keys() - given[sandbox.container]:
                records.note("attached and never given", f"{sandbox.container} {place}")
    for container, places in attached.items():
        if places and container not in running:
            records.note("attached though it is gone", f"{container} {places}")


def reservations(session: Session) -> set[tuple[str, str, str]]:
    """Network, address and owner of each."""
    return {(str(n), str(a), str(o)) for n, a, o in session.execute(RESERVED)}
