"""Small pictures as SVG: fill bars, sparklines, the plot of a pool. No script draws them."""

from rowhouse.web.charts.bars import Bar
from rowhouse.web.charts.lines import Plot, sparkline

__all__ = ["Bar", "Plot", "sparkline"]
