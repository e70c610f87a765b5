-- The time this many seconds ago, by the database's clock, and the ids of the last tenure and the last audit line.
SELECT clock_timestamp() - %(seconds)s::float8 * interval '1 second',
       coalesce((SELECT max(id) FROM rowhouse.tenures), 0), coalesce((SELECT max(id) FROM rowhouse.audit_log), 0)
