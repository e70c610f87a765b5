-- Whether a controller holds the advisory lock of a cluster's leader.
WITH key AS (SELECT hashtextextended('rowhouse controller of ' || %(cluster)s, 0) AS value)
SELECT EXISTS (
    SELECT FROM pg_locks l, key
     WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 1
       AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
       AND (l.classid::bigint << 32 | l.objid::bigint) = key.value)
