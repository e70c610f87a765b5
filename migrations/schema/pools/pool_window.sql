CREATE FUNCTION pool_window(pool pools)
RETURNS TABLE (first_address inet, last_address inet)
LANGUAGE sql STABLE
BEGIN ATOMIC
    -- What a pool may assign: its window, or else its usable addresses, without every known gateway.
    WITH bounds AS (
        SELECT coalesce(pool.window_first, first_usable(pool.cidr))::inet AS low,
               coalesce(pool.window_last, last_usable(pool.cidr))::inet AS high),
    holes AS (
        SELECT DISTINCT g.address::inet AS address FROM gateways g, bounds
         WHERE g.network_id = pool.network_id AND g.address BETWEEN bounds.low AND bounds.high),
    parts AS (
        SELECT CASE WHEN h.address IS NULL THEN bounds.low WHEN h.address < bounds.high THEN h.address + 1 END AS low,
               lead(h.address, 1) OVER (ORDER BY h.address NULLS FIRST) AS hole, bounds.high
          FROM bounds CROSS JOIN (SELECT NULL::inet AS address UNION ALL SELECT holes.address FROM holes) AS h)
    SELECT parts.low, CASE WHEN parts.hole IS NULL THEN parts.high ELSE parts.hole - 1 END
      FROM parts WHERE parts.low IS NOT NULL AND parts.low IS DISTINCT FROM parts.hole;
END;
COMMENT ON FUNCTION pool_window(pools) IS
    'The assignable segments of a pool, first to last: its window without known gateways. Exclusions are not subtracted.';
