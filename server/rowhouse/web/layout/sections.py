"""The navigation bar."""

from __future__ import annotations

from typing import Final

from rowhouse.auth.guard import may_open
from rowhouse.web.blueprint import blueprint

SECTIONS: Final = (
    ("web.overview", "Overview"),
    ("web.pools", "Pools"),
    ("web.reservations", "Addresses"),
    ("web.requests", "Requests"),
    ("web.nodes", "Nodes"),
    ("web.report_page", "Report"),
    ("web.events", "Events"),
    ("web.audit", "Audit"),
)
"""Endpoints and labels, in display order."""


@blueprint.app_template_global("sections")
def sections() -> tuple[tuple[str, str], ...]:
    """The links of the navigation, to the pages that the user may open."""
    return tuple((endpoint, label) for endpoint, label in SECTIONS if may_open(endpoint))
