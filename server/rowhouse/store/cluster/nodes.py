"""The reports of nodes' agents."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Final

from rowhouse.store.connection.statements import statement

if TYPE_CHECKING:
    from rowhouse.domain.nodes import NodeReport
    from rowhouse.store.connection.database import Database

REPORT: Final = statement(__name__, "report_node")


def report(database: Database, given: NodeReport) -> None:
    """Store a report in place of the node's last one. Raises TryAgain, NotReady."""
    database.call(REPORT, asdict(given))
