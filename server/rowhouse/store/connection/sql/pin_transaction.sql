-- The same for one transaction, without settings that PgBouncer preserves or that BEGIN sets (the isolation level).
SELECT pg_catalog.set_config('IntervalStyle', 'postgres', true),
       pg_catalog.set_config('extra_float_digits', '1', true),
       pg_catalog.set_config('search_path', 'pg_catalog, pg_temp', true)
