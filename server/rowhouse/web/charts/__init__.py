"""Charts as SVG, without scripts: fill bars, sparklines, the plot of a pool."""

from rowhouse.web.charts.bars import Bar
from rowhouse.web.charts.lines import Plot, sparkline

__all__ = ["Bar", "Plot", "sparkline"]
