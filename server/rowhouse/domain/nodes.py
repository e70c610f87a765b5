"""What a node's agent reports, and when a node counts as late or gone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

if TYPE_CHECKING:
    from datetime import datetime

NodeState = Literal["current", "late", "gone"]

LATE_SECONDS: Final = 300.0
"""A node that has not reported for this long is late: an agent reports every minute."""

GONE_SECONDS: Final = 86_400.0
"""A node that has not reported for this long is gone, and no longer counts: clusters remove nodes without notice."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeReport:
    """The report of one agent. A version is "" if the agent does not know it; `kept_bytes` is the size of the DELs."""

    cluster: str
    node: str
    plugin_version: str
    agent_version: str
    kept_dels: int
    kept_bytes: int
    started_at: datetime


def state_of(seconds: float) -> NodeState:
    """Return the state of a node that last reported `seconds` ago."""
    if seconds < LATE_SECONDS:
        return "current"
    return "late" if seconds < GONE_SECONDS else "gone"
