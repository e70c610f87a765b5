-- Sets the actor of the transaction's changes, its lock timeout, and whether it may change addresses that running
-- sandboxes use.
SELECT rowhouse.act_as(%(actor)s, %(request_id)s), set_config('lock_timeout', %(lock_timeout)s, true),
       set_config('rowhouse.force', %(force)s, true)
