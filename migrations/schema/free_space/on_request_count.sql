CREATE FUNCTION on_request_count(wanted_network integer, run_first inet, run_last inet) RETURNS numeric
LANGUAGE sql STABLE
RETURN (SELECT coalesce(sum(
                   rowhouse.address_count(span.first, span.last)
                   - (SELECT count(*)
                        FROM (SELECT r.address FROM rowhouse.reservations r
                               WHERE r.network_id = wanted_network AND r.address BETWEEN span.first AND span.last
                               UNION
                              SELECT g.address FROM rowhouse.gateways g
                               WHERE g.network_id = wanted_network AND g.address BETWEEN span.first AND span.last
                               UNION
                              SELECT f.last FROM rowhouse.free_ranges f
                               WHERE f.network_id = wanted_network AND f.quarantined
                                 AND f.last BETWEEN span.first AND span.last) AS taken)), 0)
          FROM (SELECT greatest(e.first, run_first)::inet AS first, least(e.last, run_last)::inet AS last
                  FROM rowhouse.exclusions e
                 WHERE e.network_id = wanted_network AND e.requests_only AND e.last >= run_first AND e.first <= run_last
                OFFSET 0) AS span);
COMMENT ON FUNCTION on_request_count(integer, inet, inet) IS
    'How many addresses of a run only a call that names one can get now.';
