-- Records refused ADDs for the controller, and events about them.
SELECT rowhouse.note_allocation_failures_v2(%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
