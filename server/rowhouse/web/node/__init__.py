"""A node: what runs on it and which addresses that uses."""

from rowhouse.web.node.page import node

__all__ = ["node"]
