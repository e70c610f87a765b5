"""A node: the sandboxes on it and their addresses."""

from rowhouse.web.node.page import node

__all__ = ["node"]
