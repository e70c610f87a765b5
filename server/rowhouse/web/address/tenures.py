"""Tenures as a timeline, with the gaps between them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from rowhouse.web.blueprint import blueprint

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import timedelta

    from rowhouse.store.connection.reads import Record

ENDS: Final = {
    "DEL": "its pod was torn down (DEL)",
    "GC": "its runtime no longer knew it (GC)",
    "RECONCILE": "no running pod held it (controller)",
    "API": "released by hand (API)",
    "SQL": "changed by hand (SQL)",
    "EXPIRE": "its reservation expired",
    "ADD": "its owner attached elsewhere (ADD)",
}
"""Why a tenure ended, in words."""


STARTS: Final = {
    "ADD": "assigned to its pod (ADD)",
    "API": "reserved by hand (API)",
    "SQL": "reserved by hand (SQL)",
}
"""How a tenure began, in words."""


@dataclass(frozen=True, slots=True)
class Stay:
    """A tenure, its duration, and how long the address was free after it (None: not at all)."""

    tenure: Record
    lasted: timedelta
    then_free: timedelta | None


def timeline(tenures: Sequence[Record], *, gaps: bool = True) -> list[Stay]:
    """Return a timeline of tenures, latest first, as they are given; without `gaps`, only the tenures."""
    now = datetime.now(UTC)
    made = []
    following: datetime | None = None
    for tenure in tenures:
        ended = tenure.held_until
        gap = None
        if ended is not None and gaps:
            gap = (following or now) - ended
        made.append(
            Stay(
                tenure,
                (ended or now) - tenure.held_from,
                gap if gap is not None and gap.total_seconds() >= 1 else None,
            )
        )
        following = tenure.held_from
    return made


@blueprint.app_template_filter("start_in_words")
def start_in_words(reason: str) -> str:
    """Describe how a tenure began."""
    return STARTS.get(reason, reason)


@blueprint.app_template_filter("end_in_words")
def end_in_words(reason: str | None) -> str:
    """Describe why a tenure ended."""
    return ENDS.get(reason or "", reason or "")
