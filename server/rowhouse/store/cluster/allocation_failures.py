"""ADDs that failed because no address was free: servers record them, the controller takes them."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, Final

import psycopg

from rowhouse.store.connection.errors import domain_error
from rowhouse.store.connection.statements import statement

if TYPE_CHECKING:
    from collections.abc import Iterable

    from psycopg.rows import TupleRow

    from rowhouse.store.connection.database import Database

NOTE: Final = statement(__name__, "note_allocation_failures")
TAKE: Final = statement(__name__, "take_allocation_failures")
_MAX_TAKEN: Final = 100
NO_ADDRESS: Final = "NoAddress"
CLAIM_REFUSED: Final = "ClaimRefused"
"""The IPAMClaim is for another network or interface, or one of its `ipRequests` cannot be assigned."""
ADDRESS_IS_GATEWAY: Final = "AddressIsGateway"
"""Recorded by a trigger of the database (`gateway_in_use`)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AllocationFailure:
    """A pod's interface without an address, or with a warning about it (`reason`). `times`: number of attempts.

    `message` is for the Kubernetes event. `held_by` is what it says about owners of other namespaces, and
    `event_message` the rest; None: it names none.
    """

    cluster: str
    namespace: str
    pod: str
    interface: str
    node: str
    pod_uid: str | None
    message: str
    times: int = 1
    reason: str = NO_ADDRESS
    event_message: str | None = None
    held_by: str = ""

    @property
    def key(self) -> tuple[str, str, str, str, str]:
        """The interface and the reason, without the number of attempts."""
        return self.cluster, self.namespace, self.pod, self.interface, self.reason


_NAMES: Final = tuple(field.name for field in fields(AllocationFailure))


def note(database: Database, failures: Iterable[AllocationFailure]) -> None:
    """Record failures for the controller, in one statement. Raises TryAgain, NotReady."""
    rows = list(failures)
    columns = tuple([getattr(row, name) for row in rows] for name in _NAMES)
    database.call(NOTE, columns)


def take(session: psycopg.Connection[TupleRow], cluster: str) -> list[AllocationFailure]:
    """Remove and return up to a hundred failures of a cluster. Raises TryAgain, NotReady."""
    try:
        rows: list[Any] = session.execute(
            TAKE, {"cluster": cluster, "limit": _MAX_TAKEN}
        ).fetchall()
    except psycopg.Error as error:
        raise domain_error(error) from error
    return [AllocationFailure(**dict(zip(_NAMES, row, strict=True))) for row in rows]
