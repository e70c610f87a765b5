"""The lists of pools, networks, exclusions, quotas and saved views, and the tree of prefixes."""

from rowhouse.web.inventory import exclusions, networks, pools, quotas, tree_page, views

__all__ = ["exclusions", "networks", "pools", "quotas", "tree_page", "views"]
