-- The moment so many seconds ago, by the clock of the database, and the last tenure.
SELECT clock_timestamp() - %(seconds)s::float8 * interval '1 second',
       coalesce((SELECT max(id) FROM rowhouse.tenures), 0)
