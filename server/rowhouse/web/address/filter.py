"""The filter of a timeline: by how a tenure began or ended, by actor, time and text. The URL keeps it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from flask import request

from rowhouse.web.address.tenures import ENDS, STARTS
from rowhouse.web.layout.periods import known_time

if TYPE_CHECKING:
    from datetime import datetime

    from rowhouse.store.connection.reads import Record

NOW: Final = "-"
"""Stands for the end of a tenure that has not ended."""

MAX_TEXT: Final = 200
MAX_SEARCHED: Final = 1000
"""The latest tenures in which a filter looks."""

FILTERS: Final = ("start", "end", "actor", "since", "until", "zone", "q")
"""The parameters of the URL that a filter is made of."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TimelineFilter:
    """What a timeline shows; "" and None: anything."""

    start: str
    end: str
    actor: str
    since: datetime | None
    until: datetime | None
    text: str

    @property
    def is_set(self) -> bool:
        """Whether tenures may be hidden."""
        return any((self.start, self.end, self.actor, self.since, self.until, self.text))

    def has(self, tenure: Record) -> bool:
        """Whether a tenure is shown."""
        actors = {tenure.started_by.lower(), (tenure.ended_by or "").lower()}
        texts = " ".join(
            (
                tenure.address,
                f"{tenure.owner_namespace}/{tenure.owner_name}",
                tenure.node,
                tenure.container_id,
                tenure.owner_cluster,
                tenure.mac or "",
            )
        ).lower()
        return (
            self.start in {"", tenure.start_reason}
            and self.end in {"", tenure.end_reason or NOW}
            and (not self.actor or self.actor.lower() in actors)
            and all(word in texts for word in self.text.lower().split())
        )


def timeline_filter() -> TimelineFilter:
    """Return the filter of the current request; invalid values are ignored."""
    given = request.args
    return TimelineFilter(
        start=start if (start := given.get("start", "")) in STARTS else "",
        end=end if (end := given.get("end", "")) in {NOW, *ENDS} else "",
        actor=given.get("actor", "").strip()[:MAX_TEXT],
        since=known_time(given.get("since", "")),
        until=known_time(given.get("until", "")),
        text=given.get("q", "").strip()[:MAX_TEXT],
    )
