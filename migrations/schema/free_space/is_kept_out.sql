CREATE FUNCTION is_kept_out(wanted_network integer, wanted inet) RETURNS boolean
LANGUAGE sql STABLE
RETURN coalesce((SELECT e.first <= wanted AND NOT e.requests_only FROM rowhouse.exclusions e
                  WHERE e.network_id = wanted_network AND e.last >= wanted ORDER BY e.last LIMIT 1), false);
COMMENT ON FUNCTION is_kept_out(integer, inet) IS 'Whether an address is excluded, and not for requests only.';
