"""The page at `/`."""

from __future__ import annotations

from flask import render_template

from rowhouse.auth.guard import least_role
from rowhouse.web.blueprint import blueprint


@blueprint.get("/")
@least_role("viewer")
def overview() -> str:
    """Networks and pools."""
    return render_template("overview/page.html")
