"""``python -m rowhouse_cni``: one CNI call."""

from rowhouse_cni.plugin import main

main()
