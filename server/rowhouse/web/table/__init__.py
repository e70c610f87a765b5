"""Tables that can be sorted, filtered, paged, selected from and exported.

A page describes its columns and where the rows come from; `table.html` shows it, `export.py` writes it as CSV or JSON.
The URL holds what is asked for, so a table can be bookmarked and shared.
"""

from rowhouse.web.table.columns import PERIOD, Bulk, Choice, Column, Field, RowAction, Table
from rowhouse.web.table.export import exported
from rowhouse.web.table.shown import Shown, shown
from rowhouse.web.table.sources import InMemory, Listed

__all__ = [
    "PERIOD",
    "Bulk",
    "Choice",
    "Column",
    "Field",
    "InMemory",
    "Listed",
    "RowAction",
    "Shown",
    "Table",
    "exported",
    "shown",
]
