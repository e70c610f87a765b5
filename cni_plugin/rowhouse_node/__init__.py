"""The node daemon: puts the CNI plugin on a host, keeps it supplied, and takes it back.

Standard library and rowhouse_cni only. docs/reference/node.md is its reference.
"""
