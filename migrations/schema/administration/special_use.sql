CREATE FUNCTION special_use(pool pools, wanted inet) RETURNS text
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = rowhouse, pg_temp
RETURN CASE
    -- It is refused for another reason.
    WHEN EXISTS (SELECT FROM rowhouse.reservations r WHERE r.network_id = (pool).network_id AND r.address = wanted)
         OR rowhouse.is_kept_out((pool).network_id, wanted) THEN NULL
    WHEN rowhouse.is_withheld((pool).network_id, wanted) AND NOT rowhouse.is_on_request((pool).network_id, wanted)
    THEN rowhouse.why_withheld((pool).network_id, wanted)
    WHEN wanted >= coalesce((pool).window_first, rowhouse.first_usable((pool).cidr))
         AND wanted <= coalesce((pool).window_last, rowhouse.last_usable((pool).cidr)) THEN NULL
    WHEN wanted < rowhouse.first_usable((pool).cidr) THEN 'the network address of pool ' || (pool).cidr
    WHEN wanted > rowhouse.last_usable((pool).cidr) AND family(wanted) = 4 THEN 'the broadcast address of pool ' || (pool).cidr
    WHEN wanted > rowhouse.last_usable((pool).cidr) THEN 'the last address of pool ' || (pool).cidr END;
COMMENT ON FUNCTION special_use(pools, inet) IS
    'What an address is for, if only force reserves it: a gateway, or the network or broadcast address of the pool; NULL: nothing special.';
