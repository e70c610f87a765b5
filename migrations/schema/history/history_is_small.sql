-- Whether pool_fill() and reports of usage read the whole history, instead of samples and sums.
CREATE FUNCTION history_is_small() RETURNS boolean
LANGUAGE sql STABLE
RETURN pg_relation_size('tenures') < 32 * 1024 * 1024;
COMMENT ON FUNCTION history_is_small() IS
    'Whether tenures is smaller than 32 MB: one pass over it is quick, so that every value of the past is exact.';
