"""Compare this machine's clock with those of the database and of the API server."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from rowhouse.doctor.finding import failed, ok, warning
from rowhouse.store.connection import diagnosis

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rowhouse.doctor.finding import Finding
    from rowhouse.doctor.surroundings import Surroundings

MAX_SECONDS: Final = 10.0
"""The leeway for the times in a token; beyond it, valid tokens are refused."""
NOTICED_SECONDS: Final = 2.0
_REMEDY: Final = (
    "Synchronize the clocks of both machines (chrony, systemd-timesyncd): chronyc tracking"
)


def database_clock(where: Surroundings) -> Iterator[Finding]:
    """Check the database's clock, which times expiry, quarantines and history."""
    source = where.database
    before = where.clock()
    theirs = diagnosis.facts(source).clock
    yield _judge(theirs - where.clock(), theirs - before)


def api_server_clock(where: Surroundings) -> Iterator[Finding]:
    """Check the API server's clock, which sets the validity of tokens."""
    before = where.clock()
    date = where.kubernetes.get("/version").date
    after = where.clock()
    if date is None:
        yield warning(
            "its responses have no Date header",
            "A proxy removes it. Connect to the API server directly.",
        )
    else:
        yield _judge(date - after, date + 1.0 - before)  # a Date has whole seconds


def _judge(low: float, high: float) -> Finding:
    """Judge the smallest possible difference: their clock minus ours is between `low` and `high`, in seconds."""
    least = low if low > 0 else min(high, 0.0)
    said = f"{abs(least):.1f} s {'ahead of' if least > 0 else 'behind'} this machine"
    if abs(least) > MAX_SECONDS:
        return failed(said, _REMEDY)
    if abs(least) > NOTICED_SECONDS:
        return warning(said, _REMEDY)
    return ok(f"within {NOTICED_SECONDS:g} s of this machine's")
