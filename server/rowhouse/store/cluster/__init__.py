"""The controller's data: leader election, sandboxes, allocation failures, the mirror."""
