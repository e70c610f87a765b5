"""The audit log: who changed what."""

from rowhouse.web.audit import export, page

__all__ = ["export", "page"]
