"""``rowhouse-node doctor``: what keeps the pods of this node from getting addresses, with the remedy for each.

It changes nothing, except that its STATUS, as every call of the plugin, sends DELs that wait in the spool. It uses
only the standard library. In a node's pod, ``rowhouse doctor`` shows these findings as
well; states and exit codes are the same.
"""
