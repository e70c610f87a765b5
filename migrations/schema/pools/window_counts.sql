CREATE FUNCTION window_counts(networks integer[], firsts inet[], lasts inet[], reserved bigint[] DEFAULT NULL)
RETURNS TABLE (ordinal bigint, total numeric, used bigint, quarantined bigint, excluded numeric, free numeric)
LANGUAGE sql STABLE SECURITY DEFINER ROWS 1000 SET search_path = rowhouse, pg_temp SET jit = off SET max_parallel_workers_per_gather = 0
BEGIN ATOMIC
    -- The one definition of what becomes of addresses that may be assigned: each is used, quarantined, excluded or free.
    -- Gateways may not be assigned. An excluded address that is reserved counts as used.
    -- reserved: how many reservations are in each window, where the caller has counted them already.
    --
    -- LATERAL and OFFSET 0: one index scan for each window. Left to itself PostgreSQL joins by network, and compares
    -- each window with everything in its network.
    WITH windows AS MATERIALIZED (
        SELECT w.ordinal, w.network_id, w.first, w.last, w.reserved, h.gateways
          FROM ROWS FROM (unnest(networks), unnest(firsts), unnest(lasts), unnest(reserved))
               WITH ORDINALITY AS w (network_id, first, last, reserved, ordinal)
         CROSS JOIN LATERAL (SELECT array_agg(DISTINCT g.address::inet) AS gateways FROM gateways g
                              WHERE g.network_id = w.network_id AND g.address BETWEEN w.first AND w.last) AS h),
    counts AS MATERIALIZED (
        SELECT w.ordinal,
               greatest(address_count(w.first, w.last) - coalesce(cardinality(w.gateways), 0), 0) AS total,
               coalesce(w.reserved, (SELECT count(*) FROM reservations r
                                      WHERE r.network_id = w.network_id AND r.address BETWEEN w.first AND w.last))
               - CASE WHEN w.gateways IS NULL THEN 0
                      ELSE (SELECT count(*) FROM reservations r
                             WHERE r.network_id = w.network_id AND r.address = ANY (w.gateways)) END AS used,
               -- (A quarantined run is one address.)
               (SELECT count(*) FROM free_ranges f
                 WHERE f.network_id = w.network_id AND f.quarantined AND f.last BETWEEN w.first AND w.last
                   AND NOT is_withheld(f.network_id, f.first)) AS quarantined,
               e.addresses AS excluded
          FROM windows w
         CROSS JOIN LATERAL (
               SELECT coalesce(sum(
                          address_count(span.first, span.last)
                          - (SELECT count(*) FROM unnest(w.gateways) AS g (address)
                              WHERE g.address BETWEEN span.first AND span.last)
                          - (SELECT count(*) FROM reservations r
                              WHERE r.network_id = w.network_id AND r.address BETWEEN span.first AND span.last
                                AND (w.gateways IS NULL OR r.address <> ALL (w.gateways)))), 0) AS addresses
                 FROM (SELECT greatest(x.first, w.first)::inet AS first, least(x.last, w.last)::inet AS last
                         FROM exclusions x
                        -- The last exclusion that can overlap the window is the first one that ends after it.
                        WHERE x.network_id = w.network_id AND x.first <= w.last AND x.last >= w.first
                          AND x.last <= coalesce((SELECT min(y.last) FROM exclusions y
                                                   WHERE y.network_id = w.network_id AND y.last >= w.last), w.last)
                       OFFSET 0) AS span) AS e)
    SELECT c.ordinal, c.total, c.used, c.quarantined, c.excluded,
           greatest(c.total - c.used - c.quarantined - c.excluded, 0)
      FROM counts c;
END;
COMMENT ON FUNCTION window_counts(integer[], inet[], inet[], bigint[]) IS
    'Counts the addresses of windows (first to last inclusive, each in a network): total, used, quarantined, excluded, free. pool_counts() and the address map use it.';
