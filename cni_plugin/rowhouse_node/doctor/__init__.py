"""``rowhouse-node doctor``: what keeps the pods of this node from getting addresses, with the remedy for each.

It changes nothing, except that its STATUS, as every call of the plugin, sends DELs that wait in the spool. It needs
nothing but the standard library. ``rowhouse doctor`` shows its findings as
well where it runs in a node's pod; states and exit codes are the same.
"""
