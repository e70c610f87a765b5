-- Programs that hold a lock on one of our tables, longest transaction first. Only members of pg_read_all_stats see the
-- names of other users' programs.
SELECT coalesce(nullif(a.application_name, ''), 'a client') || ' (pid ' || a.pid || ')' AS program
  FROM pg_stat_activity a
 WHERE a.datname = current_database() AND a.pid <> pg_backend_pid()
   AND EXISTS (SELECT FROM pg_locks l JOIN pg_class c ON c.oid = l.relation
                WHERE l.pid = a.pid AND l.granted AND c.relnamespace = to_regnamespace('rowhouse') AND c.relkind = 'r')
 ORDER BY a.xact_start NULLS LAST, a.pid
 LIMIT 3
