-- Sets the settings that the code relies on for this session, regardless of ALTER DATABASE and ALTER ROLE. Returns
-- whether a new session would differ in one that PgBouncer does not preserve. If so, in transaction mode the next
-- transaction may run in a session without these values, so each transaction must set them itself.
SELECT EXISTS (
    SELECT FROM pg_catalog.pg_settings
     WHERE name = 'default_transaction_isolation' AND reset_val <> 'read committed'
        OR name = 'extra_float_digits' AND reset_val::pg_catalog.int4 < 1
        OR name = 'IntervalStyle' AND reset_val <> 'postgres')
  FROM (VALUES (pg_catalog.set_config('client_encoding', 'UTF8', false),
                pg_catalog.set_config('DateStyle', 'ISO, MDY', false),
                pg_catalog.set_config('IntervalStyle', 'postgres', false),
                pg_catalog.set_config('TimeZone', 'UTC', false),
                pg_catalog.set_config('extra_float_digits', '1', false),
                pg_catalog.set_config('default_transaction_isolation', 'read committed', false),
                pg_catalog.set_config('search_path', 'pg_catalog, pg_temp', false))) AS pinned
