"""The audit log: changes and their actors."""

from rowhouse.web.audit import export, page

__all__ = ["export", "page"]
