-- What `rowhouse doctor` shows of a database.
SELECT current_setting('server_version'), current_setting('server_version_num')::int / 10000,
       pg_encoding_to_char(d.encoding), pg_is_in_recovery(), current_database()::text, current_user::text,
       r.rolsuper, extract(epoch FROM clock_timestamp())::float8
  FROM pg_database d, pg_roles r WHERE d.datname = current_database() AND r.rolname = current_user
