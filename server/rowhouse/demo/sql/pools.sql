-- The pool, under the name of upstream's IPPool, and how full it is.
SELECT translate(pool::text, '/:', '--') AS ippool, pool, total, reserved, free, percent_used
  FROM rowhouse.pool_usage;
