"""STATUS: could an ADD be served now?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rowhouse.domain.errors import NotReady, TryAgain
from rowhouse.store.allocation import allocator
from rowhouse.store.connection import schema

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rowhouse.domain.requests import RangeRequest
    from rowhouse.store.connection.database import Database


def readiness(store: Database, requests: Sequence[RangeRequest] = ()) -> None:
    """Raises NotReady if the database or its schema is not ready, or a range has no free address."""
    try:
        schema.check_engine(store.engine)
        full = allocator.exhausted(store, requests)
    except TryAgain as error:
        raise NotReady(error.message, hint=error.hint) from error
    if full:
        raise NotReady(
            f"pool exhausted: no free address in {', '.join(full)}",
            hint="Widen the range, or release unused addresses.",
        )
