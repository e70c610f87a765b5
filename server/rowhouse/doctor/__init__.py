"""`rowhouse doctor`: checks everything between a pod and its address, and gives a remedy for each problem.

A check is a function in a module of `checks/`. It reads `Surroundings`, yields `Finding`s and changes nothing.
`examine` runs all checks concurrently, each within a time limit, and returns the findings in a fixed order.
"""
