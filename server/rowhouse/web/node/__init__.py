"""Nodes: what their agents report, the sandboxes on them and their addresses."""

from rowhouse.web.node.page import node, nodes

__all__ = ["node", "nodes"]
