CREATE FUNCTION is_on_request(wanted_network integer, wanted inet) RETURNS boolean
LANGUAGE sql STABLE
RETURN coalesce((SELECT e.first <= wanted AND e.requests_only FROM rowhouse.exclusions e
                  WHERE e.network_id = wanted_network AND e.last >= wanted ORDER BY e.last LIMIT 1), false)
   AND NOT EXISTS (SELECT FROM rowhouse.gateways g WHERE g.network_id = wanted_network AND g.address = wanted);
COMMENT ON FUNCTION is_on_request(integer, inet) IS
    'Whether an address is excluded for requests only, so that a call that names it may take it. A gateway never is.';
