-- Sets in whose name the transaction changes something, how long it waits for a lock, and whether it may touch
-- addresses in use by running sandboxes.
SELECT rowhouse.act_as(%(actor)s, %(request_id)s), set_config('lock_timeout', %(lock_timeout)s, true),
       set_config('rowhouse.force', %(force)s, true)
