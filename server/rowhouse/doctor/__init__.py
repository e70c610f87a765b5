"""`rowhouse doctor`: checks of everything between a pod and its address, each with a remedy for what it finds.

A check is a function in a module of `checks/`. It reads what `Surroundings` gives it and yields `Finding`s; it
changes nothing. `examine` runs them all at once, each within a time limit, and returns the findings in one order.
"""
