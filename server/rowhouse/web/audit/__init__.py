"""The audit log: changes and their actors."""

from rowhouse.web.audit import export, objects, page

__all__ = ["export", "objects", "page"]
