"""What the controller of a cluster works on: its lease, its sandboxes, refused ADDs, the mirror."""
