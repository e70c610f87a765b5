"""Search: by address, prefix, pod, node, container id, description or label."""

from rowhouse.web.search.page import search
from rowhouse.web.search.palette import palette

__all__ = ["palette", "search"]
