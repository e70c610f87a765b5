CREATE FUNCTION why_withheld(wanted_network integer, wanted inet) RETURNS text
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = rowhouse, pg_temp
RETURN coalesce(
    (SELECT concat('excluded: ', host(e.first), '-', host(e.last), ' is kept out of use', ': ' || nullif(e.reason, ''))
       FROM rowhouse.exclusions e
      WHERE e.network_id = wanted_network AND e.last >= wanted AND e.first <= wanted AND NOT e.requests_only
      ORDER BY e.last LIMIT 1),
    (SELECT concat('the gateway of ', string_agg(DISTINCT CASE WHEN g.cni_network IS NULL THEN concat('pool ', p.cidr)
                                                               ELSE concat('CNI network "', g.cni_network, '"') END, ', '))
       FROM rowhouse.gateways g JOIN rowhouse.pools p ON p.id = g.pool_id
      WHERE g.network_id = wanted_network AND g.address = wanted HAVING count(*) > 0),
    (SELECT concat('in ', host(e.first), '-', host(e.last), ', which is for requests only', ': ' || nullif(e.reason, ''))
       FROM rowhouse.exclusions e
      WHERE e.network_id = wanted_network AND e.last >= wanted AND e.first <= wanted ORDER BY e.last LIMIT 1));
COMMENT ON FUNCTION why_withheld(integer, inet) IS 'The reason, as text, why an address is not assigned automatically; NULL: there is none.';
