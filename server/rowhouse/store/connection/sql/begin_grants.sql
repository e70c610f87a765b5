-- One migration at a time (the key is that of migrations/env.py), no long wait for a lock, and the names of the schema.
SELECT pg_catalog.set_config('lock_timeout', %(lock_timeout)s, true),
       pg_catalog.set_config('search_path', 'rowhouse, pg_temp', true),
       pg_catalog.pg_advisory_xact_lock(%(key)s)
