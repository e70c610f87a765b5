-- Changes a pool; no row if it was changed since it was read.
UPDATE rowhouse.pools
   SET name = %(name)s, gateway = %(gateway)s::inet, window_first = %(window_first)s::inet,
       window_last = %(window_last)s::inet, reuse_delay = %(reuse_delay)s * interval '1 second',
       labels = %(labels)s, description = %(description)s, drained = %(drained)s
 WHERE id = %(pool)s AND version = %(version)s
RETURNING id
