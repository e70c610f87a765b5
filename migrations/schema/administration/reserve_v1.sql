-- Errors: pool_exhausted, address_taken, address_outside_ranges, not_found, in_the_way.

CREATE FUNCTION reserve_v1(
    actor text, request_id text, wanted_pool integer, wanted inet[], how_many integer,
    kind owner_kind, cluster text, namespace text, name text, interface text, ttl interval, why text,
    force boolean DEFAULT false)
RETURNS TABLE (network_id integer, address inet)
LANGUAGE sql SECURITY DEFINER
SET search_path = rowhouse, pg_temp
AS $$
    SELECT * FROM reserve_v2($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
$$;
COMMENT ON FUNCTION reserve_v1 IS 'Reserves addresses manually, as reserve_v2: for servers of the release before it.';
