"""Sandboxes that hold addresses, for the controller, on the caller's connection."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, LiteralString

import psycopg

from rowhouse.domain.liveness import HeldSandbox
from rowhouse.store.connection.errors import domain_error
from rowhouse.store.connection.statements import statement

if TYPE_CHECKING:
    from collections.abc import Iterator

    from psycopg.rows import TupleRow

    Session = psycopg.Connection[TupleRow]

PAGE: Final = 5000
SANDBOXES: Final = statement(__name__, "held_sandboxes")
OF_POD: Final = statement(__name__, "sandboxes_of_pod")
RECLAIM: Final = statement(__name__, "reclaim")


def held_sandboxes(session: Session, cluster: str) -> Iterator[HeldSandbox]:
    """Yield every sandbox of a cluster that holds addresses for a pod. Reads in pages. Raises TryAgain, NotReady."""
    after = ("", "")
    while True:
        container_id, interface = after
        rows = _rows(
            session,
            SANDBOXES,
            {
                "cluster": cluster,
                "after_container_id": container_id,
                "after_interface": interface,
                "limit": PAGE,
            },
        )
        yield from _sandboxes(rows)
        if len(rows) < PAGE:
            return
        after = rows[-1][0], rows[-1][1]


def sandboxes_of_pod(session: Session, cluster: str, namespace: str, pod: str) -> list[HeldSandbox]:
    """Return the sandboxes that hold addresses for pods of this name. Raises TryAgain, NotReady."""
    return list(
        _sandboxes(_rows(session, OF_POD, {"cluster": cluster, "namespace": namespace, "pod": pod}))
    )


def reclaim(session: Session, actor: str, cluster: str, held: HeldSandbox) -> list[str]:
    """Release a sandbox's addresses if it has not changed since it was read; return those that are free again.

    Raises TryAgain, NotReady.
    """
    parameters = {
        "actor": actor,
        "cluster": cluster,
        "container_id": held.container_id,
        "interface": held.interface,
        "node": held.node,
        "pod_uid": held.pod_uid,
        "attached_at": held.attached_at,
    }
    rows = _rows(session, RECLAIM, parameters)
    return [address for address, released in rows if released]


def _rows(session: Session, query: LiteralString, parameters: dict[str, Any]) -> list[TupleRow]:
    try:
        return session.execute(query, parameters).fetchall()
    except psycopg.Error as error:
        raise domain_error(error) from error


def _sandboxes(rows: list[TupleRow]) -> Iterator[HeldSandbox]:
    # The container id alone is not enough: it is not secret, so another node may have sent it, and it is empty while
    # it is unknown.
    by_sandbox: dict[tuple[str, ...], list[TupleRow]] = {}
    for row in rows:
        container_id, interface, node, _, _, _, _, uid, namespace, pod = row
        by_sandbox.setdefault(
            (container_id, interface, node, uid or "", namespace, pod), []
        ).append(row)
    for mine in by_sandbox.values():
        container_id, interface, node, network, _, _, _, uid, namespace, pod = mine[0]
        yield HeldSandbox(
            container_id=container_id,
            interface=interface,
            node=node,
            network=network,
            addresses=tuple(row[4] for row in mine),
            # The latest attachment counts: a recent one protects the whole sandbox.
            attached_at=max(row[5] for row in mine),
            age=min(row[6] for row in mine),
            pod_uid=uid,
            namespace=namespace,
            pod=pod,
        )
