"""The pages' table of contents: importing a feature adds its routes to the blueprint.

A new page also needs a path in `PAGES` of tests/web/chromium/test_every_page.py, a row in docs/pages.md, and, if it
belongs in the navigation bar, a line in layout/sections.py.
"""

from __future__ import annotations

from rowhouse.web import (
    actions,
    address,
    audit,
    event,
    inventory,
    node,
    overview,
    pod,
    pool,
    report,
    requests,
    reservation,
    search,
    session,
    styleguide,
)
from rowhouse.web.blueprint import blueprint
from rowhouse.web.charts import filters
from rowhouse.web.layout import assets, errors, formats, headers, sections, words

FEATURES = (
    overview,
    inventory,
    pool,
    reservation,
    address,
    pod,
    node,
    report,
    requests,
    search,
    actions,
    event,
    audit,
    session,
    styleguide,
)
LAYOUT = (assets, errors, filters, formats, headers, sections, words)

__all__ = ["FEATURES", "LAYOUT", "blueprint"]
