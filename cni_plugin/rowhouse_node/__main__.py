"""``python -m rowhouse_node``: the node daemon."""

from rowhouse_node.command import main

main()
