-- Allows one migration at a time (with the key of migrations/env.py), and sets lock timeout and search_path.
SELECT pg_catalog.set_config('lock_timeout', %(lock_timeout)s, true),
       pg_catalog.set_config('search_path', 'rowhouse, pg_temp', true),
       pg_catalog.pg_advisory_xact_lock(%(key)s)
