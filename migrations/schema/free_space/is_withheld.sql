CREATE FUNCTION is_withheld(wanted_network integer, wanted inet) RETURNS boolean
LANGUAGE plpgsql STABLE AS $$
-- Every release calls this. (It does not call is_excluded(): starting an SQL function costs more than both look-ups.)
BEGIN
    RETURN coalesce((SELECT e.first FROM rowhouse.exclusions e
                      WHERE e.network_id = wanted_network AND e.last >= wanted ORDER BY e.last LIMIT 1) <= wanted, false)
        OR EXISTS (SELECT FROM rowhouse.gateways g WHERE g.network_id = wanted_network AND g.address = wanted);
END $$;
COMMENT ON FUNCTION is_withheld(integer, inet) IS 'Whether an address is never assigned: it is excluded, or a gateway.';
