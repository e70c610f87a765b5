"""The lists of pools, networks, exclusions and quotas, and the tree of prefixes."""

from rowhouse.web.inventory import exclusions, networks, pools, quotas, tree_page

__all__ = ["exclusions", "networks", "pools", "quotas", "tree_page"]
