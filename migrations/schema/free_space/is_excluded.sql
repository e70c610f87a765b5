CREATE FUNCTION is_excluded(wanted_network integer, wanted inet) RETURNS boolean
LANGUAGE sql STABLE
RETURN coalesce((SELECT e.first FROM rowhouse.exclusions e
                  WHERE e.network_id = wanted_network AND e.last >= wanted ORDER BY e.last LIMIT 1) <= wanted, false);
COMMENT ON FUNCTION is_excluded(integer, inet) IS 'Whether an address is excluded. Exclusions never overlap, so one look-up is enough.';
