CREATE FUNCTION usable_addresses(pool pools) RETURNS numeric
LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    -- The difference of two addresses is a bigint, and exact where it is one; address_number() costs 20 times as much.
    SELECT coalesce(sum(CASE WHEN masklen(pool.cidr) >= CASE family(pool.cidr) WHEN 4 THEN 0 ELSE 66 END
                             THEN w.last_address - w.first_address
                             ELSE address_number(w.last_address) - address_number(w.first_address) END + 1), 0)
      FROM pool_window(pool) w;
END;
COMMENT ON FUNCTION usable_addresses(pools) IS 'How many addresses a pool may assign: its window without every known gateway.';
