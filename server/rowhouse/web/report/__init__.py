"""The utilization report: addresses held over time, by group."""

from rowhouse.web.report import page

__all__ = ["page"]
