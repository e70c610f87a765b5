"""The node daemon: installs the CNI plugin on a host, keeps its settings up to date, and uninstalls it.

Standard library and rowhouse_cni only. docs/reference/node.md is its reference.
"""
