"""Owners whose addresses a Kubernetes object keeps, for the controller, on the caller's connection."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, LiteralString

import psycopg

from rowhouse.domain.lasting_owners import HeldClaim, KeptOwner
from rowhouse.store.connection.errors import domain_error
from rowhouse.store.connection.statements import statement

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from psycopg.rows import TupleRow

    Session = psycopg.Connection[TupleRow]

PAGE: Final = 5000
IDLE: Final = statement(__name__, "idle_owners")
RELEASE: Final = statement(__name__, "release_owners")
CLAIMS: Final = statement(__name__, "held_claims")
RENEW: Final = statement(__name__, "renew_owners")


def idle_owners(session: Session, cluster: str) -> Iterator[KeptOwner]:
    """Yield the owners that hold an address which no sandbox uses, or none at all. Raises TryAgain, NotReady."""
    after: tuple[str | None, str, str] = (None, "", "")
    while True:
        kind, namespace, name = after
        rows = _rows(
            session,
            IDLE,
            {
                "cluster": cluster,
                "after_kind": kind,
                "after_namespace": namespace,
                "after_name": name,
                "limit": PAGE,
            },
        )
        for kind, namespace, name, object_kind, object_name, object_uid, is_idle in rows:
            if is_idle:
                yield KeptOwner(
                    kind=kind,
                    namespace=namespace,
                    name=name,
                    object_kind=object_kind,
                    object_name=object_name,
                    object_uid=object_uid or "",
                )
        if len(rows) < PAGE:
            return
        after = rows[-1][0], rows[-1][1], rows[-1][2]


def release(
    session: Session, actor: str, cluster: str, owners: Sequence[KeptOwner]
) -> dict[KeptOwner, list[str]]:
    """Release the addresses that no sandbox uses, in one transaction; return them by owner.

    Raises TryAgain, NotReady.
    """
    parameters = {
        **_names(actor, cluster, owners),
        "object_kinds": [one.object_kind for one in owners],
        "object_names": [one.object_name for one in owners],
        "object_uids": [one.object_uid or None for one in owners],
    }
    released: dict[KeptOwner, list[str]] = {}
    for ordinal, address in _rows(session, RELEASE, parameters):
        released.setdefault(owners[ordinal - 1], []).append(address)
    return released


def renew(
    session: Session, actor: str, cluster: str, owners: Sequence[KeptOwner], *, exist: bool
) -> int:
    """Let the unused addresses of these owners stay, or (not `exist`) expire after their `sticky_ttl`.

    Returns how many addresses that changed. Raises TryAgain, NotReady.
    """
    parameters = {**_names(actor, cluster, owners), "exist": exist}
    [(changed,)] = _rows(session, RENEW, parameters)
    return int(changed)


def held_claims(session: Session, cluster: str) -> list[HeldClaim]:
    """Return the claims of a cluster that hold addresses. Raises TryAgain, NotReady."""
    rows = _rows(session, CLAIMS, {"cluster": cluster})
    return [
        HeldClaim(namespace=namespace, name=name, ips=tuple(ips), pod=pod)
        for namespace, name, ips, pod in rows
    ]


def _names(actor: str, cluster: str, owners: Sequence[KeptOwner]) -> dict[str, Any]:
    return {
        "actor": actor,
        "cluster": cluster,
        "kinds": [one.kind for one in owners],
        "namespaces": [one.namespace for one in owners],
        "names": [one.name for one in owners],
    }


def _rows(session: Session, query: LiteralString, parameters: dict[str, Any]) -> list[TupleRow]:
    try:
        return session.execute(query, parameters).fetchall()
    except psycopg.Error as error:
        raise domain_error(error) from error
