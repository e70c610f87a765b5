"""Search: by address, prefix, pod, node, container id, description or label."""

from rowhouse.web.search.page import search

__all__ = ["search"]
