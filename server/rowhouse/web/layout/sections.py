"""The navigation bar."""

from __future__ import annotations

from typing import Final

from rowhouse.web.blueprint import blueprint

SECTIONS: Final = [
    ("web.overview", "Overview"),
    ("web.nodes", "Nodes"),
    ("web.report_page", "Report"),
]
"""Endpoints and labels, in display order."""


@blueprint.app_template_global("sections")
def sections() -> list[tuple[str, str]]:
    """The links of the navigation."""
    return SECTIONS
