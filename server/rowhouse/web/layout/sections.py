"""The navigation: the pages that stand on their own."""

from __future__ import annotations

from typing import Final

from rowhouse.web.blueprint import blueprint

SECTIONS: Final = [("web.overview", "Overview")]
"""Endpoint and label, in the order in which they are shown."""


@blueprint.app_template_global("sections")
def sections() -> list[tuple[str, str]]:
    """The links of the navigation."""
    return SECTIONS
