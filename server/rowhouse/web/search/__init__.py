"""Search: by address, prefix, pod, node or container id."""

from rowhouse.web.search.page import search

__all__ = ["search"]
