"""The charts for templates."""

from __future__ import annotations

from rowhouse.web.blueprint import blueprint
from rowhouse.web.charts.lines import rise, sparkline

blueprint.add_app_template_global(sparkline, "sparkline")
blueprint.add_app_template_filter(rise, "rise")
