-- The pool, by the name that upstream's IPPool has, and how full it is.
SELECT translate(pool::text, '/:', '--') AS ippool, pool, total, reserved, free, percent_used
  FROM rowhouse.pool_usage;
