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
    time_zone,
)
from rowhouse.web.blueprint import blueprint
from rowhouse.web.charts import filters
from rowhouse.web.layout import assets, errors, formats, headers, periods, sections, words, zone

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
    time_zone,
)
LAYOUT = (assets, errors, filters, formats, headers, periods, sections, words, zone)

__all__ = ["FEATURES", "LAYOUT", "blueprint"]
