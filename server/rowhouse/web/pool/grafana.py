"""The link from a pool to Grafana."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlencode

from flask import current_app

from rowhouse.auth.caller import namespaces_seen
from rowhouse.web.blueprint import blueprint

if TYPE_CHECKING:
    from rowhouse.store.inventory.occupancy import Occupancy


@blueprint.app_template_global("dashboard_of")
def dashboard_of(pool: Occupancy) -> str | None:
    """Return the URL of the chart's dashboard for a pool; None for a team, or if ROWHOUSE_GRAFANA_URL is not set."""
    if namespaces_seen() is not None:
        return None
    grafana: str = current_app.extensions["rowhouse"].settings.grafana_url
    chosen = urlencode({"var-network": pool.network, "var-pool": pool.cidr})
    return f"{grafana}/d/rowhouse?{chosen}" if grafana else None
