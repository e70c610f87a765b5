-- The same for one transaction, but for what PgBouncer carries over and for the isolation level, which BEGIN sets.
SELECT pg_catalog.set_config('IntervalStyle', 'postgres', true),
       pg_catalog.set_config('extra_float_digits', '1', true),
       pg_catalog.set_config('search_path', 'pg_catalog, pg_temp', true)
