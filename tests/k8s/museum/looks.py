"""Looks of a reconciler, and the time between them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fixtures.pods import subnet

if TYPE_CHECKING:
    import psycopg
    from psycopg.rows import TupleRow

    from rowhouse.ipam.reconcile import Reconciler

    Session = psycopg.Connection[TupleRow]

POOL = subnet("10.0.0.0/24")
GRACE = 60.0


class Clock:
    """Seconds that go on when the test says so, in the controller and in the database's rows."""

    def __init__(self, dba: Session) -> None:
        self.now = 1000.0
        self._dba = dba

    def __call__(self) -> float:
        return self.now

    def passes(self, seconds: float) -> None:
        self.now += seconds
        self._dba.execute(
            "UPDATE attachments SET attached_at = attached_at - %s::float8 * interval '1 second'",
            (seconds,),
        )


def reserved(dba: Session) -> list[str]:
    rows = dba.execute("SELECT owner_name FROM reservations ORDER BY address").fetchall()
    return [name for (name,) in rows]


def settle(reconciler: Reconciler, clock: Clock) -> list[str]:
    """Two looks, as far apart as they must be; what was released."""
    first = reconciler.look()
    assert all(not finding.released for finding in first.findings)
    clock.now += GRACE
    return [address for finding in reconciler.look().findings for address in finding.released]
